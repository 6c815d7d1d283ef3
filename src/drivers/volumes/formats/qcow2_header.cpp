// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/qcow2_header.h"

#include <fmt/core.h>

namespace pileus::drivers {

namespace {

// Offsets and values of the format: docs/interop/qcow2.txt of QEMU.
constexpr uint32_t magic = 0x514649fb;
constexpr size_t v2_length = 72;
constexpr size_t v3_length = 104;
constexpr uint64_t crypt_luks = 2;
constexpr uint64_t feature_dirty = 1 << 0;
constexpr uint64_t feature_corrupt = 1 << 1;
constexpr uint64_t feature_external_data = 1 << 2;
constexpr uint64_t feature_compression = 1 << 3;
constexpr uint64_t feature_extended_l2 = 1 << 4;
constexpr uint32_t extension_end = 0;
constexpr uint32_t extension_backing_format = 0xe2792aca;
constexpr uint32_t extension_external_data = 0x44415441;
constexpr uint32_t extension_encryption = 0x0537be77;

tl::unexpected<Error> refuse(std::string_view why) {
    return fail(errors::invalid, fmt::format("The disk image cannot be used: {}", why));
}

uint64_t read_number(std::string_view bytes, size_t offset, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i)
        value = value << 8 | static_cast<uint8_t>(bytes[offset + i]);
    return value;
}

uint32_t u32(std::string_view bytes, size_t offset) {
    return static_cast<uint32_t>(read_number(bytes, offset, 4));
}

uint64_t u64(std::string_view bytes, size_t offset) {
    return read_number(bytes, offset, 8);
}

void put(std::string& bytes, size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i)
        bytes[offset + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
}

uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0 ? 1 : 0);
}

Result<void> check_features(std::string_view start) {
    const uint64_t incompatible = u64(start, 72);
    if (incompatible & feature_external_data)
        return refuse("its data is in another file");
    if (incompatible & (feature_dirty | feature_corrupt))
        return refuse("it was not closed cleanly; repair it with qemu-img check -r all");
    if (incompatible & ~(feature_compression | feature_extended_l2))
        return refuse("it uses a feature that is not known here");
    if (u64(start, 88) != 0) // auto-clear features: bitmaps and raw external data
        return refuse("it carries bitmaps; convert it with qemu-img convert");
    return {};
}

Result<void> check_extensions(std::string_view start, size_t header_length) {
    size_t offset = header_length;
    for (int i = 0; i < qcow2_limits::header_extensions; ++i) {
        if (start.size() - offset < 8)
            return refuse("its header extensions do not end");
        const uint32_t type = u32(start, offset);
        const size_t length = u32(start, offset + 4);
        offset += 8;
        if (type == extension_end)
            return {};
        if (type == extension_external_data)
            return refuse("its data is in another file");
        if (type == extension_encryption)
            return refuse("it is encrypted");
        if (length > start.size() - offset)
            return refuse("its header extensions do not end");
        const size_t padded = (length + 7) / 8 * 8;
        if (padded > start.size() - offset)
            return refuse("its header extensions do not end");
        offset += padded;
    }
    return refuse("it has too many header extensions");
}

Result<void> check_table(std::string_view what,
                         uint64_t offset,
                         uint64_t bytes,
                         uint64_t cluster_bytes,
                         uint64_t file_bytes) {
    if (offset % cluster_bytes != 0 || offset < cluster_bytes)
        return refuse(fmt::format("its {} is misplaced", what));
    if (bytes > file_bytes || offset > file_bytes - bytes)
        return refuse(fmt::format("its {} lies outside of the file", what));
    return {};
}

Result<void> check_tables(std::string_view start,
                          uint64_t virtual_bytes,
                          uint64_t cluster_bytes,
                          bool extended_l2,
                          uint64_t file_bytes) {
    const uint64_t entries_per_l2 = cluster_bytes / (extended_l2 ? 16 : 8);
    const uint64_t l1_needed = divide_up(virtual_bytes, cluster_bytes * entries_per_l2);
    const uint64_t l1_entries = u32(start, 36);
    if (l1_entries < l1_needed || l1_entries * 8 > qcow2_limits::l1_table_bytes)
        return refuse("the length of its L1 table does not fit its size");
    PILEUS_TRY(check_table("L1 table", u64(start, 40), l1_entries * 8, cluster_bytes, file_bytes));

    const uint64_t refcount_bytes = u32(start, 56) * cluster_bytes;
    if (refcount_bytes == 0 || refcount_bytes > qcow2_limits::refcount_table_bytes)
        return refuse("the length of its refcount table is absurd");
    return check_table("refcount table", u64(start, 48), refcount_bytes, cluster_bytes, file_bytes);
}

} // namespace

