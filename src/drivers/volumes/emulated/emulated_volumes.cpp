// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/emulated/emulated_volumes.h"

#include "base/file.h"
#include "domain/ids.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr int64_t max_size_gib = 16 * 1024;
constexpr int64_t bytes_per_gib = int64_t{1} << 30;

Result<void> check_id(std::string_view prefix, const std::string& id) {
    if (domain::is_well_formed_id(prefix, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not an id of the form {}…", id, prefix));
}

Result<void> check_size(int64_t size_gib) {
    if (size_gib >= 1 && size_gib <= max_size_gib)
        return {};
    return fail(errors::invalid, fmt::format("a volume of {} GiB cannot be made", size_gib));
}

template <size_t N>
Result<void> check_format(const std::string& format, const std::array<std::string_view, N>& known) {
    if (std::find(known.begin(), known.end(), format) != known.end())
        return {};
    return fail(errors::invalid, fmt::format("'{}' is no format of a disk here", format));
}

tl::unexpected<Error> busy_with_snapshot(const std::string& id, const std::string& snapshot_id) {
    return fail(errors::unavailable,
                fmt::format("the snapshot {} of {} is being taken", snapshot_id, id));
}

tl::unexpected<Error> asked_to_stop() {
    return fail(errors::unavailable, "it was asked to stop");
}

} // namespace

EmulatedVolumes::EmulatedVolumes(EmulatedVolumesOptions options) : options_(options) {}

Result<void> EmulatedVolumes::recover() {
    return {};
}

Result<void> EmulatedVolumes::import_snapshot(const std::string& snapshot_id, const std::string&) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    if (!snapshots_.contains(snapshot_id))
        snapshots_[snapshot_id] = {1, false, add_layer(snapshot_id, {})};
    return {};
}

Result<void> EmulatedVolumes::import_foreign(const std::string& snapshot_id,
                                             const DiskImport& source,
                                             bool encrypted,
                                             const Progress& progress) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    constexpr std::array<std::string_view, 4> formats = {"qcow2", "raw", "vmdk", "ova"};
    PILEUS_TRY(check_format(source.format, formats));
    std::error_code error;
    const auto bytes = std::filesystem::file_size(source.path, error);
    if (error || bytes == 0)
        return fail(errors::invalid,
                    fmt::format("The disk image {} cannot be used: {}",
                                source.path,
                                error ? error.message() : "it is empty"));
    if (!progress(50))
        return asked_to_stop();
    const std::lock_guard lock(mutex_);
    if (snapshots_.contains(snapshot_id))
        return {};
    const auto size_gib = static_cast<int64_t>((bytes - 1) / bytes_per_gib + 1);
    PILEUS_TRY(check_size(size_gib));
    const Layer layer{"", static_cast<int64_t>(bytes), encrypted};
    snapshots_[snapshot_id] = {size_gib, encrypted, add_layer(snapshot_id, layer)};
    return {};
}

Result<void> EmulatedVolumes::export_snapshot(const std::string& snapshot_id,
                                              const std::string& path,
                                              const std::string& format,
                                              const Progress& progress) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    constexpr std::array<std::string_view, 4> formats = {"qcow2", "raw", "vmdk", "vhd"};
    PILEUS_TRY(check_format(format, formats));
    {
        const std::lock_guard lock(mutex_);
        PILEUS_TRY(find_snapshot(snapshot_id));
    }
    if (!progress(50))
        return asked_to_stop();
    return write_file_durably(path, fmt::format("{} emulated as {}\n", snapshot_id, format));
}

Result<void> EmulatedVolumes::create(const std::string& volume_id, const VolumeSpec& spec) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    PILEUS_TRY(check_size(spec.size_gib));
    const std::lock_guard lock(mutex_);
    if (volumes_.contains(volume_id))
        return {};
    Layer layer{"", 0, spec.encrypted};
    if (!spec.snapshot_id.empty()) {
        PILEUS_TRY(check_id(domain::prefix::snapshot, spec.snapshot_id));
        PILEUS_ASSIGN(const Snapshot* snapshot, find_snapshot(spec.snapshot_id));
        if (snapshot->size_gib > spec.size_gib)
            return fail(errors::invalid,
                        fmt::format("a volume of {} GiB is smaller than its snapshot {} of {} GiB",
                                    spec.size_gib,
                                    spec.snapshot_id,
                                    snapshot->size_gib));
        layer.below = snapshot->layer;
        layer.encrypted |= snapshot->encrypted;
    }
    volumes_[volume_id] = {spec.size_gib, layer.encrypted, add_layer(volume_id, layer), "", ""};
    return {};
}

