// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_tasks.h"

#include "base/file.h"
#include "base/log.h"
#include "domain/image.h"
#include "domain/import_source.h"
#include "domain/snapshot.h"
#include "engine/images.h"
#include "store/disk_tasks.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::engine {

using domain::DiskTask;
using domain::DiskTaskKind;
using domain::SnapshotState;

namespace {

// Where the parts of an import stand in its percentage.
constexpr int downloaded_percent = 20;
constexpr int converted_percent = 90;

} // namespace

DiskTaskController::DiskTaskController(store::Store& store,
                                       const Clock& clock,
                                       drivers::Volumes& volumes,
                                       ImportSources& sources,
                                       LongWork& long_work,
                                       DiskTaskControllerOptions options)
    : store_(store), clock_(clock), volumes_(volumes), sources_(sources), long_work_(long_work),
      options_(std::move(options)) {}

std::optional<DiskTask> DiskTaskController::find(const std::string& id) {
    return store_.read([&](store::Transaction& tx) { return store::disk_tasks::find(tx, id); });
}

Result<Outcome> DiskTaskController::reconcile(const domain::WorkItem& item) {
    static constexpr Duration no_room_pause = std::chrono::seconds{1};
    const auto seen = find(item.resource_id);
    if (!seen || seen->ended_at)
        return Outcome::done();
    // Of two kinds: what it makes, or what it reads, has to stay meanwhile.
    const auto turn = long_work_.begin(seen->id, seen->snapshot_id);
    if (!turn)
        return Outcome::again(clock_.now() + no_room_pause);
    const auto task = find(item.resource_id);
    if (!task || task->ended_at)
        return Outcome::done();
    if (task->cancel_requested)
        return give_up(*task, task->status_message);
    const auto worked = work_on(*task);
    sources_.discard(task->id);
    if (worked)
        return Outcome::done();
    const auto now = find(task->id);
    if (now && now->cancel_requested)
        return give_up(*now, now->status_message);
    const bool is_hopeless =
        worked.error().code == errors::invalid || worked.error().code == errors::not_found;
    if (!is_hopeless && item.attempts + 1 < options_.attempts)
        return fail(worked.error());
    return give_up(*task, "ClientError: " + worked.error().message);
}

Result<void> DiskTaskController::work_on(const DiskTask& task) {
    if (task.kind == DiskTaskKind::export_image)
        return export_disk(task);
    return import_disk(task);
}

// ---- import -------------------------------------------------------------------------------------

Result<void> DiskTaskController::import_disk(const DiskTask& task) {
    if (!volumes_.has_snapshot(task.snapshot_id)) {
        const bool is_url = domain::is_url(task.source);
        note(task, is_url ? "downloading" : "validating", 0);
        PILEUS_ASSIGN(const auto source, sources_.open(task.source, task.id, [&] {
            const auto now = find(task.id);
            return now && !now->cancel_requested;
        }));
        PILEUS_TRY(volumes_.import_foreign(
            task.snapshot_id,
            {.path = source.path(), .format = task.format},
            task.encrypted,
            progress(task, "converting", is_url ? downloaded_percent : 0, converted_percent)));
    }
    if (!note(task,
              task.kind == DiskTaskKind::import_image ? "preparing ami" : "preparing snapshot",
              converted_percent))
        return fail(errors::unavailable, "it was cancelled");
    return finish_import(task);
}

namespace {

// The rows are there since the task was asked for; what the disk turned out to be comes to them
// now.
void complete_snapshot(store::Transaction& tx,
                       const DiskTask& task,
                       const drivers::SnapshotObservation& made,
                       Time now) {
    auto row = store::snapshots::find(tx, task.snapshot_id);
    if (!row)
        return;
    row->size_gib = made.size_gib;
    row->encrypted = made.encrypted;
    row->full_bytes = made.full_bytes;
    row->state = SnapshotState::completed;
    row->progress_percent = 100;
    row->taken_at = now;
    row->completed_at = now;
    store::snapshots::update(tx, *row);
}

void complete_image(store::Transaction& tx,
                    const DiskTask& task,
                    const drivers::SnapshotObservation& made) {
    auto image = store::images::find(tx, task.image_id);
    if (!image)
        return;
    image->size_gib = made.size_gib;
    for (auto& device : image->devices)
        if (device.snapshot_id == task.snapshot_id) {
            device.size_gib = made.size_gib;
            device.encrypted = made.encrypted;
        }
    image->state = "available";
    store::images::update(tx, *image);
}

} // namespace

