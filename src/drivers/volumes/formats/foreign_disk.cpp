// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/foreign_disk.h"

#include "drivers/volumes/formats/ova_archive.h"
#include "drivers/volumes/formats/qcow2_header.h"
#include "drivers/volumes/formats/vmdk_header.h"

#include <array>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr uint64_t sector = 512;

Result<ForeignDisk> inspect_qcow2(const DiskBytes& file) {
    PILEUS_ASSIGN(const Qcow2Header header,
                  read_standalone_qcow2(file.read(0, qcow2_limits::header_bytes), file.size));
    return ForeignDisk{"qcow2", header.virtual_bytes, 0, file.size};
}

// Bytes are bytes; but a file that begins like another format was surely not meant to be a disk.
Result<ForeignDisk> inspect_raw(const DiskBytes& file) {
    struct Format {
        std::string_view start;
        std::string_view name;
    };
    constexpr std::array<Format, 4> others = {{{"QFI\xfb", "qcow2"},
                                               {"KDMV", "VMDK"},
                                               {"vhdxfile", "VHDX"},
                                               {"# Disk DescriptorFile", "VMDK"}}};
    const std::string start = file.read(0, sector);
    for (const auto& other : others)
        if (start.starts_with(other.start))
            return fail(errors::invalid,
                        fmt::format("The disk image cannot be used: it is said to be raw, and is "
                                    "a {} file",
                                    other.name));
    if (file.size == 0 || file.size > static_cast<uint64_t>(qcow2_limits::virtual_bytes))
        return fail(errors::invalid,
                    fmt::format("The disk image cannot be used: its size of {} bytes is not "
                                "between 1 and {}",
                                file.size,
                                qcow2_limits::virtual_bytes));
    const uint64_t virtual_bytes = (file.size + sector - 1) / sector * sector;
    return ForeignDisk{"raw", static_cast<int64_t>(virtual_bytes), 0, file.size};
}

Result<ForeignDisk> inspect_vmdk(const DiskBytes& file) {
    PILEUS_ASSIGN(const VmdkHeader header, read_standalone_vmdk(file));
    return ForeignDisk{"vmdk", header.virtual_bytes, 0, file.size};
}

Result<ForeignDisk> inspect_ova(const DiskBytes& file) {
    PILEUS_ASSIGN(const OvaDisk disk, find_ova_disk(file));
    PILEUS_ASSIGN(ForeignDisk found, inspect_vmdk(slice(file, disk.offset, disk.bytes)));
    found.offset = disk.offset;
    found.bytes = disk.bytes;
    return found;
}

} // namespace

Result<ForeignDisk> inspect_foreign_disk(std::string_view format, const DiskBytes& file) {
    if (format == "qcow2")
        return inspect_qcow2(file);
    if (format == "raw")
        return inspect_raw(file);
    if (format == "vmdk")
        return inspect_vmdk(file);
    if (format == "ova")
        return inspect_ova(file);
    return fail(errors::invalid,
                fmt::format("The format '{}' is not one of qcow2, raw, vmdk, ova", format));
}

} // namespace pileus::drivers
