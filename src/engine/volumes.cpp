// SPDX-License-Identifier: Apache-2.0
#include "engine/volumes.h"

#include "base/log.h"
#include "engine/disk_limits.h"
#include "engine/machine_spec.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::engine {

using domain::AttachmentState;
using domain::InstanceState;
using domain::Volume;
using domain::VolumeState;

void clear_attachment(Volume& row) {
    row.instance_id.clear();
    row.device.clear();
    row.delete_on_termination = false;
    row.attachment = AttachmentState::detached;
    row.attached_at.reset();
    row.force_detach = false;
    if (row.state == VolumeState::in_use)
        row.state = VolumeState::available;
}

VolumeController::VolumeController(store::Store& store,
                                   const Clock& clock,
                                   drivers::Hypervisor& hypervisor,
                                   drivers::Volumes& volumes,
                                   Disks& disks,
                                   KeyedLocks& locks,
                                   VolumeControllerOptions options)
    : store_(store), clock_(clock), hypervisor_(hypervisor), volumes_(volumes), disks_(disks),
      locks_(locks), options_(std::move(options)) {}

std::optional<Volume> VolumeController::find(const std::string& id) {
    return store_.read([&](store::Transaction& tx) { return store::volumes::find(tx, id); });
}

template <class Change>
Result<void> VolumeController::change(const Volume& seen, Change change_row) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::volumes::find(tx, seen.id);
        if (!row || row->state != seen.state || row->instance_id != seen.instance_id ||
            row->attachment != seen.attachment)
            return {};
        change_row(tx, *row);
        store::volumes::update(tx, *row);
        return {};
    });
}

Result<Outcome> VolumeController::reconcile(const domain::WorkItem& item) {
    const auto seen = find(item.resource_id);
    const auto held =
        locks_.hold_all(seen ? Disks::lock_keys({*seen}) : std::set<std::string>{item.resource_id});
    const auto row = find(item.resource_id);
    if (!row) {
        PILEUS_TRY(volumes_.remove(item.resource_id));
        return Outcome::done();
    }
    // Attached or let go while we waited: other locks are needed.
    if (!seen || row->instance_id != seen->instance_id)
        return Outcome::again(clock_.now());
    switch (row->state) {
    case VolumeState::creating:
        return make(*row, item);
    case VolumeState::available:
        PILEUS_TRY(modify(*row));
        return Outcome::done();
    case VolumeState::in_use:
        return follow_attachment(*row, item);
    case VolumeState::deleting:
        return remove(*row);
    case VolumeState::deleted:
    case VolumeState::error:
        return Outcome::done();
    }
    return Outcome::done();
}

// ---- creating → available -----------------------------------------------------------------------

Result<Outcome> VolumeController::make(const Volume& row, const domain::WorkItem& item) {
    if (!row.instance_id.empty())
        return Outcome::done(); // its instance makes it at its start
    const auto made = disks_.make(row);
    if (!made && item.attempts + 1 < options_.make_attempts)
        return fail(made.error());
    if (!made)
        log_error("volume cannot be made", {{"volume", row.id}, {"error", made.error().message}});
    PILEUS_TRY(change(row, [&](store::Transaction& tx, Volume& v) {
        v.state = made ? VolumeState::available : VolumeState::error;
        if (!made)
            store::charges::volume_deleted(tx, v, clock_.now());
    }));
    return Outcome::done();
}

// ---- attachment ---------------------------------------------------------------------------------

Result<Outcome> VolumeController::follow_attachment(const Volume& row,
                                                    const domain::WorkItem& item) {
    const auto instance = store_.read(
        [&](store::Transaction& tx) { return store::instances::find(tx, row.instance_id); });
    if (!instance || instance->state == InstanceState::terminated) {
        PILEUS_TRY(change(row, [](store::Transaction&, Volume& v) { clear_attachment(v); }));
        return Outcome::done();
    }
    // A guest that is coming or going: whoever brings it up or takes it down looks at its volumes
    // at the end, and has us look again.
    if (instance->state != InstanceState::running && instance->state != InstanceState::stopped) {
        PILEUS_TRY(modify(row));
        return Outcome::done();
    }
    if (row.attachment == AttachmentState::detaching)
        return detach(row, *instance);
    if (row.attachment == AttachmentState::attaching) {
        if (instance->state == InstanceState::running)
            return attach(row, item);
        PILEUS_TRY(change(row, [&](store::Transaction&, Volume& v) {
            v.attachment = AttachmentState::attached;
            v.attached_at = clock_.now();
        }));
    }
    PILEUS_TRY(modify(row));
    return Outcome::done();
}

