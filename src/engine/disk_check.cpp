// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_check.h"

#include "base/log.h"
#include "store/disk_tasks.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/warm_templates.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>
#include <iterator>
#include <map>
#include <set>

namespace pileus::engine {

using domain::SnapshotState;
using domain::VolumeState;

namespace {

struct Rows {
    std::map<std::string, domain::Volume> volumes;
    std::map<std::string, domain::Snapshot> snapshots;
    std::set<std::string> instances; // with those that are terminated and still shown
    std::set<std::string> tasks;     // under way
    std::set<std::string> imported;  // snapshots that those are making, and those of forks
    std::map<std::string, domain::WarmTemplate> warm_templates;
};

Rows read_rows(store::Store& store,
               const std::string& host_id,
               const std::vector<std::string>& instance_folders) {
    return store.read([&](store::Transaction& tx) {
        Rows rows;
        for (auto& volume : store::volumes::list_of_host(tx, host_id))
            rows.volumes.emplace(volume.id, std::move(volume));
        // Those of shipped images are on every host.
        for (const auto& host : {host_id, std::string()})
            for (auto& snapshot : store::snapshots::list_of_host(tx, host))
                rows.snapshots.emplace(snapshot.id, std::move(snapshot));
        for (const auto& task : store::disk_tasks::list_active(tx, host_id)) {
            rows.tasks.insert(task.id);
            rows.imported.insert(task.snapshot_id);
        }
        for (const auto& fork : store::forks::list_of_host(tx, host_id))
            for (const auto& disk : store::forks::list_disks(tx, fork.id))
                rows.imported.insert(disk.snapshot_id);
        for (auto& row : store::warm_templates::list_of_host(tx, host_id))
            rows.warm_templates.emplace(row.id, std::move(row));
        for (const auto& id : instance_folders)
            if (store::instances::find(tx, id))
                rows.instances.insert(id);
        return rows;
    });
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(folder, absent))
        names.push_back(entry.path().filename().string());
    return names;
}

// Beside them the hypervisor keeps a file of its own.
std::vector<std::string> folders_in(const std::filesystem::path& folder) {
    auto names = names_in(folder);
    std::erase_if(names,
                  [&](const auto& name) { return !std::filesystem::is_directory(folder / name); });
    return names;
}

class Check {
  public:
    Check(store::Store& store, drivers::Volumes& volumes, const DiskCheckOptions& options)
        : store_(store), volumes_(volumes), options_(options) {}

    Result<std::vector<std::string>> run() {
        const auto folders = folders_in(options_.instances_folder);
        const auto downloads = names_in(options_.downloads);
        PILEUS_ASSIGN(findings_, volumes_.check());
        PILEUS_ASSIGN(const auto volumes, volumes_.observe());
        PILEUS_ASSIGN(const auto snapshots, volumes_.observe_snapshots());
        rows_ = read_rows(store_, options_.host_id, folders);
        compare_volumes(volumes);
        compare_snapshots(snapshots);
        for (const auto& id : folders)
            if (!rows_.instances.contains(id) && !rows_.warm_templates.contains(id))
                add("{} has a folder, but there is no such instance", id);
        compare_warm_templates(snapshots);
        for (const auto& id : downloads)
            if (!rows_.tasks.contains(id))
                add("the download of {} was left behind", id);
        std::sort(findings_.begin(), findings_.end());
        return std::move(findings_);
    }

  private:
    template <class... Words> void add(fmt::format_string<Words...> text, Words&&... words) {
        findings_.push_back(fmt::format(text, std::forward<Words>(words)...));
    }

    void compare_volumes(const std::vector<drivers::VolumeObservation>& observed) {
        std::set<std::string> there;
        for (const auto& volume : observed) {
            there.insert(volume.id);
            const auto row = rows_.volumes.find(volume.id);
            if (row == rows_.volumes.end()) {
                if (!is_of_warm_template(volume.id))
                    add("{} is on the disk, but there is no such volume", volume.id);
            } else if (row->second.encrypted != volume.encrypted)
                add("{} is {}, but not so on the disk",
                    volume.id,
                    row->second.encrypted ? "encrypted" : "not encrypted");
            else if (row->second.size_gib < volume.size_gib)
                add("{} has {} GiB, but {} on the disk",
                    volume.id,
                    row->second.size_gib,
                    volume.size_gib);
        }
        for (const auto& [id, row] : rows_.volumes)
            if ((row.state == VolumeState::available || row.state == VolumeState::in_use) &&
                !there.contains(id))
                add("{} is {}, but not on the disk", id, to_string(row.state));
    }

