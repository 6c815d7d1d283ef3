// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/qcow2_volumes.h"

#include "base/file.h"
#include "base/log.h"
#include "domain/ids.h"
#include "drivers/volumes/qcow2/disk_file.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <sys/stat.h>

namespace pileus::drivers {

namespace {

constexpr int64_t bytes_per_gib = int64_t{1} << 30;
constexpr size_t record_limit_bytes = 4096;

Result<void> check_volume_id(const std::string& id) {
    if (domain::is_well_formed_id(domain::prefix::volume, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not a volume id", id));
}

Result<void> check_snapshot_id(const std::string& id) {
    if (domain::is_well_formed_id(domain::prefix::snapshot, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not a snapshot id", id));
}

Result<void> check_size(int64_t size_gib) {
    constexpr int64_t limit_gib = qcow2_limits::virtual_bytes / bytes_per_gib;
    if (size_gib >= 1 && size_gib <= limit_gib)
        return {};
    return fail(errors::invalid,
                fmt::format("a volume of {} GiB cannot be made: 1 to {} can", size_gib, limit_gib));
}

tl::unexpected<Error> no_such_volume(const std::string& id) {
    return fail(errors::not_found, fmt::format("there is no volume {}", id));
}

// The ids of the files of `folder` with this ending; what is half made is removed on the way.
Result<std::vector<std::string>> list_ids(const std::filesystem::path& folder,
                                          std::string_view ending) {
    std::vector<std::string> ids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (is_unfinished(entry.path())) {
            log_info("removing a disk file that was never finished",
                     {{"path", entry.path().string()}});
            PILEUS_TRY(pileus::remove_tree(entry.path()));
        } else if (entry.path().extension() == ending) {
            ids.push_back(entry.path().stem().string());
        }
    }
    if (error)
        return fail(errors::unavailable,
                    fmt::format("cannot read {}: {}", folder.string(), error.message()));
    return ids;
}

} // namespace

Qcow2Volumes::Qcow2Volumes(Qcow2VolumesOptions options)
    : volumes_folder_(options.state_folder / "volumes"),
      snapshots_folder_(options.state_folder / "snapshots") {}

std::filesystem::path Qcow2Volumes::volume_path(const std::string& id) const {
    return volumes_folder_ / (id + ".qcow2");
}

std::filesystem::path Qcow2Volumes::record_path(const std::string& id) const {
    return volumes_folder_ / (id + ".json");
}

std::filesystem::path Qcow2Volumes::snapshot_path(const std::string& id) const {
    return snapshots_folder_ / (id + ".qcow2");
}

std::filesystem::path Qcow2Volumes::removed_mark_path(const std::string& id) const {
    return snapshots_folder_ / (id + ".removed");
}

Result<void> Qcow2Volumes::recover() {
    const std::lock_guard lock(mutex_);
    PILEUS_TRY(make_directories(volumes_folder_));
    PILEUS_TRY(make_directories(snapshots_folder_));
    volumes_.clear();
    snapshots_.clear();
    PILEUS_TRY(recover_snapshots());
    return recover_volumes();
}

Result<void> Qcow2Volumes::recover_snapshots() {
    PILEUS_ASSIGN(const auto ids, list_ids(snapshots_folder_, ".qcow2"));
    for (const auto& id : ids) {
        const auto header = read_image_header(snapshot_path(id));
        if (!check_snapshot_id(id) || !header) {
            log_warning("a snapshot file is left alone, it cannot be used",
                        {{"path", snapshot_path(id).string()},
                         {"reason", header ? "its name is no id" : header.error().message}});
            continue;
        }
        const bool removed = std::filesystem::exists(removed_mark_path(id));
        snapshots_[id] = Snapshot{header->virtual_bytes, removed};
    }
    PILEUS_ASSIGN(const auto marks, list_ids(snapshots_folder_, ".removed"));
    for (const auto& id : marks)
        if (!std::filesystem::exists(snapshot_path(id)))
            PILEUS_TRY(remove_tree(removed_mark_path(id)));
    return {};
}

Result<void> Qcow2Volumes::recover_volumes() {
    PILEUS_ASSIGN(const auto ids, list_ids(volumes_folder_, ".json"));
    for (const auto& id : ids)
        if (check_volume_id(id))
            PILEUS_TRY(recover_volume(id));
    // The crash may have come between the last volume and the snapshot under it.
    const auto snapshots = snapshots_;
    for (const auto& [id, snapshot] : snapshots)
        PILEUS_TRY(drop_snapshot_if_unused(id));
    return {};
}

Result<void> Qcow2Volumes::recover_volume(const std::string& id) {
    // The record comes first and goes last: without the disk, the volume is half made or half gone.
    if (!std::filesystem::exists(volume_path(id)))
        return remove_tree(record_path(id));
    PILEUS_ASSIGN(const std::string text, read_file(record_path(id), record_limit_bytes));
    boost::system::error_code error;
    const auto record = boost::json::parse(text, error);
    const auto* object = error ? nullptr : record.if_object();
    const auto* size = object ? object->if_contains("size_gib") : nullptr;
    const auto* snapshot = object ? object->if_contains("snapshot_id") : nullptr;
    if (!size || !size->is_int64() || !snapshot || !snapshot->is_string()) {
        log_error("the record of a volume cannot be read", {{"path", record_path(id).string()}});
        return {};
    }
    volumes_[id] = Volume{size->as_int64(), std::string(snapshot->as_string())};
    return {};
}

Result<void> Qcow2Volumes::import_snapshot(const std::string& snapshot_id,
                                           const std::string& path) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    {
        const std::lock_guard lock(mutex_);
        if (snapshots_.contains(snapshot_id))
            return {};
    }
    PILEUS_ASSIGN(const Qcow2Header header, copy_image(path, snapshot_path(snapshot_id)));
    const std::lock_guard lock(mutex_);
    snapshots_[snapshot_id] = Snapshot{header.virtual_bytes, false};
    return {};
}

Result<void> Qcow2Volumes::create(const std::string& volume_id, int64_t size_gib) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_size(size_gib));
    return make(volume_id, Volume{size_gib, ""});
}

Result<void> Qcow2Volumes::clone(const std::string& volume_id,
                                 const std::string& snapshot_id,
                                 int64_t size_gib) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    PILEUS_TRY(check_size(size_gib));
    return make(volume_id, Volume{size_gib, snapshot_id});
}

