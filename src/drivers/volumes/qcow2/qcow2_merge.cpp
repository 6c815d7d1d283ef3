// SPDX-License-Identifier: Apache-2.0
// Joining layers. The new layer holds the same as the topmost of those that it replaces, so whoever
// stands on that one can be moved over one by one, and a crash in between leaves nothing wrong.
#include "base/file.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/layer_merge.h"
#include "drivers/volumes/qcow2/open_chain.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "drivers/volumes/qcow2/volume_rules.h"

#include <algorithm>

namespace pileus::drivers {

Result<std::vector<std::string>> Qcow2Volumes::merge_layers() {
    while (true) {
        const auto window = choose_merge(describe_layers(), options_.max_depth);
        if (window.empty())
            return std::vector<std::string>{};
        PILEUS_ASSIGN(const auto merged, merge(window));
        auto changed = volumes_on(merged);
        PILEUS_TRY(layers_.release(merged)); // whoever stands on it holds it
        if (!changed.empty())
            return changed;
    }
}

std::map<std::string, MergeLayer> Qcow2Volumes::describe_layers() {
    std::map<std::string, MergeLayer> layers;
    for (const auto& [name, layer] : layers_.view())
        layers[name] = {
            layer.record.below, layer.holders, false, false, allocated_bytes(layers_.path(name))};
    const std::lock_guard lock(mutex_);
    for (const auto& [id, volume] : volumes_) {
        layers[volume.layer].is_written = true;
        if (volume.is_switching())
            layers[volume.next].is_written = true;
    }
    for (const auto& [id, snapshot] : snapshots_)
        layers[snapshot.layer].is_named = true;
    return layers;
}

// Returns the new layer, held once.
Result<std::string> Qcow2Volumes::merge(const std::vector<std::string>& window) {
    const auto& top = window.front();
    layers_.hold(top); // and by that, all below
    const auto join = [&]() -> Result<std::string> {
        const auto below = layers_.names_below(window.back());
        const bool encrypted = std::any_of(window.begin(), window.end(), [&](const auto& name) {
            return layers_.is_encrypted(name);
        });
        PILEUS_ASSIGN(auto merged,
                      layers_.make(below.size() > 1 ? below[1] : "",
                                   layers_.virtual_bytes(window.back()),
                                   encrypted));
        auto done = fill_merged(window, merged);
        if (done)
            done = use_merged(top, merged);
        if (!done) {
            PILEUS_TRY(layers_.release(merged));
            return fail(done.error());
        }
        return merged;
    };
    auto merged = join();
    PILEUS_TRY(layers_.release(top));
    return merged;
}

Result<void> Qcow2Volumes::fill_merged(const std::vector<std::string>& window,
                                       const std::string& merged) {
    PILEUS_ASSIGN(const auto target, OpenChain::open_writable(layers_, merged));
    std::vector<OpenChain> sources;
    CopyPlan plan;
    for (auto name = window.rbegin(); name != window.rend(); ++name) {
        PILEUS_ASSIGN(auto source, OpenChain::open(layers_, *name));
        const int64_t bytes = name == window.rbegin() ? 0 : layers_.virtual_bytes(*name);
        plan.sources.push_back({source.files(), true, bytes});
        sources.push_back(std::move(source));
    }
    plan.target = target.files();
    plan.file_limit_bytes = file_limit_of(layers_.virtual_bytes(window.front()));
    PILEUS_TRY(copy_.run(plan, [](int) { return true; }));
    PILEUS_TRY(target.sync());
    PILEUS_TRY(make_read_only(layers_.path(merged)));
    return layers_.set_virtual_bytes(merged, layers_.virtual_bytes(window.front()));
}

Result<void> Qcow2Volumes::use_merged(const std::string& old_layer, const std::string& merged) {
    PILEUS_TRY(layers_.move_standing_on(old_layer, merged));
    std::vector<std::string> named;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, snapshot] : snapshots_)
            if (snapshot.layer == old_layer)
                named.push_back(id);
    }
    for (const auto& id : named)
        PILEUS_TRY(rename_snapshot_layer(id, old_layer, merged));
    return {};
}

// Held all the while, since the snapshot's owner may remove it meanwhile.
Result<void> Qcow2Volumes::rename_snapshot_layer(const std::string& snapshot_id,
                                                 const std::string& old_layer,
                                                 const std::string& new_layer) {
    {
        const std::lock_guard lock(mutex_);
        const auto snapshot = snapshots_.find(snapshot_id);
        if (snapshot == snapshots_.end() || snapshot->second.layer != old_layer)
            return {};
        const SnapshotRecord record{new_layer};
        PILEUS_TRY(write_file_durably(snapshot_path(snapshot_id), to_text(record)));
        layers_.hold(new_layer);
        snapshot->second = record;
    }
    return layers_.release(old_layer);
}

std::vector<std::string> Qcow2Volumes::volumes_on(const std::string& layer) {
    std::map<std::string, VolumeRecord> volumes;
    {
        const std::lock_guard lock(mutex_);
        volumes = volumes_;
    }
    std::vector<std::string> ids;
    for (const auto& [id, volume] : volumes) {
        const auto names = layers_.names_below(volume.layer);
        if (std::find(names.begin(), names.end(), layer) != names.end())
            ids.push_back(id);
    }
    return ids;
}

} // namespace pileus::drivers
