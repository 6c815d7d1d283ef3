// SPDX-License-Identifier: Apache-2.0
// What there is, what it takes, and what should not be there.
#include "base/file.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "drivers/volumes/qcow2/volume_rules.h"

namespace pileus::drivers {

Result<std::vector<VolumeObservation>> Qcow2Volumes::observe() {
    std::map<std::string, VolumeRecord> volumes;
    {
        const std::lock_guard lock(mutex_);
        volumes = volumes_;
    }
    std::vector<VolumeObservation> observations;
    for (const auto& [id, volume] : volumes)
        observations.push_back({id,
                                gib_of(layers_.virtual_bytes(volume.layer)),
                                allocated_bytes(layers_.path(volume.layer)),
                                static_cast<int>(layers_.names_below(volume.layer).size()),
                                layers_.is_encrypted(volume.layer)});
    return observations;
}

Result<std::vector<SnapshotObservation>> Qcow2Volumes::observe_snapshots() {
    std::map<std::string, SnapshotRecord> snapshots;
    {
        const std::lock_guard lock(mutex_);
        snapshots = snapshots_;
    }
    std::map<std::string, int64_t> bytes; // many snapshots stand on the same layers
    std::vector<SnapshotObservation> observations;
    for (const auto& [id, snapshot] : snapshots)
        observations.push_back(observe_one(id, snapshot, bytes));
    return observations;
}

Result<SnapshotObservation> Qcow2Volumes::observe_snapshot(const std::string& snapshot_id) {
    const auto snapshot = find_snapshot(snapshot_id);
    if (!snapshot)
        return fail(errors::not_found, "there is no snapshot " + snapshot_id);
    std::map<std::string, int64_t> bytes;
    return observe_one(snapshot_id, *snapshot, bytes);
}

SnapshotObservation Qcow2Volumes::observe_one(const std::string& id,
                                              const SnapshotRecord& snapshot,
                                              std::map<std::string, int64_t>& bytes) const {
    SnapshotObservation seen{id,
                             gib_of(layers_.virtual_bytes(snapshot.layer)),
                             0,
                             0,
                             layers_.is_encrypted(snapshot.layer)};
    bool alone = true;
    for (const auto& name : layers_.names_below(snapshot.layer)) {
        const auto [known, is_new] = bytes.try_emplace(name, 0);
        if (is_new)
            known->second = allocated_bytes(layers_.path(name));
        alone = alone && layers_.holders(name) == 1;
        seen.full_bytes += known->second;
        seen.exclusive_bytes += alone ? known->second : 0;
    }
    return seen;
}

Result<std::vector<std::string>> Qcow2Volumes::check() {
    std::vector<std::string> findings = layers_.check();
    std::map<std::filesystem::path, bool> known;
    for (const auto& [name, layer] : layers_.view()) {
        known[layers_.path(name)] = true;
        known[options_.state_folder / "layers" / (name + ".json")] = true;
    }
    const auto check_record = [&](const std::filesystem::path& path, const std::string& layer) {
        known[path] = true;
        if (!layer.empty() && !layers_.contains(layer))
            findings.push_back(
                fmt::format("{} names the layer {}, which is gone", path.string(), layer));
    };
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, volume] : volumes_) {
            check_record(volume_path(id), volume.layer);
            check_record(volume_path(id), volume.next);
        }
        for (const auto& [id, snapshot] : snapshots_)
            check_record(snapshot_path(id), snapshot.layer);
    }
    for (const auto& folder :
         {options_.state_folder / "layers", volumes_folder_, snapshots_folder_}) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder, error))
            if (!known.contains(entry.path()))
                findings.push_back(fmt::format("{} belongs to nothing", entry.path().string()));
        if (error)
            findings.push_back(fmt::format("cannot read {}: {}", folder.string(), error.message()));
    }
    return findings;
}

} // namespace pileus::drivers
