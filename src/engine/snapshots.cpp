// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshots.h"

#include "base/log.h"
#include "engine/disk_tasks.h"
#include "engine/images.h"
#include "store/charges.h"
#include "store/disk_tasks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::engine {

using domain::Snapshot;
using domain::SnapshotState;
using domain::Volume;

namespace {

constexpr Duration look_again_soon = std::chrono::milliseconds{500};

std::vector<Volume> volumes_of(store::Transaction& tx, const std::vector<Snapshot>& set) {
    std::vector<Volume> volumes;
    for (const auto& snapshot : set)
        if (auto volume = store::volumes::find(tx, snapshot.volume_id))
            volumes.push_back(std::move(*volume));
    return volumes;
}

} // namespace

SnapshotController::SnapshotController(store::Store& store,
                                       const Clock& clock,
                                       drivers::Volumes& volumes,
                                       Disks& disks,
                                       KeyedLocks& locks,
                                       LongWork& long_work,
                                       SnapshotControllerOptions options)
    : store_(store), clock_(clock), volumes_(volumes), disks_(disks), locks_(locks),
      long_work_(long_work), options_(std::move(options)) {}

std::optional<Snapshot> SnapshotController::find(const std::string& id) {
    return store_.read([&](store::Transaction& tx) { return store::snapshots::find(tx, id); });
}

Result<Outcome> SnapshotController::reconcile(const domain::WorkItem& item) {
    const auto row = find(item.resource_id);
    if (!row) {
        PILEUS_TRY(volumes_.remove_snapshot(item.resource_id));
        return Outcome::done();
    }
    switch (row->state) {
    case SnapshotState::pending:
        return make(*row, item);
    case SnapshotState::deleting:
        return remove(*row);
    case SnapshotState::completed:
    case SnapshotState::error:
        return Outcome::done();
    }
    return Outcome::done();
}

// ---- pending → completed ------------------------------------------------------------------------

Result<Outcome> SnapshotController::make(const Snapshot& row, const domain::WorkItem& item) {
    const bool is_copy = !row.source_snapshot_id.empty();
    if (!is_copy && row.volume_id == no_volume_id)
        return Outcome::done(); // its import task makes it
    auto outcome = is_copy ? copy(row) : take(row);
    const bool is_hopeless = !outcome && (outcome.error().code == errors::not_found ||
                                          outcome.error().code == errors::invalid);
    if (outcome || (!is_hopeless && item.attempts + 1 < options_.attempts))
        return outcome;
    PILEUS_TRY(give_up(row, outcome.error()));
    return Outcome::done();
}

Result<Outcome> SnapshotController::take(const Snapshot& seen) {
    if (waits_for_reboot(seen))
        return Outcome::again(clock_.now() + look_again_soon);
    const auto look = [&](store::Transaction& tx) {
        auto set = store::snapshots::list_of_set(tx, seen.set_id);
        if (set.empty())
            if (auto row = store::snapshots::find(tx, seen.id))
                set.push_back(std::move(*row));
        std::erase_if(set, [](const auto& s) { return s.state != SnapshotState::pending; });
        return set;
    };
    const auto keys_of = [&](store::Transaction& tx) {
        return Disks::lock_keys(volumes_of(tx, look(tx)));
    };
    if (!seen.taken_at) {
        const auto keys = store_.read(keys_of);
        const auto held = locks_.hold_all(keys);
        if (store_.read(keys_of) != keys)
            return Outcome::again(clock_.now()); // attached or let go while we waited
        PILEUS_TRY(disks_.take(store_.read(look)));
    }
    PILEUS_TRY(complete(seen));
    return Outcome::done();
}

// CreateImage with a reboot: it is taken while the guest is down.
bool SnapshotController::waits_for_reboot(const Snapshot& row) {
    return !row.taken_at && store_.read([&](store::Transaction& tx) {
        const auto images = store::images::list_using_snapshot(tx, row.id);
        return std::any_of(images.begin(), images.end(), [&](const auto& image) {
            return engine::waits_for_reboot(tx, image);
        });
    });
}