Result<void> Qcow2Volumes::make(const std::string& volume_id, const Volume& volume) {
    {
        const std::lock_guard lock(mutex_);
        if (volumes_.contains(volume_id))
            return {};
        if (!volume.snapshot_id.empty()) {
            const auto snapshot = snapshots_.find(volume.snapshot_id);
            if (snapshot == snapshots_.end() || snapshot->second.removed)
                return fail(errors::not_found,
                            fmt::format("there is no snapshot {}", volume.snapshot_id));
            if (snapshot->second.virtual_bytes > volume.size_gib * bytes_per_gib)
                return fail(errors::invalid,
                            fmt::format("a volume of {} GiB is smaller than its snapshot {} of {} "
                                        "bytes",
                                        volume.size_gib,
                                        volume.snapshot_id,
                                        snapshot->second.virtual_bytes));
        }
        volumes_[volume_id] = volume; // from here on its snapshot stays
    }
    auto written = write_volume(volume_id, volume);
    if (!written) {
        const std::lock_guard lock(mutex_);
        volumes_.erase(volume_id);
    }
    return written;
}

Result<void> Qcow2Volumes::write_volume(const std::string& volume_id, const Volume& volume) {
    const boost::json::object record{{"size_gib", volume.size_gib},
                                     {"snapshot_id", volume.snapshot_id}};
    PILEUS_TRY(write_file_durably(record_path(volume_id), boost::json::serialize(record)));
    return write_new_image(volume_path(volume_id),
                           make_qcow2(volume.size_gib * bytes_per_gib));
}

Result<DiskChain> Qcow2Volumes::open(const std::string& volume_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end())
        return no_such_volume(volume_id);
    DiskChain chain{volume_id, {{volume_path(volume_id).string(), "qcow2", false}}};
    const auto& snapshot_id = volume->second.snapshot_id;
    if (!snapshot_id.empty()) {
        if (!snapshots_.contains(snapshot_id))
            return fail(errors::unavailable,
                        fmt::format("the file of snapshot {}, on which volume {} stands, is gone",
                                    snapshot_id,
                                    volume_id));
        chain.layers.push_back({snapshot_path(snapshot_id).string(), "qcow2", true});
    }
    return chain;
}

Result<void> Qcow2Volumes::remove(const std::string& volume_id) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_TRY(remove_unlocked_file(volume_path(volume_id)));
    PILEUS_TRY(remove_unlocked_file(record_path(volume_id)));
    const std::lock_guard lock(mutex_);
    const auto volume = volumes_.find(volume_id);
    if (volume == volumes_.end())
        return {};
    const auto snapshot_id = volume->second.snapshot_id;
    volumes_.erase(volume);
    return snapshot_id.empty() ? Result<void>() : drop_snapshot_if_unused(snapshot_id);
}

Result<void> Qcow2Volumes::remove_snapshot(const std::string& snapshot_id) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    const std::lock_guard lock(mutex_);
    const auto snapshot = snapshots_.find(snapshot_id);
    if (snapshot == snapshots_.end())
        return {};
    if (!snapshot->second.removed) {
        if (has_volumes(snapshot_id))
            PILEUS_TRY(write_file_durably(removed_mark_path(snapshot_id), ""));
        snapshot->second.removed = true;
    }
    return drop_snapshot_if_unused(snapshot_id);
}

bool Qcow2Volumes::has_volumes(const std::string& snapshot_id) const {
    for (const auto& [id, volume] : volumes_)
        if (volume.snapshot_id == snapshot_id)
            return true;
    return false;
}

Result<void> Qcow2Volumes::drop_snapshot_if_unused(const std::string& snapshot_id) {
    const auto snapshot = snapshots_.find(snapshot_id);
    if (snapshot == snapshots_.end() || !snapshot->second.removed || has_volumes(snapshot_id))
        return {};
    PILEUS_TRY(remove_unlocked_file(snapshot_path(snapshot_id)));
    PILEUS_TRY(remove_unlocked_file(removed_mark_path(snapshot_id)));
    snapshots_.erase(snapshot_id);
    return {};
}

Result<std::vector<VolumeObservation>> Qcow2Volumes::observe() {
    const std::lock_guard lock(mutex_);
    std::vector<VolumeObservation> observations;
    for (const auto& [id, volume] : volumes_) {
        struct stat status {};
        if (::stat(volume_path(id).c_str(), &status) == 0)
            observations.push_back({id, volume.size_gib, status.st_blocks * 512});
    }
    return observations;
}

} // namespace pileus::drivers