    void compare_snapshots(const std::vector<drivers::SnapshotObservation>& observed) {
        std::set<std::string> there;
        for (const auto& snapshot : observed) {
            there.insert(snapshot.id);
            if (!rows_.snapshots.contains(snapshot.id) && !rows_.imported.contains(snapshot.id) &&
                !is_of_warm_template(snapshot.id))
                add("{} is on the disk, but there is no such snapshot", snapshot.id);
        }
        for (const auto& [id, row] : rows_.snapshots)
            if (row.state == SnapshotState::completed && !there.contains(id))
                add("{} is completed, but not on the disk", id);
    }

    bool is_of_warm_template(const std::string& id) const {
        return std::any_of(
            rows_.warm_templates.begin(), rows_.warm_templates.end(), [&](const auto& each) {
                return each.second.volume_id == id || each.second.snapshot_id == id;
            });
    }

    void compare_warm_templates(const std::vector<drivers::SnapshotObservation>& snapshots) {
        const auto folders = folders_in(options_.templates_folder);
        const std::set<std::string> there(folders.begin(), folders.end());
        for (const auto& id : folders)
            if (!rows_.warm_templates.contains(id))
                add("{} has a folder, but there is no such warm template", id);
        for (const auto& [id, row] : rows_.warm_templates) {
            if (row.state != domain::WarmTemplateState::ready)
                continue;
            if (std::none_of(snapshots.begin(), snapshots.end(), [&](const auto& snapshot) {
                    return snapshot.id == row.snapshot_id;
                }))
                add("{} is ready, but its disk {} is gone", id, row.snapshot_id);
            if (!options_.templates_folder.empty() && !there.contains(id))
                add("{} is ready, but its memory is gone", id);
        }
    }

    store::Store& store_;
    drivers::Volumes& volumes_;
    const DiskCheckOptions& options_;
    Rows rows_;
    std::vector<std::string> findings_;
};

} // namespace

// Twice: what was only on its way is gone the second time.
Result<std::vector<std::string>>
check_disks(store::Store& store, drivers::Volumes& volumes, const DiskCheckOptions& options) {
    if (options.is_emulated)
        return std::vector<std::string>{};
    PILEUS_ASSIGN(const auto first, Check(store, volumes, options).run());
    if (first.empty())
        return first;
    PILEUS_ASSIGN(const auto second, Check(store, volumes, options).run());
    std::vector<std::string> both;
    std::set_intersection(
        first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(both));
    return both;
}

Result<Outcome> DiskCheckController::reconcile(const domain::WorkItem&) {
    look_at_moving_rows();
    PILEUS_ASSIGN(const auto findings, check_disks(store_, volumes_, options_));
    for (const auto& finding : findings)
        log_warning("the store and the disk differ", {{"finding", finding}});
    return Outcome::done();
}

// They have work of their own, which does not get lost; this is for a store that was mended by
// hand.
void DiskCheckController::look_at_moving_rows() {
    (void)store_.write([&](store::Transaction& tx) -> Result<void> {
        const auto now = clock_.now();
        for (const auto& volume : store::volumes::list_of_host(tx, options_.host_id)) {
            const bool rests = volume.state == VolumeState::available ||
                               volume.state == VolumeState::error ||
                               (volume.state == VolumeState::in_use &&
                                volume.attachment == domain::AttachmentState::attached);
            if (!rests)
                store::work::enqueue(tx, "volume", volume.id, options_.host_id, now);
        }
        for (const auto& snapshot : store::snapshots::list_of_host(tx, options_.host_id))
            if (snapshot.state == SnapshotState::pending ||
                snapshot.state == SnapshotState::deleting) {
                store::work::enqueue(tx, "snapshot", snapshot.id, options_.host_id, now);
                for (const auto& image : store::images::list_using_snapshot(tx, snapshot.id))
                    store::work::enqueue(tx, "image", image.id, options_.host_id, now);
            }
        return {};
    });
}

} // namespace pileus::engine
