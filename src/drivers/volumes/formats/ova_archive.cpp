// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/ova_archive.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

namespace pileus::drivers {

namespace {

// Offsets of a tar header (POSIX.1-1988 "ustar").
constexpr size_t block = 512;
constexpr size_t name_bytes = 100;
constexpr size_t size_offset = 124;
constexpr size_t size_bytes = 12;
constexpr size_t checksum_offset = 148;
constexpr size_t checksum_bytes = 8;
constexpr size_t type_offset = 156;

tl::unexpected<Error> refuse(std::string_view why) {
    return fail(errors::invalid, fmt::format("The OVA cannot be used: {}", why));
}

std::optional<uint64_t> read_octal(std::string_view field) {
    uint64_t value = 0;
    size_t digits = 0;
    for (const char c : field) {
        if (c == ' ' && digits == 0)
            continue;
        if (c == ' ' || c == '\0')
            break;
        if (c < '0' || c > '7')
            return std::nullopt;
        value = value << 3 | static_cast<uint64_t>(c - '0');
        ++digits;
    }
    return digits > 0 ? std::optional(value) : std::nullopt;
}

// Octal digits; or, of a file above 8 GiB, a binary number behind a first byte of 0x80.
std::optional<uint64_t> read_size(std::string_view field) {
    if (static_cast<uint8_t>(field[0]) != 0x80)
        return read_octal(field);
    if (field.substr(1, 3) != std::string_view("\0\0\0", 3))
        return std::nullopt;
    uint64_t value = 0;
    for (const char c : field.substr(4))
        value = value << 8 | static_cast<uint8_t>(c);
    return value;
}

bool has_right_checksum(std::string_view header) {
    uint64_t sum = 0;
    for (size_t i = 0; i < block; ++i) {
        const bool own = i >= checksum_offset && i < checksum_offset + checksum_bytes;
        sum += own ? ' ' : static_cast<uint8_t>(header[i]);
    }
    return read_octal(header.substr(checksum_offset, checksum_bytes)) == sum;
}

bool is_disk(std::string_view header) {
    const auto name = header.substr(0, name_bytes);
    const char type = header[type_offset];
    return (type == '0' || type == '\0') &&
           to_lower(name.substr(0, name.find('\0'))).ends_with(".vmdk");
}

} // namespace

Result<OvaDisk> find_ova_disk(const DiskBytes& archive) {
    std::optional<OvaDisk> disk;
    uint64_t offset = 0;
    for (int member = 0; member < ova_limits::members; ++member) {
        const std::string header = archive.read(offset, block);
        if (header.size() < block ||
            std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; })) {
            if (!disk)
                return refuse("it holds no .vmdk file");
            return *disk;
        }
        if (!has_right_checksum(header))
            return refuse("it is not a tar archive, or a damaged one");
        const auto size = read_size(std::string_view(header).substr(size_offset, size_bytes));
        offset += block;
        if (!size || offset > archive.size || *size > archive.size - offset)
            return refuse("it is cut off");
        if (is_disk(header)) {
            if (disk)
                return refuse("it holds more than one disk; take its .vmdk files out and import "
                              "each by itself");
            disk = OvaDisk{offset, *size};
        }
        offset += (*size + block - 1) / block * block;
    }
    return refuse(fmt::format("it holds more than {} files", ova_limits::members));
}

} // namespace pileus::drivers
