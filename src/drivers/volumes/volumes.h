// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pileus::drivers {

// One file of a disk's layer tree. The format is always stated, never probed: a guest can write what it likes into its disk.
struct DiskLayer {
    std::string path;
    std::string format; // "qcow2" or "raw"
    bool read_only = false;
};

// What a hypervisor opens: the writable top first, then what backs it, down to the bottom.
struct DiskChain {
    std::string volume_id;
    std::vector<DiskLayer> layers;
};

struct VolumeObservation {
    std::string id;
    int64_t size_gib = 0;
    int64_t allocated_bytes = 0;
};

// Block storage by volume id and snapshot id. Owned by the daemon's root; any thread may call it; calls on the same id are
// serialised by the caller (the engine leases work by resource). Everything it knows is on disk and survives a restart.
class Volumes {
  public:
    virtual ~Volumes() = default;

    // Reads what is there and removes what a crash left half made.
    virtual Result<void> recover() = 0;
    // Takes a finished disk image over as the snapshot `snapshot_id` (copied or hard-linked, then read-only).
    virtual Result<void> import_snapshot(const std::string& snapshot_id, const std::string& path) = 0;
    // Makes an empty volume, or a copy-on-write clone of a snapshot grown to `size_gib`; time does not depend on the size.
    virtual Result<void> create(const std::string& volume_id, int64_t size_gib) = 0;
    virtual Result<void>
    clone(const std::string& volume_id, const std::string& snapshot_id, int64_t size_gib) = 0;
    virtual Result<DiskChain> open(const std::string& volume_id) = 0;
    // Gone already is success.
    virtual Result<void> remove(const std::string& volume_id) = 0;
    virtual Result<void> remove_snapshot(const std::string& snapshot_id) = 0;
    virtual Result<std::vector<VolumeObservation>> observe() = 0;
};

} // namespace pileus::drivers