Result<Outcome> SnapshotController::copy(const Snapshot& row) {
    const auto turn = long_work_.begin(row.id, row.source_snapshot_id);
    if (!turn)
        return Outcome::again(clock_.now() + look_again_soon);
    PILEUS_TRY(volumes_.copy_snapshot(
        row.id, row.source_snapshot_id, row.encrypted, [&, last = -1](int percent) mutable {
            const bool is_news = percent != last;
            last = percent;
            return !is_news || note_progress(row.id, percent);
        }));
    PILEUS_TRY(complete(row));
    return Outcome::done();
}

// False: it was deleted meanwhile.
bool SnapshotController::note_progress(const std::string& id, int percent) {
    const auto noted = store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::snapshots::find(tx, id);
        if (!row || row->state != SnapshotState::pending)
            return fail(errors::not_found, "nobody wants it any more");
        row->progress_percent = std::min(percent, 99);
        store::snapshots::update(tx, *row);
        return {};
    });
    return noted.has_value();
}

Result<void> SnapshotController::complete(const Snapshot& seen) {
    const auto made = volumes_.observe_snapshot(seen.id);
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::snapshots::find(tx, seen.id);
        if (!row || row->state != SnapshotState::pending)
            return {};
        row->state = SnapshotState::completed;
        row->progress_percent = 100;
        row->completed_at = clock_.now();
        if (!row->taken_at)
            row->taken_at = row->completed_at;
        if (made)
            row->full_bytes = made->full_bytes;
        store::snapshots::update(tx, *row);
        store::charges::snapshot_completed(tx, *row, clock_.now());
        enqueue_images_of(tx, row->id, options_.host_id, clock_.now());
        store::work::enqueue(tx, "layers", "layers", options_.host_id, clock_.now());
        return {};
    });
}

Result<void> SnapshotController::give_up(const Snapshot& seen, const Error& error) {
    log_error("snapshot failed", {{"snapshot", seen.id}, {"error", error.message}});
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::snapshots::find(tx, seen.id);
        if (!row || row->state != SnapshotState::pending)
            return {};
        row->state = SnapshotState::error;
        row->state_message = error.message;
        store::snapshots::update(tx, *row);
        enqueue_images_of(tx, row->id, options_.host_id, clock_.now());
        return {};
    });
}

// ---- deleting -----------------------------------------------------------------------------------

// While volumes are being made of it, or it is being copied or exported, it stays.
bool SnapshotController::is_needed(const Snapshot& row) {
    return long_work_.is_read(row.id) || store_.read([&](store::Transaction& tx) {
        const auto volumes = store::volumes::list_of_snapshot(tx, row.id);
        if (std::any_of(volumes.begin(), volumes.end(), [](const auto& volume) {
                return volume.state == domain::VolumeState::creating;
            }))
            return true;
        const auto tasks = store::disk_tasks::list_active(tx, options_.host_id);
        return std::any_of(tasks.begin(), tasks.end(), [&](const auto& task) {
            return task.kind == domain::DiskTaskKind::export_image && task.snapshot_id == row.id;
        });
    });
}

Result<Outcome> SnapshotController::remove(const Snapshot& row) {
    if (is_needed(row))
        return Outcome::again(clock_.now() + look_again_soon);
    const auto volume = store_.read(
        [&](store::Transaction& tx) { return store::volumes::find(tx, row.volume_id); });
    // A crash may have left it begun.
    if (volume) {
        const auto held = locks_.hold_all(Disks::lock_keys({*volume}));
        const auto now = store_.read(
            [&](store::Transaction& tx) { return store::volumes::find(tx, row.volume_id); });
        if (now && now->instance_id != volume->instance_id)
            return Outcome::again(clock_.now());
        if (now)
            PILEUS_TRY(disks_.settle(*now));
    }
    PILEUS_TRY(volumes_.remove_snapshot(row.id));
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        if (row.completed_at)
            store::charges::snapshot_deleted(tx, row, clock_.now());
        store::snapshots::erase(tx, row.id);
        store::tags::erase_all(tx, row.id);
        store::work::enqueue(tx, "layers", "layers", options_.host_id, clock_.now());
        return {};
    }));
    return Outcome::done();
}

} // namespace pileus::engine
