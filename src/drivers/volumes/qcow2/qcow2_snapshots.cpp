// SPDX-License-Identifier: Apache-2.0
// Snapshots: names of layers. The one record that decides is written last, so that after a crash
// there is the state before a step or the one after it.
#include "base/file.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "drivers/volumes/qcow2/volume_rules.h"

namespace pileus::drivers {

std::optional<SnapshotRecord> Qcow2Volumes::find_snapshot(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto snapshot = snapshots_.find(id);
    return snapshot == snapshots_.end() ? std::nullopt : std::optional(snapshot->second);
}

bool Qcow2Volumes::has_snapshot(const std::string& snapshot_id) {
    return find_snapshot(snapshot_id).has_value();
}

Result<std::string> Qcow2Volumes::hold_snapshot(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto snapshot = snapshots_.find(id);
    if (snapshot == snapshots_.end())
        return no_such_snapshot(id);
    layers_.hold(snapshot->second.layer);
    return snapshot->second.layer;
}

Result<void> Qcow2Volumes::commit_snapshot(const std::string& id, const SnapshotRecord& record) {
    PILEUS_TRY(write_file_durably(snapshot_path(id), to_text(record)));
    const std::lock_guard lock(mutex_);
    snapshots_[id] = record;
    return {};
}

Result<void> Qcow2Volumes::name_new_layer(const std::string& snapshot_id,
                                          const std::string& layer,
                                          const Result<void>& filled) {
    auto named = filled;
    if (named)
        named = make_read_only(layers_.path(layer));
    if (named)
        named = commit_snapshot(snapshot_id, SnapshotRecord{layer});
    if (!named)
        PILEUS_TRY(layers_.release(layer));
    return named;
}

Result<LayerSwitch> Qcow2Volumes::describe_switch(const std::string& volume_id,
                                                  const VolumeRecord& record) {
    PILEUS_ASSIGN(auto next, layers_.layer(record.next, true));
    return LayerSwitch{
        volume_id, layers_.path(record.layer).string(), std::move(next), record.next_snapshot};
}

Result<LayerSwitch> Qcow2Volumes::begin_snapshot(const std::string& volume_id,
                                                 const std::string& snapshot_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    auto volume = find_volume(volume_id);
    if (!volume)
        return no_such_volume(volume_id);
    if (has_snapshot(snapshot_id))
        return fail(errors::invalid, fmt::format("the snapshot {} is there already", snapshot_id));
    if (volume->is_switching() && volume->next_snapshot != snapshot_id)
        return busy_with_snapshot(volume_id, volume->next_snapshot);
    if (!volume->is_switching()) {
        PILEUS_ASSIGN(volume->next,
                      layers_.make(volume->layer,
                                   layers_.virtual_bytes(volume->layer),
                                   layers_.is_encrypted(volume->layer)));
        volume->next_snapshot = snapshot_id;
        if (auto committed = commit_volume(volume_id, *volume); !committed) {
            PILEUS_TRY(layers_.release(volume->next));
            return fail(committed.error());
        }
    }
    return describe_switch(volume_id, *volume);
}

Result<void> Qcow2Volumes::complete_snapshot(const std::string& volume_id,
                                             const std::string& snapshot_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    const auto volume = find_volume(volume_id);
    const bool is_its = volume && volume->is_switching() && volume->next_snapshot == snapshot_id;
    if (!is_its && has_snapshot(snapshot_id))
        return {};
    if (!is_its)
        return fail(
            errors::not_found,
            fmt::format("no snapshot {} of the volume {} is being taken", snapshot_id, volume_id));
    PILEUS_TRY(make_read_only(layers_.path(volume->layer)));
    // The volume's hold on its old layer becomes the snapshot's.
    if (!has_snapshot(snapshot_id))
        PILEUS_TRY(commit_snapshot(snapshot_id, SnapshotRecord{volume->layer}));
    return commit_volume(volume_id, VolumeRecord{volume->next, "", ""});
}

Result<void> Qcow2Volumes::cancel_snapshot(const std::string& volume_id,
                                           const std::string& snapshot_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    const auto volume = find_volume(volume_id);
    if (has_snapshot(snapshot_id))
        return fail(errors::invalid, fmt::format("the snapshot {} has been taken", snapshot_id));
    if (!volume || !volume->is_switching() || volume->next_snapshot != snapshot_id)
        return {};
    // Its data would be lost.
    if (is_in_use(layers_.path(volume->next)))
        return fail(errors::unavailable,
                    fmt::format("the snapshot {} cannot be cancelled: an instance writes to the "
                                "new layer of the volume {}",
                                snapshot_id,
                                volume_id));
    PILEUS_TRY(commit_volume(volume_id, VolumeRecord{volume->layer, "", ""}));
    return layers_.release(volume->next);
}

std::optional<LayerSwitch> Qcow2Volumes::pending_switch(const std::string& volume_id) {
    const auto volume = find_volume(volume_id);
    if (!volume || !volume->is_switching())
        return std::nullopt;
    auto described = describe_switch(volume_id, *volume);
    return described ? std::optional(std::move(*described)) : std::nullopt;
}

Result<void> Qcow2Volumes::remove_snapshot(const std::string& snapshot_id) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    const auto snapshot = find_snapshot(snapshot_id);
    if (!snapshot)
        return {};
    PILEUS_TRY(remove_tree(snapshot_path(snapshot_id)));
    PILEUS_TRY(sync_folder(snapshots_folder_));
    {
        const std::lock_guard lock(mutex_);
        snapshots_.erase(snapshot_id);
    }
    return layers_.release(snapshot->layer);
}

} // namespace pileus::drivers
