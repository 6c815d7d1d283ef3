// SPDX-License-Identifier: Apache-2.0
// The tree of layers under the emulated volumes: who stands on what, and what can go.
#include "drivers/volumes/emulated/emulated_volumes.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace pileus::drivers {

Result<EmulatedVolumes::Volume*> EmulatedVolumes::find_volume(const std::string& id) {
    const auto found = volumes_.find(id);
    if (found != volumes_.end())
        return &found->second;
    if (options_.strict)
        return fail(errors::not_found, fmt::format("there is no volume {}", id));
    return &(volumes_[id] = {1, false, add_layer(id, {}), "", ""});
}

Result<EmulatedVolumes::Snapshot*> EmulatedVolumes::find_snapshot(const std::string& id) {
    const auto found = snapshots_.find(id);
    if (found != snapshots_.end())
        return &found->second;
    if (options_.strict)
        return fail(errors::not_found, fmt::format("there is no snapshot {}", id));
    return &(snapshots_[id] = {1, false, add_layer(id, {})});
}

std::string EmulatedVolumes::add_layer(const std::string& name, Layer layer) {
    const auto path = fmt::format("emulated/{}.{}", name, ++layers_made_);
    layers_[path] = std::move(layer);
    return path;
}

LayerSwitch EmulatedVolumes::describe_switch(const std::string& volume_id,
                                             const Volume& volume) const {
    const auto secret = volume.encrypted ? "secret of " + volume.next : "";
    return {volume_id, volume.layer, {volume.next, "qcow2", false, secret}, volume.next_snapshot};
}

Result<void> EmulatedVolumes::name_layer(const std::string&, Volume& volume) {
    snapshots_[volume.next_snapshot] = {volume.size_gib, volume.encrypted, volume.layer};
    volume.layer = std::exchange(volume.next, "");
    volume.next_snapshot.clear();
    return {};
}

std::map<std::string, int> EmulatedVolumes::count_users() const {
    std::map<std::string, int> users;
    for (const auto& [id, volume] : volumes_) {
        ++users[volume.layer];
        if (!volume.next.empty())
            ++users[volume.next];
    }
    for (const auto& [id, snapshot] : snapshots_)
        ++users[snapshot.layer];
    for (const auto& [path, layer] : layers_)
        if (!layer.below.empty())
            ++users[layer.below];
    return users;
}

void EmulatedVolumes::drop_unused_layers() {
    const auto used_by_nobody = [this] {
        const auto users = count_users();
        return std::find_if(layers_.begin(), layers_.end(), [&](const auto& each) {
            return !users.contains(each.first);
        });
    };
    for (auto layer = used_by_nobody(); layer != layers_.end(); layer = used_by_nobody())
        layers_.erase(layer);
}

Result<std::vector<std::string>> EmulatedVolumes::merge_layers() {
    const std::lock_guard lock(mutex_);
    const auto users = count_users();
    for (auto& [path, layer] : layers_) {
        const auto below = layers_.find(layer.below);
        const auto is_this = [&](const auto& each) { return each.second.layer == path; };
        const bool written = std::any_of(volumes_.begin(), volumes_.end(), is_this);
        // Only this layer stands on the one below, so their union frees what both hold.
        if (written || below == layers_.end() || users.at(layer.below) != 1 ||
            below->second.encrypted != layer.encrypted)
            continue;
        layer.allocated_bytes += below->second.allocated_bytes;
        layer.below = below->second.below;
        layers_.erase(below);
        std::vector<std::string> changed;
        for (const auto& [id, volume] : volumes_)
            for (std::string at = volume.layer; !at.empty(); at = layers_.at(at).below)
                if (at == path)
                    changed.push_back(id);
        return changed;
    }
    return std::vector<std::string>{};
}

Result<std::vector<VolumeObservation>> EmulatedVolumes::observe() {
    const std::lock_guard lock(mutex_);
    std::vector<VolumeObservation> observations;
    for (const auto& [id, volume] : volumes_) {
        VolumeObservation seen{
            id, volume.size_gib, layers_.at(volume.layer).allocated_bytes, 0, volume.encrypted};
        for (std::string path = volume.layer; !path.empty(); path = layers_.at(path).below)
            ++seen.depth;
        observations.push_back(std::move(seen));
    }
    return observations;
}

Result<std::vector<SnapshotObservation>> EmulatedVolumes::observe_snapshots() {
    const std::lock_guard lock(mutex_);
    const auto users = count_users();
    std::vector<SnapshotObservation> observations;
    for (const auto& [id, snapshot] : snapshots_)
        observations.push_back(observe_one(id, snapshot, users));
    return observations;
}

Result<SnapshotObservation> EmulatedVolumes::observe_snapshot(const std::string& snapshot_id) {
    const std::lock_guard lock(mutex_);
    const auto found = snapshots_.find(snapshot_id);
    if (found == snapshots_.end())
        return fail(errors::not_found, "there is no snapshot " + snapshot_id);
    return observe_one(snapshot_id, found->second, count_users());
}

SnapshotObservation EmulatedVolumes::observe_one(const std::string& id,
                                                 const Snapshot& snapshot,
                                                 const std::map<std::string, int>& users) const {
    SnapshotObservation seen{id, snapshot.size_gib, 0, 0, snapshot.encrypted};
    bool alone = true;
    for (std::string path = snapshot.layer; !path.empty(); path = layers_.at(path).below) {
        alone = alone && users.at(path) == 1;
        seen.full_bytes += layers_.at(path).allocated_bytes;
        if (alone)
            seen.exclusive_bytes += layers_.at(path).allocated_bytes;
    }
    return seen;
}

Result<std::vector<std::string>> EmulatedVolumes::check() {
    const std::lock_guard lock(mutex_);
    const auto users = count_users();
    std::vector<std::string> findings;
    for (const auto& [path, layer] : layers_)
        if (!users.contains(path))
            findings.push_back(fmt::format("the layer {} belongs to nothing", path));
    return findings;
}

} // namespace pileus::drivers