Result<Qcow2Header> read_standalone_qcow2(std::string_view start, uint64_t file_bytes) {
    start = start.substr(0, qcow2_limits::header_bytes);
    if (start.size() < v2_length || u32(start, 0) != magic)
        return refuse("it is not a qcow2 file; convert it with qemu-img convert -O qcow2");
    const uint32_t version = u32(start, 4);
    if (version != 2 && version != 3)
        return refuse(fmt::format("its qcow2 version {} is not 2 or 3", version));
    if (u64(start, 8) != 0 || u32(start, 16) != 0)
        return refuse("it has a backing file; flatten it with qemu-img convert -O qcow2");
    const uint32_t cluster_bits = u32(start, 20);
    if (cluster_bits < 9 || cluster_bits > 21)
        return refuse(fmt::format("its cluster size 2^{} is out of range", cluster_bits));
    const uint64_t virtual_bytes = u64(start, 24);
    if (virtual_bytes == 0 || virtual_bytes > uint64_t{qcow2_limits::virtual_bytes})
        return refuse(fmt::format("its size of {} bytes is not between 1 and {}",
                                  virtual_bytes,
                                  qcow2_limits::virtual_bytes));
    if (u32(start, 32) != 0)
        return refuse("it is encrypted");
    if (u32(start, 60) != 0)
        return refuse("it holds internal snapshots; convert it with qemu-img convert -O qcow2");

    size_t header_length = v2_length;
    bool extended_l2 = false;
    if (version == 3) {
        if (start.size() < v3_length)
            return refuse("its header is cut off");
        PILEUS_TRY(check_features(start));
        extended_l2 = (u64(start, 72) & feature_extended_l2) != 0;
        if (u32(start, 96) > 6)
            return refuse("its refcount width is out of range");
        header_length = u32(start, 100);
        if (header_length < v3_length || header_length % 8 != 0 || header_length > start.size())
            return refuse("the length of its header is absurd");
    }
    PILEUS_TRY(check_extensions(start, header_length));
    PILEUS_TRY(
        check_tables(start, virtual_bytes, uint64_t{1} << cluster_bits, extended_l2, file_bytes));
    return Qcow2Header{static_cast<int64_t>(virtual_bytes), cluster_bits};
}

NewQcow2 make_qcow2(int64_t virtual_bytes) {
    return make_encrypted_qcow2(virtual_bytes, "", 0);
}

NewQcow2 make_encrypted_qcow2(int64_t virtual_bytes, std::string luks, uint64_t luks_length) {
    constexpr uint64_t cluster_bits = 16;
    constexpr uint64_t cluster = 1 << cluster_bits;
    constexpr uint64_t header_length = 112; // version 3 with the compression type and its padding
    // Clusters: the header, the refcount table, one refcount block, the L1 table, the LUKS header.
    // One block counts 32768 clusters, far more than there are.
    constexpr uint64_t refcount_table = 1 * cluster;
    constexpr uint64_t refcount_block = 2 * cluster;
    constexpr uint64_t l1_table = 3 * cluster;
    constexpr uint64_t l1_entries =
        static_cast<uint64_t>(qcow2_limits::virtual_bytes) / (cluster * (cluster / 8));
    constexpr uint64_t luks_cluster = 3 + l1_entries * 8 / cluster;
    const uint64_t clusters = luks_cluster + divide_up(luks_length, cluster);

    NewQcow2 image;
    image.file_bytes = clusters * cluster;
    image.bytes.assign(refcount_block + clusters * 2, '\0');
    auto& bytes = image.bytes;
    put(bytes, 0, magic, 4);
    put(bytes, 4, 3, 4);
    put(bytes, 20, cluster_bits, 4);
    bytes.replace(virtual_size_offset, 8, virtual_size_field(virtual_bytes));
    put(bytes, 36, l1_entries, 4);
    put(bytes, 40, l1_table, 8);
    put(bytes, 48, refcount_table, 8);
    put(bytes, 56, 1, 4); // clusters of the refcount table
    put(bytes, 96, 4, 4); // refcounts of 2^4 bits
    put(bytes, 100, header_length, 4);

    if (!luks.empty()) {
        put(bytes, 32, crypt_luks, 4);
        put(bytes, header_length, extension_encryption, 4);
        put(bytes, header_length + 4, 16, 4);
        put(bytes, header_length + 8, luks_cluster * cluster, 8);
        put(bytes, header_length + 16, luks_length, 8); // the end of the extensions: zeros
        image.luks = std::move(luks);
        image.luks_offset = luks_cluster * cluster;
    }
    put(bytes, refcount_table, refcount_block, 8);
    for (uint64_t i = 0; i < clusters; ++i)
        put(bytes, refcount_block + 2 * i, 1, 2);
    return image;
}

std::string virtual_size_field(int64_t virtual_bytes) {
    std::string field(8, '\0');
    put(field, 0, static_cast<uint64_t>(virtual_bytes), 8);
    return field;
}

} // namespace pileus::drivers