Result<Outcome> VolumeController::attach(const Volume& row, const domain::WorkItem& item) {
    // In the middle of a reboot, or dead and not noticed yet: that is no failure to count.
    static constexpr Duration until_there_is_a_guest = std::chrono::milliseconds{500};
    const auto guest = hypervisor_.observe(row.instance_id).state;
    if (guest != drivers::MachineState::running && guest != drivers::MachineState::paused)
        return Outcome::again(clock_.now() + until_there_is_a_guest);
    const auto begun = clock_.monotonic();
    PILEUS_ASSIGN(auto chain, disks_.open(row));
    const auto plugged = hypervisor_.attach_disk(
        row.instance_id, make_machine_disk(row, std::move(chain), /*boot=*/false));
    if (!plugged && item.attempts + 1 < options_.attach_attempts)
        return fail(plugged.error());
    if (!plugged)
        return give_up_attaching(row, plugged.error());
    PILEUS_TRY(change(row, [&](store::Transaction&, Volume& v) {
        v.attachment = AttachmentState::attached;
        v.attached_at = clock_.now();
    }));
    log_info("volume attached",
             {{"volume", row.id},
              {"instance", row.instance_id},
              {"took_ms",
               std::to_string(
                   std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - begun)
                       .count())}});
    PILEUS_TRY(modify(row));
    return Outcome::done();
}

Result<Outcome> VolumeController::give_up_attaching(const Volume& row, const Error& error) {
    log_error("volume cannot be attached",
              {{"volume", row.id}, {"instance", row.instance_id}, {"error", error.message}});
    PILEUS_TRY(hypervisor_.detach_disk(row.instance_id, row.id, /*force=*/true));
    PILEUS_TRY(change(row, [](store::Transaction&, Volume& v) { clear_attachment(v); }));
    return Outcome::done();
}

// A guest that does not let go is asked again and again: as on EC2 the volume stays "detaching"
// until it does, or until Force is given.
Result<Outcome> VolumeController::detach(const Volume& row, const domain::Instance& instance) {
    if (instance.state == InstanceState::running)
        PILEUS_TRY(hypervisor_.detach_disk(row.instance_id, row.id, row.force_detach));
    PILEUS_TRY(disks_.settle(row));
    PILEUS_TRY(change(row, [](store::Transaction&, Volume& v) { clear_attachment(v); }));
    PILEUS_TRY(modify(row));
    return Outcome::done();
}

// ---- ModifyVolume -------------------------------------------------------------------------------

// The row has the target already.
Result<void> VolumeController::modify(const Volume& row) {
    const auto wanted = store_.read(
        [&](store::Transaction& tx) { return store::volume_modifications::find(tx, row.id); });
    if (!wanted || wanted->state != "modifying")
        return {};
    PILEUS_TRY(disks_.settle(row));
    PILEUS_ASSIGN(const bool plugged, disks_.is_plugged(row));
    if (plugged) {
        PILEUS_TRY(hypervisor_.resize_disk(row.instance_id, row.id, row.size_gib));
        PILEUS_TRY(hypervisor_.limit_disk(row.instance_id, row.id, disk_limits(row)));
    }
    PILEUS_TRY(volumes_.grow(row.id, row.size_gib));
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto modification = store::volume_modifications::find(tx, row.id);
        const auto now = store::volumes::find(tx, row.id);
        const bool is_same = modification && now && modification->state == "modifying" &&
                             now->size_gib == row.size_gib && now->type == row.type &&
                             now->iops == row.iops && now->throughput_mib_s == row.throughput_mib_s;
        if (!is_same)
            return {}; // another one was asked for meanwhile, with work of its own
        modification->state = "completed";
        modification->progress_percent = 100;
        modification->ended_at = clock_.now();
        store::volume_modifications::put(tx, *modification);
        return {};
    });
}

// ---- deleting -----------------------------------------------------------------------------------

Result<Outcome> VolumeController::remove(const Volume& row) {
    static constexpr Duration snapshot_patience = std::chrono::milliseconds{50};
    const bool has_waiting_snapshot = store_.read([&](store::Transaction& tx) {
        const auto rows = store::snapshots::list_of_volume(tx, row.id);
        return std::any_of(rows.begin(), rows.end(), [](const auto& snapshot) {
            return snapshot.state == domain::SnapshotState::pending && !snapshot.taken_at;
        });
    });
    if (has_waiting_snapshot)
        return Outcome::again(clock_.now() + snapshot_patience);
    PILEUS_TRY(disks_.settle(row));
    PILEUS_TRY(volumes_.remove(row.id));
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::volume_modifications::erase(tx, row.id);
        store::volumes::erase(tx, row.id);
        store::tags::erase_all(tx, row.id);
        store::work::enqueue(tx, "layers", "layers", options_.host_id, clock_.now());
        return {};
    }));
    return Outcome::done();
}

} // namespace pileus::engine
