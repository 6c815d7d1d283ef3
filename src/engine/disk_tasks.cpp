// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_tasks.h"

#include "base/file.h"
#include "base/log.h"
#include "domain/image.h"
#include "domain/snapshot.h"
#include "engine/images.h"
#include "store/disk_tasks.h"
#include "store/images.h"
#include "store/snapshots.h"
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
        const bool is_url = ImportSources::is_url(task.source);
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

domain::Snapshot
make_snapshot(const DiskTask& task, const drivers::SnapshotObservation& observed, Time now) {
    domain::Snapshot row;
    row.id = task.snapshot_id;
    row.account_id = task.account_id;
    row.region = task.region;
    row.host_id = task.host_id;
    row.volume_id = no_volume_id;
    row.size_gib = observed.size_gib;
    row.description = task.kind == DiskTaskKind::import_image
                          ? "Created by AWS-VMImport service for " + task.id
                          : task.description;
    row.encrypted = observed.encrypted;
    row.kms_key_id = task.kms_key_id;
    row.source_path = task.source;
    row.started_at = task.created_at;
    row.taken_at = now;
    row.completed_at = now;
    row.full_bytes = observed.full_bytes;
    return row;
}

domain::Image
make_image(const DiskTask& task, const drivers::SnapshotObservation& observed, Time now) {
    domain::Image image;
    image.id = task.image_id;
    image.account_id = task.account_id;
    image.region = task.region;
    image.name = task.id; // as EC2 names it
    image.description = task.description;
    image.architecture = task.architecture.empty() ? "x86_64" : task.architecture;
    image.boot_mode = task.boot_mode;
    image.root_device_name = "/dev/sda1";
    image.snapshot_id = task.snapshot_id;
    image.size_gib = observed.size_gib;
    image.created_at = now;
    image.devices = {{.device = image.root_device_name,
                      .snapshot_id = task.snapshot_id,
                      .size_gib = observed.size_gib,
                      .encrypted = observed.encrypted}};
    return image;
}

} // namespace

// The rows of what was made, and the end of the task, in one: whoever sees the end finds the rest.
Result<void> DiskTaskController::finish_import(const DiskTask& task) {
    PILEUS_ASSIGN(const auto observed, volumes_.observe_snapshots());
    const auto made = std::find_if(
        observed.begin(), observed.end(), [&](const auto& o) { return o.id == task.snapshot_id; });
    if (made == observed.end())
        return fail(errors::internal, "the imported snapshot is not there");
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::disk_tasks::find(tx, task.id);
        if (!row || row->ended_at)
            return {};
        if (row->cancel_requested)
            return fail(errors::unavailable, "it was cancelled");
        const auto now = clock_.now();
        const auto snapshot = make_snapshot(task, *made, now);
        if (store::snapshots::find(tx, snapshot.id))
            store::snapshots::update(tx, snapshot);
        else
            store::snapshots::insert(tx, snapshot);
        if (task.kind == DiskTaskKind::import_image) {
            const auto image = make_image(task, *made, now);
            if (store::images::find(tx, image.id))
                store::images::update(tx, image);
            else
                store::images::insert(tx, image);
        }
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
    const auto name = std::filesystem::path(task.destination).filename().string();
    if (name.empty() || name.front() == '.')
        return fail(errors::invalid, "The destination must be the name of a file.");
    return options_.export_folder / name;
}

Result<void> DiskTaskController::export_disk(const DiskTask& task) {
    PILEUS_ASSIGN(const auto path, export_path(task));
    PILEUS_TRY(make_directories(options_.export_folder, 0700));
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
            if (const auto snapshot = store::snapshots::find(tx, task.snapshot_id))
                store::snapshots::erase(tx, snapshot->id);
            if (auto image = store::images::find(tx, task.image_id)) {
                image->state = "failed";
                image->state_reason = message;
                store::images::update(tx, *image);
            }
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
