// SPDX-License-Identifier: Apache-2.0
// The verbs on volumes, and what is read back after a crash.
#include "drivers/volumes/qcow2/qcow2_volumes.h"

#include "base/file.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/state_folder.h"
#include "drivers/volumes/qcow2/takeover.h"
#include "drivers/volumes/qcow2/volume_rules.h"

namespace pileus::drivers {

Qcow2Volumes::Qcow2Volumes(Qcow2VolumesOptions options, ProcessRunner& runner, Random& random)
    : options_(std::move(options)), volumes_folder_(options_.state_folder / "volumes"),
      snapshots_folder_(options_.state_folder / "snapshots"),
      layers_(options_.state_folder, random), copy_(options_.copy, runner) {}

std::filesystem::path Qcow2Volumes::volume_path(const std::string& id) const {
    return volumes_folder_ / (id + ".json");
}

std::filesystem::path Qcow2Volumes::snapshot_path(const std::string& id) const {
    return snapshots_folder_ / (id + ".json");
}

Result<void> Qcow2Volumes::recover() {
    for (const auto& folder :
         {options_.state_folder / "layers", volumes_folder_, snapshots_folder_}) {
        PILEUS_TRY(make_directories(folder));
        PILEUS_TRY(remove_unfinished(folder));
    }
    PILEUS_TRY(take_over_old_folder(options_.state_folder, layers_));
    PILEUS_ASSIGN(const bool all_layers, layers_.load());
    PILEUS_ASSIGN(const bool all_volumes, load_volumes());
    PILEUS_ASSIGN(const bool all_snapshots, load_snapshots());
    PILEUS_TRY(finish_completed_switches());
    // What a record that cannot be read holds on to is not known; so nothing is thrown away then.
    if (all_layers && all_volumes && all_snapshots)
        return layers_.drop_unheld();
    return {};
}

Result<bool> Qcow2Volumes::load_volumes() {
    PILEUS_ASSIGN(const auto ids, list_names(volumes_folder_, ".json"));
    const std::lock_guard lock(mutex_);
    volumes_.clear();
    bool all_read = true;
    for (const auto& id : ids) {
        const auto record = read_record(volume_path(id), parse_volume_record);
        all_read = all_read && record;
        if (!record)
            continue;
        layers_.hold(record->layer);
        if (record->is_switching())
            layers_.hold(record->next);
        volumes_[id] = *record;
    }
    return all_read;
}

Result<bool> Qcow2Volumes::load_snapshots() {
    PILEUS_ASSIGN(const auto ids, list_names(snapshots_folder_, ".json"));
    const std::lock_guard lock(mutex_);
    snapshots_.clear();
    bool all_read = true;
    for (const auto& id : ids) {
        const auto record = read_record(snapshot_path(id), parse_snapshot_record);
        all_read = all_read && record;
        if (!record)
            continue;
        layers_.hold(record->layer);
        snapshots_[id] = *record;
    }
    return all_read;
}

// The crash came between the two records of complete_snapshot().
Result<void> Qcow2Volumes::finish_completed_switches() {
    for (const auto& [id, volume] : std::map(volumes_)) {
        if (!volume.is_switching() || !find_snapshot(volume.next_snapshot))
            continue;
        PILEUS_TRY(commit_volume(id, VolumeRecord{volume.next, "", ""}));
        PILEUS_TRY(layers_.release(volume.layer));
    }
    return {};
}

std::optional<VolumeRecord> Qcow2Volumes::find_volume(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(id);
    return volume == volumes_.end() ? std::nullopt : std::optional(volume->second);
}

Result<void> Qcow2Volumes::commit_volume(const std::string& id, const VolumeRecord& record) {
    PILEUS_TRY(write_file_durably(volume_path(id), to_text(record)));
    const std::lock_guard lock(mutex_);
    volumes_[id] = record;
    return {};
}

Result<void> Qcow2Volumes::create(const std::string& volume_id, const VolumeSpec& spec) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_size(spec.size_gib));
    if (find_volume(volume_id))
        return {};
    std::string below;
    if (!spec.snapshot_id.empty()) {
        PILEUS_TRY(check_snapshot_id(spec.snapshot_id));
        PILEUS_ASSIGN(below, hold_snapshot(spec.snapshot_id));
    }
    const int64_t bytes = spec.size_gib * bytes_per_gib;
    Result<std::string> layer =
        layers_.virtual_bytes(below) > bytes
            ? fail(errors::invalid,
                   fmt::format("a volume of {} GiB is smaller than its snapshot {} of {} bytes",
                               spec.size_gib,
                               spec.snapshot_id,
                               layers_.virtual_bytes(below)))
            : layers_.make(below, bytes, spec.encrypted || layers_.is_encrypted(below));
    PILEUS_TRY(layers_.release(below));
    if (!layer)
        return fail(layer.error());
    if (auto committed = commit_volume(volume_id, VolumeRecord{*layer, "", ""}); !committed) {
        PILEUS_TRY(layers_.release(*layer));
        return committed;
    }
    return {};
}

