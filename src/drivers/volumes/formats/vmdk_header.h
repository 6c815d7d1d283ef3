// SPDX-License-Identifier: Apache-2.0
#pragma once

// The header and the descriptor of a VMDK file, read with suspicion. A descriptor can name any file
// of the host as an extent or as its parent: only disks that lie whole in their one file are
// accepted (monolithicSparse, and streamOptimized as in an OVA).

#include "base/result.h"
#include "drivers/volumes/formats/disk_bytes.h"

#include <cstdint>

namespace pileus::drivers {

namespace vmdk_limits {
inline constexpr uint64_t virtual_bytes = uint64_t{16} << 40;
inline constexpr uint64_t descriptor_bytes = 64 * 1024;
inline constexpr uint64_t directory_bytes = 32 * 1024 * 1024; // QEMU keeps it in memory
inline constexpr uint64_t grain_sectors = 16 * 1024;
} // namespace vmdk_limits

struct VmdkHeader {
    int64_t virtual_bytes = 0;
};

Result<VmdkHeader> read_standalone_vmdk(const DiskBytes& disk);

} // namespace pileus::drivers
