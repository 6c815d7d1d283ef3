// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the disk in an OVA: a tar archive that holds a description (OVF) and VMDK files. Nothing is
// unpacked, and no name in it is ever used as a path.

#include "base/result.h"
#include "drivers/volumes/formats/disk_bytes.h"

#include <cstdint>

namespace pileus::drivers {

namespace ova_limits {
inline constexpr int members = 64;
} // namespace ova_limits

struct OvaDisk {
    uint64_t offset = 0;
    uint64_t bytes = 0;
};

// Of an archive that holds one disk.
Result<OvaDisk> find_ova_disk(const DiskBytes& archive);

} // namespace pileus::drivers
