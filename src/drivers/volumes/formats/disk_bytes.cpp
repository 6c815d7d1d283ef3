// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/disk_bytes.h"

#include <algorithm>

namespace pileus::drivers {

DiskBytes bytes_of(std::string_view bytes) {
    return {bytes.size(), [bytes](uint64_t offset, size_t count) {
                return std::string(offset < bytes.size() ? bytes.substr(offset, count) : "");
            }};
}

DiskBytes slice(DiskBytes whole, uint64_t offset, uint64_t size) {
    return {size, [whole = std::move(whole), offset, size](uint64_t at, size_t count) {
                if (at >= size)
                    return std::string();
                return whole.read(offset + at, std::min<uint64_t>(count, size - at));
            }};
}

} // namespace pileus::drivers
