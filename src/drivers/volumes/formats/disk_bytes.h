// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of a disk image, wherever they are: a file, a part of one, a test's string.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pileus::drivers {

struct DiskBytes {
    uint64_t size = 0;
    // Up to `count` bytes from `offset`; fewer at the end, or where they cannot be read.
    std::function<std::string(uint64_t offset, size_t count)> read;
};

// `bytes` has to outlive it.
DiskBytes bytes_of(std::string_view bytes);
// The part of it that begins at `offset`, which lies within it.
DiskBytes slice(DiskBytes whole, uint64_t offset, uint64_t size);

} // namespace pileus::drivers
