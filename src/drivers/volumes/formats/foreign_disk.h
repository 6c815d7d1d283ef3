// SPDX-License-Identifier: Apache-2.0
#pragma once

// A disk image from outside, as its own header presents it, when that is something that we take.

#include "base/result.h"
#include "drivers/volumes/formats/disk_bytes.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::drivers {

struct ForeignDisk {
    std::string driver; // what QEMU calls the format: "qcow2", "raw" or "vmdk"
    int64_t virtual_bytes = 0;
    uint64_t offset = 0; // where in the file it begins
    uint64_t bytes = 0;  // and how many it takes there
};

// `format` is what the caller says that it is ("qcow2", "raw", "vmdk", "ova"); it is never guessed.
// errors::invalid says what is wrong.
Result<ForeignDisk> inspect_foreign_disk(std::string_view format, const DiskBytes& file);

} // namespace pileus::drivers