Result<DiskChain> EmulatedVolumes::open(const std::string& volume_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const Volume* volume, find_volume(volume_id));
    if (!volume->next.empty())
        return busy_with_snapshot(volume_id, volume->next_snapshot);
    DiskChain chain{volume_id, {}, volume->size_gib};
    for (std::string path = volume->layer; !path.empty(); path = layers_.at(path).below)
        chain.layers.push_back({path,
                                "qcow2",
                                !chain.layers.empty(),
                                layers_.at(path).encrypted ? "secret of " + path : ""});
    return chain;
}

Result<void> EmulatedVolumes::grow(const std::string& volume_id, int64_t size_gib) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    PILEUS_TRY(check_size(size_gib));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(Volume * volume, find_volume(volume_id));
    if (size_gib <= volume->size_gib)
        return {};
    if (!volume->next.empty())
        return busy_with_snapshot(volume_id, volume->next_snapshot);
    volume->size_gib = size_gib;
    return {};
}

Result<void> EmulatedVolumes::remove(const std::string& volume_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end())
        return {};
    if (!volume->second.next.empty())
        PILEUS_TRY(name_layer(volume_id, volume->second));
    volumes_.erase(volume);
    drop_unused_layers();
    return {};
}

Result<LayerSwitch> EmulatedVolumes::begin_snapshot(const std::string& volume_id,
                                                    const std::string& snapshot_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(Volume * volume, find_volume(volume_id));
    if (!volume->next.empty() && volume->next_snapshot != snapshot_id)
        return fail(errors::unavailable,
                    fmt::format("another snapshot, {}, of {} is being taken",
                                volume->next_snapshot,
                                volume_id));
    if (snapshots_.contains(snapshot_id))
        return fail(errors::invalid, fmt::format("the snapshot {} is there already", snapshot_id));
    if (volume->next.empty()) {
        volume->next = add_layer(volume_id, {volume->layer, 0, volume->encrypted});
        volume->next_snapshot = snapshot_id;
    }
    return describe_switch(volume_id, *volume);
}

Result<void> EmulatedVolumes::complete_snapshot(const std::string& volume_id,
                                                const std::string& snapshot_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    if (snapshots_.contains(snapshot_id))
        return {};
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end() || volume->second.next_snapshot != snapshot_id)
        return fail(errors::not_found,
                    fmt::format("no snapshot {} of {} is being taken", snapshot_id, volume_id));
    return name_layer(volume_id, volume->second);
}

Result<void> EmulatedVolumes::cancel_snapshot(const std::string& volume_id,
                                              const std::string& snapshot_id) {
    PILEUS_TRY(check_id(domain::prefix::volume, volume_id));
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    if (snapshots_.contains(snapshot_id))
        return fail(errors::invalid, fmt::format("the snapshot {} has been taken", snapshot_id));
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end() || volume->second.next_snapshot != snapshot_id)
        return {};
    volume->second.next.clear();
    volume->second.next_snapshot.clear();
    drop_unused_layers();
    return {};
}

std::optional<LayerSwitch> EmulatedVolumes::pending_switch(const std::string& volume_id) {
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end() || volume->second.next.empty())
        return std::nullopt;
    return describe_switch(volume_id, volume->second);
}

Result<void> EmulatedVolumes::copy_snapshot(const std::string& snapshot_id,
                                            const std::string& from_snapshot_id,
                                            bool encrypted,
                                            const Progress& progress) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    PILEUS_TRY(check_id(domain::prefix::snapshot, from_snapshot_id));
    const std::lock_guard lock(mutex_);
    if (snapshots_.contains(snapshot_id))
        return {};
    PILEUS_ASSIGN(const Snapshot* from, find_snapshot(from_snapshot_id));
    if (from->encrypted == encrypted) {
        snapshots_[snapshot_id] = *from;
        return {};
    }
    if (!encrypted)
        return fail(errors::invalid,
                    fmt::format("the copy of {} is encrypted, as it is", from_snapshot_id));
    if (!progress(50))
        return asked_to_stop();
    Layer copy{"", 0, true};
    for (std::string path = from->layer; !path.empty(); path = layers_.at(path).below)
        copy.allocated_bytes += layers_.at(path).allocated_bytes;
    snapshots_[snapshot_id] = {from->size_gib, true, add_layer(snapshot_id, copy)};
    return {};
}

bool EmulatedVolumes::has_snapshot(const std::string& snapshot_id) {
    const std::lock_guard lock(mutex_);
    return snapshots_.contains(snapshot_id);
}

Result<void> EmulatedVolumes::remove_snapshot(const std::string& snapshot_id) {
    PILEUS_TRY(check_id(domain::prefix::snapshot, snapshot_id));
    const std::lock_guard lock(mutex_);
    snapshots_.erase(snapshot_id);
    drop_unused_layers();
    return {};
}

void EmulatedVolumes::write(const std::string& volume_id, int64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (const auto volume = volumes_.find(volume_id); volume != volumes_.end())
        layers_.at(volume->second.layer).allocated_bytes += bytes;
}

} // namespace pileus::drivers
