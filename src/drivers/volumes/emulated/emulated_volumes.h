// SPDX-License-Identifier: Apache-2.0
#pragma once

// Volumes without a disk, for emulation mode and the simulator. Owned by the composition root or a
// test; any thread may call it. Nothing survives a restart.

#include "drivers/volumes/volumes.h"

#include <map>
#include <mutex>

namespace pileus::drivers {

struct EmulatedVolumesOptions {
    // Whether volumes and snapshots must have been made in this object. Not in emulation mode,
    // where the store knows of volumes and snapshots that a former daemon made.
    bool strict = true;
};

class EmulatedVolumes final : public Volumes {
  public:
    explicit EmulatedVolumes(EmulatedVolumesOptions options = {});

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
        std::string snapshot_id;
    };
    Result<void> make(const std::string& volume_id, const Volume& volume);

    const EmulatedVolumesOptions options_;
    std::mutex mutex_;
    std::map<std::string, Volume> volumes_;
    std::map<std::string, bool> snapshots_; // whether its owner removed it
};

} // namespace pileus::drivers
