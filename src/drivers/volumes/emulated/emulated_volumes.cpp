// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/emulated/emulated_volumes.h"

#include "domain/ids.h"

#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr int64_t max_size_gib = 16 * 1024;

Result<void> check_id(std::string_view prefix, const std::string& id) {
    if (domain::is_well_formed_id(prefix, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not an id of the form {}…", id, prefix));
}

} // namespace

EmulatedVolumes::EmulatedVolumes(EmulatedVolumesOptions options) : options_(options) {}

Result<void> EmulatedVolumes::recover() {
    return {};
}

Result<void> EmulatedVolumes::import_snapshot(const std::string& snapshot_id, const std::string&) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    snapshots_.emplace(snapshot_id, false);
    return {};
}

Result<void> EmulatedVolumes::create(const std::string& volume_id, int64_t size_gib) {
    return make(volume_id, {size_gib, ""});
}

Result<void> EmulatedVolumes::clone(const std::string& volume_id,
                                    const std::string& snapshot_id,
                                    int64_t size_gib) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    return make(volume_id, {size_gib, snapshot_id});
}

Result<void> EmulatedVolumes::make(const std::string& volume_id, const Volume& volume) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    if (volume.size_gib < 1 || volume.size_gib > max_size_gib)
        return fail(errors::invalid,
                    fmt::format("a volume of {} GiB cannot be made", volume.size_gib));
    const std::lock_guard lock(mutex_);
    if (options_.strict && !volume.snapshot_id.empty()) {
        const auto snapshot = snapshots_.find(volume.snapshot_id);
        if (snapshot == snapshots_.end() || snapshot->second)
            return fail(errors::not_found,
                        fmt::format("there is no snapshot {}", volume.snapshot_id));
    }
    volumes_.emplace(volume_id, volume);
    return {};
}

Result<DiskChain> EmulatedVolumes::open(const std::string& volume_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end() && options_.strict)
        return fail(errors::not_found, fmt::format("there is no volume {}", volume_id));
    DiskChain chain{volume_id, {{"emulated/" + volume_id, "qcow2", false}}};
    if (volume != volumes_.end() && !volume->second.snapshot_id.empty())
        chain.layers.push_back({"emulated/" + volume->second.snapshot_id, "qcow2", true});
    return chain;
}

Result<void> EmulatedVolumes::remove(const std::string& volume_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    const std::lock_guard lock(mutex_);
    volumes_.erase(volume_id);
    return {};
}

Result<void> EmulatedVolumes::remove_snapshot(const std::string& snapshot_id) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    const auto snapshot = snapshots_.find(snapshot_id);
    if (snapshot != snapshots_.end())
        snapshot->second = true;
    return {};
}

Result<std::vector<VolumeObservation>> EmulatedVolumes::observe() {
    const std::lock_guard lock(mutex_);
    std::vector<VolumeObservation> observations;
    for (const auto& [id, volume] : volumes_)
        observations.push_back({id, volume.size_gib, 0});
    return observations;
}

} // namespace pileus::drivers
