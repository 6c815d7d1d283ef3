// SPDX-License-Identifier: Apache-2.0
#pragma once

// Volumes as qcow2 files over read-only snapshot files; see README.md for what lies where. Owned by
// the daemon's root. Any thread may call it (calls on the same id are serialised by the caller);
// everything it knows is on disk, and recover() reads it. One object for a state folder.

#include "drivers/volumes/volumes.h"

#include <filesystem>
#include <map>
#include <mutex>

namespace pileus::drivers {

struct Qcow2VolumesOptions {
    std::filesystem::path state_folder; // made if missing
};

class Qcow2Volumes final : public Volumes {
  public:
    explicit Qcow2Volumes(Qcow2VolumesOptions options);

    Result<void> recover() override;
    Result<void> import_snapshot(const std::string& snapshot_id, const std::string& path) override;
    Result<void> create(const std::string& volume_id, int64_t size_gib) override;
    Result<void>
    clone(const std::string& volume_id, const std::string& snapshot_id, int64_t size_gib) override;
    Result<DiskChain> open(const std::string& volume_id) override;
    Result<void> remove(const std::string& volume_id) override;
    Result<void> remove_snapshot(const std::string& snapshot_id) override;
    Result<std::vector<VolumeObservation>> observe() override;

  private:
    struct Volume {
        int64_t size_gib = 0;
        std::string snapshot_id; // "" for an empty volume
    };
    struct Snapshot {
        int64_t virtual_bytes = 0;
        bool removed = false; // by its owner; the file waits for the last volume on it
    };

    std::filesystem::path volume_path(const std::string& id) const;
    std::filesystem::path record_path(const std::string& id) const;
    std::filesystem::path snapshot_path(const std::string& id) const;
    std::filesystem::path removed_mark_path(const std::string& id) const;

    Result<void> recover_snapshots();
    Result<void> recover_volumes();
    Result<void> recover_volume(const std::string& id);
    Result<void> make(const std::string& volume_id, const Volume& volume);
    Result<void> write_volume(const std::string& volume_id, const Volume& volume);
    // The following expect mutex_ to be held.
    bool has_volumes(const std::string& snapshot_id) const;
    Result<void> drop_snapshot_if_unused(const std::string& snapshot_id);

    const std::filesystem::path volumes_folder_;
    const std::filesystem::path snapshots_folder_;
    std::mutex mutex_;
    std::map<std::string, Volume> volumes_;
    std::map<std::string, Snapshot> snapshots_;
};

} // namespace pileus::drivers