// The rows of what was made, and the end of the task, in one: whoever sees the end finds the rest.
Result<void> DiskTaskController::finish_import(const DiskTask& task) {
    const auto made = volumes_.observe_snapshot(task.snapshot_id);
    if (!made)
        return fail(errors::internal, "the imported snapshot is not there");
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::disk_tasks::find(tx, task.id);
        if (!row || row->ended_at)
            return {};
        if (row->cancel_requested)
            return fail(errors::unavailable, "it was cancelled");
        const auto now = clock_.now();
        complete_snapshot(tx, task, *made, now);
        if (task.kind == DiskTaskKind::import_image)
            complete_image(tx, task, *made);
        row->state = "completed";
        row->status = "completed";
        row->progress_percent = 100;
        row->size_bytes = made->full_bytes;
        row->ended_at = now;
        store::disk_tasks::update(tx, *row);
        return {};
    });
}

// ---- export -------------------------------------------------------------------------------------

Result<std::filesystem::path> DiskTaskController::export_path(const DiskTask& task) const {
    const auto path =
        (options_.export_folder / task.destination).lexically_normal(); // an absolute one stays
    const auto inside = path.lexically_relative(options_.export_folder.lexically_normal());
    if (inside.empty() || *inside.begin() == ".." || path.filename().empty() || inside == ".")
        return fail(errors::invalid, "The destination must be a file in the export folder.");
    return path;
}

Result<void> DiskTaskController::export_disk(const DiskTask& task) {
    PILEUS_ASSIGN(const auto path, export_path(task));
    PILEUS_TRY(make_directories(path.parent_path(), 0700));
    const auto unfinished = options_.export_folder / fmt::format(".{}.unfinished", task.id);
    std::error_code error;
    std::filesystem::remove(unfinished, error); // half of it, from before a crash
    const auto written = volumes_.export_snapshot(
        task.snapshot_id, unfinished.string(), task.format, progress(task, "converting", 0, 99));
    if (!written) {
        std::filesystem::remove(unfinished, error);
        return fail(written.error());
    }
    const auto bytes = std::filesystem::file_size(unfinished, error);
    if (!error)
        std::filesystem::rename(unfinished, path, error);
    if (error)
        return fail(errors::unavailable, "cannot keep the export: " + error.message());
    return finish_export(task, static_cast<int64_t>(bytes));
}

Result<void> DiskTaskController::finish_export(const DiskTask& task, int64_t bytes) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::disk_tasks::find(tx, task.id);
        if (!row || row->ended_at)
            return {};
        row->state = "completed";
        row->status = "completed";
        row->progress_percent = 100;
        row->size_bytes = bytes;
        row->ended_at = clock_.now();
        store::disk_tasks::update(tx, *row);
        return {};
    });
}

// ---- on the way, and the other end --------------------------------------------------------------

bool DiskTaskController::note(const DiskTask& task, const std::string& status, int percent) {
    const auto noted = store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::disk_tasks::find(tx, task.id);
        if (!row || row->ended_at || row->cancel_requested)
            return fail(errors::unavailable, "it was cancelled");
        row->status = status;
        row->progress_percent = percent;
        store::disk_tasks::update(tx, *row);
        return {};
    });
    return noted.has_value();
}

drivers::Progress
DiskTaskController::progress(const DiskTask& task, std::string status, int from, int to) {
    return [this, &task, status = std::move(status), from, to, last = MonotonicTime{}](
               int percent) mutable {
        const auto now = clock_.monotonic();
        if (last != MonotonicTime{} && now - last < options_.progress_interval)
            return true;
        last = now;
        return note(task, status, from + (to - from) * percent / 100);
    };
}

// Cancelled, or it cannot be done: EC2 says "deleted" of both, with the reason.
Result<Outcome> DiskTaskController::give_up(const DiskTask& task, const std::string& message) {
    if (!message.empty())
        log_warning("a task on disks ends", {{"task", task.id}, {"reason", message}});
    if (task.kind == DiskTaskKind::export_image) {
        std::error_code ignored;
        std::filesystem::remove(options_.export_folder / fmt::format(".{}.unfinished", task.id),
                                ignored);
    } else {
        PILEUS_TRY(volumes_.remove_snapshot(task.snapshot_id));
    }
    sources_.discard(task.id);
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::disk_tasks::find(tx, task.id);
        if (!row || row->ended_at)
            return {};
        if (task.kind != DiskTaskKind::export_image) {
            store::snapshots::erase(tx, task.snapshot_id);
            store::tags::erase_all(tx, task.snapshot_id);
        }
        if (task.kind == DiskTaskKind::import_image) {
            store::images::erase(tx, task.image_id);
            store::tags::erase_all(tx, task.image_id);
        }
        row->state = "deleted";
        row->status = "deleted";
        row->status_message = message;
        row->ended_at = clock_.now();
        store::disk_tasks::update(tx, *row);
        return {};
    }));
    return Outcome::done();
}

} // namespace pileus::engine
