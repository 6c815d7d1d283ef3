// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/vmdk_header.h"

#include "base/text.h"

#include <fmt/core.h>

namespace pileus::drivers {

namespace {

// Offsets and values of the format: VMware's "Virtual Disk Format 5.0".
constexpr std::string_view magic = "KDMV";
constexpr uint64_t sector = 512;
constexpr uint64_t directory_at_end = ~uint64_t{0};
constexpr uint64_t footer_bytes = 3 * sector; // its marker, the header again, the end marker

tl::unexpected<Error> refuse(std::string_view why) {
    return fail(errors::invalid, fmt::format("The disk image cannot be used: {}", why));
}

uint64_t number(std::string_view bytes, size_t offset, size_t width) {
    uint64_t value = 0;
    for (size_t i = width; i > 0; --i)
        value = value << 8 | static_cast<uint8_t>(bytes[offset + i - 1]);
    return value;
}

struct Header {
    uint64_t version;
    uint64_t capacity; // in sectors, as all that follow but the table length
    uint64_t grain;
    uint64_t descriptor;
    uint64_t descriptor_length;
    uint64_t table_length; // grains of one table
    uint64_t directory;
};

Result<Header> read_header(const std::string& bytes) {
    if (bytes.size() < sector || !bytes.starts_with(magic))
        return refuse("it is not a VMDK file that holds its disk (monolithicSparse or "
                      "streamOptimized); convert it with qemu-img convert -O qcow2");
    return Header{number(bytes, 4, 4),
                  number(bytes, 12, 8),
                  number(bytes, 20, 8),
                  number(bytes, 28, 8),
                  number(bytes, 36, 8),
                  number(bytes, 44, 4),
                  number(bytes, 56, 8)};
}

Result<void> check_geometry(const Header& header) {
    if (header.version < 1 || header.version > 3)
        return refuse(fmt::format("its VMDK version {} is not 1 to 3", header.version));
    if (header.capacity == 0 || header.capacity > vmdk_limits::virtual_bytes / sector)
        return refuse(fmt::format("its size of {} sectors is not between 1 and {}",
                                  header.capacity,
                                  vmdk_limits::virtual_bytes / sector));
    const auto grain = header.grain;
    if (grain < 8 || grain > vmdk_limits::grain_sectors || (grain & (grain - 1)) != 0)
        return refuse(fmt::format("its grains of {} sectors are out of range", grain));
    if (header.table_length == 0 || header.table_length > 512)
        return refuse("the length of its grain tables is out of range");
    return {};
}

uint64_t directory_bytes(const Header& header) {
    const uint64_t covered = header.grain * header.table_length;
    return (header.capacity + covered - 1) / covered * 4;
}

Result<void> check_directory(const Header& header, uint64_t file_bytes) {
    const uint64_t bytes = directory_bytes(header);
    if (bytes > vmdk_limits::directory_bytes)
        return refuse("its grain directory is absurdly long");
    if (header.directory == 0 || header.directory > file_bytes / sector ||
        bytes > file_bytes - header.directory * sector)
        return refuse("its grain directory lies outside of the file");
    return {};
}

// A disk that was written as a stream says at its end where its directory is.
Result<Header> read_footer(const DiskBytes& disk, const Header& header) {
    if (disk.size < footer_bytes + sector || disk.size % sector != 0)
        return refuse("it is cut off");
    PILEUS_ASSIGN(const Header footer,
                  read_header(disk.read(disk.size - footer_bytes + sector, sector)));
    PILEUS_TRY(check_geometry(footer));
    if (footer.capacity != header.capacity || footer.grain != header.grain ||
        footer.table_length != header.table_length || footer.directory == directory_at_end)
        return refuse("its header and its footer differ");
    return footer;
}

std::string_view value_of(std::string_view line) {
    auto value = trim(line.substr(line.find('=') + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
    return value;
}

bool is_extent(std::string_view line) {
    const auto access = to_lower(line.substr(0, line.find(' ')));
    return access == "rw" || access == "rdonly" || access == "noaccess";
}

Result<void> check_descriptor(std::string_view text) {
    int extents = 0;
    bool has_type = false;
    for (const auto raw_line : split(text, '\n')) {
        const auto line = trim(raw_line);
        const auto key = to_lower(trim(line.substr(0, line.find('='))));
        if (key == "createtype") {
            const auto type = value_of(line);
            if (has_type || (type != "monolithicSparse" && type != "streamOptimized"))
                return refuse("its type is neither monolithicSparse nor streamOptimized; convert "
                              "it with qemu-img convert -O qcow2");
            has_type = true;
        } else if (key == "parentfilenamehint" ||
                   (key == "parentcid" && to_lower(value_of(line)) != "ffffffff")) {
            return refuse("it stands on another disk; flatten it with qemu-img convert -O qcow2");
        } else if (is_extent(line)) {
            const auto words = split(line, ' ');
            if (++extents > 1 || words.size() < 3 || words[2] != "SPARSE")
                return refuse("its data is in other files; convert it with qemu-img convert -O "
                              "qcow2");
        }
    }
    if (!has_type || extents != 1)
        return refuse("its descriptor does not say what it is");
    return {};
}

} // namespace

Result<VmdkHeader> read_standalone_vmdk(const DiskBytes& disk) {
    PILEUS_ASSIGN(const Header header, read_header(disk.read(0, sector)));
    PILEUS_TRY(check_geometry(header));
    if (header.directory == directory_at_end) {
        PILEUS_ASSIGN(const Header footer, read_footer(disk, header));
        PILEUS_TRY(check_directory(footer, disk.size));
    } else {
        PILEUS_TRY(check_directory(header, disk.size));
    }
    if (header.descriptor == 0 || header.descriptor_length == 0)
        return refuse("it has no descriptor");
    if (header.descriptor_length > vmdk_limits::descriptor_bytes / sector ||
        header.descriptor > disk.size / sector)
        return refuse("its descriptor lies outside of the file");
    const auto descriptor =
        disk.read(header.descriptor * sector, header.descriptor_length * sector);
    PILEUS_TRY(check_descriptor(std::string_view(descriptor).substr(0, descriptor.find('\0'))));
    return VmdkHeader{static_cast<int64_t>(header.capacity * sector)};
}

} // namespace pileus::drivers
