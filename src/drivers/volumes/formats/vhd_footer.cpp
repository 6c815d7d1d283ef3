// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/vhd_footer.h"

#include <algorithm>
#include <string_view>

namespace pileus::drivers {

namespace {

constexpr size_t footer_bytes = 512;
constexpr size_t checksum_offset = 64;

void put(std::string& bytes, size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i)
        bytes[offset + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
}

struct Geometry {
    uint64_t cylinders;
    uint64_t heads;
    uint64_t sectors;
};

// As the appendix of Microsoft's "Virtual Hard Disk Image Format Specification" computes it.
Geometry geometry_of(uint64_t total_sectors) {
    constexpr uint64_t largest = 65535 * 16 * 255;
    const uint64_t total = std::min(total_sectors, largest);
    if (total >= 65535 * 16 * 63)
        return {total / 255 / 16, 16, 255};
    uint64_t sectors = 17;
    uint64_t cylinders_by_heads = total / sectors;
    uint64_t heads = std::max<uint64_t>((cylinders_by_heads + 1023) / 1024, 4);
    if (cylinders_by_heads >= heads * 1024 || heads > 16) {
        sectors = 31;
        heads = 16;
        cylinders_by_heads = total / sectors;
    }
    if (cylinders_by_heads >= heads * 1024) {
        sectors = 63;
        heads = 16;
        cylinders_by_heads = total / sectors;
    }
    return {cylinders_by_heads / heads, heads, sectors};
}

} // namespace

std::string make_vhd_footer(int64_t virtual_bytes) {
    const auto bytes = static_cast<uint64_t>(virtual_bytes);
    const auto geometry = geometry_of(bytes / 512);
    std::string footer(footer_bytes, '\0');
    footer.replace(0, 8, "conectix");
    put(footer, 8, 2, 4);             // features: a bit that is always set
    put(footer, 12, 0x10000, 4);      // version 1.0
    put(footer, 16, ~uint64_t{0}, 8); // no further header: of fixed size
    footer.replace(28, 4, "pile");
    put(footer, 32, 0x10000, 4);
    footer.replace(36, 4, "Wi2k");
    put(footer, 40, bytes, 8);
    put(footer, 48, bytes, 8);
    put(footer, 56, geometry.cylinders, 2);
    put(footer, 58, geometry.heads, 1);
    put(footer, 59, geometry.sectors, 1);
    put(footer, 60, 2, 4); // a fixed disk
    footer.replace(68, 8, "pileus..");
    uint64_t sum = 0;
    for (const char c : footer)
        sum += static_cast<uint8_t>(c);
    put(footer, checksum_offset, ~sum, 4);
    return footer;
}

} // namespace pileus::drivers