Result<DiskChain> Qcow2Volumes::open(const std::string& volume_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    const auto volume = find_volume(volume_id);
    if (!volume)
        return no_such_volume(volume_id);
    if (volume->is_switching())
        return busy_with_snapshot(volume_id, volume->next_snapshot);
    PILEUS_ASSIGN(auto layers, layers_.chain(volume->layer, true));
    return DiskChain{volume_id, std::move(layers), gib_of(layers_.virtual_bytes(volume->layer))};
}

Result<void> Qcow2Volumes::grow(const std::string& volume_id, int64_t size_gib) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_size(size_gib));
    const auto volume = find_volume(volume_id);
    if (!volume)
        return no_such_volume(volume_id);
    if (size_gib * bytes_per_gib <= layers_.virtual_bytes(volume->layer))
        return {};
    if (volume->is_switching())
        return busy_with_snapshot(volume_id, volume->next_snapshot);
    return grow_file(volume_id, *volume, size_gib * bytes_per_gib);
}

Result<void>
Qcow2Volumes::grow_file(const std::string& volume_id, VolumeRecord record, int64_t bytes) {
    const auto locked = lock_file(layers_.path(record.layer));
    if (!locked && locked.error().code != errors::unavailable)
        return fail(locked.error());
    // In use: the hypervisor has told the guest, and QEMU has written the file.
    if (!locked)
        return layers_.set_virtual_bytes(record.layer, bytes);
    if (layers_.has_room_to_grow(record.layer)) {
        PILEUS_TRY(write_virtual_size(*locked, bytes));
        return layers_.set_virtual_bytes(record.layer, bytes);
    }
    // The first release made tables that just fit, and a table that a guest may have written is
    // not ours to move: a larger layer goes on top.
    PILEUS_ASSIGN(const std::string larger,
                  layers_.make(record.layer, bytes, layers_.is_encrypted(record.layer)));
    const auto committed = commit_volume(volume_id, VolumeRecord{larger, "", ""});
    PILEUS_TRY(layers_.release(committed ? record.layer : larger));
    return committed;
}

Result<void> Qcow2Volumes::remove(const std::string& volume_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    auto volume = find_volume(volume_id);
    if (!volume)
        return {};
    if (volume->is_switching()) {
        PILEUS_TRY(complete_snapshot(volume_id, volume->next_snapshot));
        volume = find_volume(volume_id);
    }
    // Locked until it is gone, so that no guest is started on it meanwhile.
    const auto locked = lock_file(layers_.path(volume->layer));
    if (!locked && locked.error().code != errors::not_found)
        return fail(locked.error());
    PILEUS_TRY(remove_tree(volume_path(volume_id)));
    PILEUS_TRY(sync_folder(volumes_folder_));
    {
        const std::lock_guard lock(mutex_);
        volumes_.erase(volume_id);
    }
    return layers_.release(volume->layer);
}

} // namespace pileus::drivers
