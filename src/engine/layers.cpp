// SPDX-License-Identifier: Apache-2.0
#include "engine/layers.h"

#include "base/log.h"
#include "store/volumes.h"

namespace pileus::engine {

Result<Outcome> LayerController::reconcile(const domain::WorkItem& item) {
    static constexpr Duration no_room_pause = std::chrono::seconds{1};
    const auto turn = long_work_.begin(item.resource_id);
    if (!turn)
        return Outcome::again(clock_.now() + no_room_pause);
    if (!has_told_all_.exchange(true))
        tell_all_guests();
    PILEUS_ASSIGN(const auto changed, volumes_.merge_layers());
    for (const auto& volume_id : changed)
        tell_guest_or_log(volume_id);
    return changed.empty() ? Outcome::done() : Outcome::again(clock_.now());
}

// A daemon before this one may have joined layers and not come to tell. For who knows it is
// nothing.
void LayerController::tell_all_guests() {
    const auto rows = store_.read(
        [&](store::Transaction& tx) { return store::volumes::list_of_host(tx, host_id_); });
    for (const auto& volume : rows)
        if (!volume.instance_id.empty())
            tell_guest_or_log(volume.id);
}

// A guest that is not told reads the same from the files that it has open, which take up space
// until it ends.
void LayerController::tell_guest_or_log(const std::string& volume_id) {
    if (const auto told = tell_guest(volume_id); !told)
        log_warning("a guest may keep layers that were joined",
                    {{"volume", volume_id}, {"error", told.error().message}});
}

Result<void> LayerController::tell_guest(const std::string& volume_id) {
    const auto find = [&] {
        return store_.read(
            [&](store::Transaction& tx) { return store::volumes::find(tx, volume_id); });
    };
    const auto seen = find();
    if (!seen || seen->instance_id.empty())
        return {};
    const auto held = locks_.hold_all(Disks::lock_keys({*seen}));
    const auto row = find();
    if (!row || row->instance_id != seen->instance_id)
        return {}; // whoever opens it next opens what there is now
    PILEUS_ASSIGN(const bool plugged, disks_.is_plugged(*row));
    if (!plugged)
        return {};
    PILEUS_ASSIGN(const auto chain, disks_.open(*row));
    return hypervisor_.replace_backing(row->instance_id, chain);
}

} // namespace pileus::engine
