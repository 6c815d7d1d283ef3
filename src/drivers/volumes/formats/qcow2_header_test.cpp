// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/qcow2_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;

constexpr int64_t gib = int64_t{1} << 30;

void put(std::string& bytes, size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i)
        bytes.at(offset + i) = static_cast<char>(value >> (8 * (width - 1 - i)));
}

TEST(Qcow2Header, ReadsWhatWasMade) {
    const auto image = make_qcow2(8 * gib);
    const auto header = read_standalone_qcow2(image.bytes, image.file_bytes);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->virtual_bytes, 8 * gib);
    EXPECT_EQ(header->cluster_bits, 16u);
}

TEST(Qcow2Header, FileIsSmallWhateverTheSize) {
    EXPECT_EQ(make_qcow2(1 * gib).file_bytes, 7u * 65536);
    EXPECT_EQ(make_qcow2(16384 * gib).file_bytes, 7u * 65536);
}

TEST(Qcow2Header, GrowsByOneField) {
    auto image = make_qcow2(1 * gib);
    image.bytes.replace(virtual_size_offset, 8, virtual_size_field(16384 * gib));
    const auto header = read_standalone_qcow2(image.bytes, image.file_bytes);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->virtual_bytes, 16384 * gib);
}

TEST(Qcow2Header, RefusesAnEncryptedImage) {
    const auto image = make_encrypted_qcow2(8 * gib, "LUKS", 2 * 1024 * 1024);
    const auto header = read_standalone_qcow2(image.bytes, image.file_bytes);
    ASSERT_FALSE(header);
    EXPECT_THAT(header.error().message, HasSubstr("encrypted"));
}

struct Lie {
    const char* name;
    size_t offset;
    uint64_t value;
    size_t width;
    const char* reason;
};

void PrintTo(const Lie& lie, std::ostream* out) {
    *out << lie.name;
}

class Qcow2HeaderLies : public testing::TestWithParam<Lie> {};

TEST_P(Qcow2HeaderLies, AreRefused) {
    auto image = make_qcow2(8 * gib);
    put(image.bytes, GetParam().offset, GetParam().value, GetParam().width);
    const auto header = read_standalone_qcow2(image.bytes, image.file_bytes);
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().code, errors::invalid);
    EXPECT_THAT(header.error().message, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Qcow2HeaderLies,
    testing::Values(
        Lie{"Magic", 0, 0x4b444d56, 4, "not a qcow2 file"},
        Lie{"Version", 4, 4, 4, "version 4"},
        Lie{"BackingFileOffset", 8, 200, 8, "backing file"},
        Lie{"BackingFileLength", 16, 8, 4, "backing file"},
        Lie{"TinyClusters", 20, 8, 4, "cluster size"},
        Lie{"HugeClusters", 20, 63, 4, "cluster size"},
        Lie{"NoSize", 24, 0, 8, "size of 0"},
        Lie{"PetabyteSize", 24, uint64_t{1} << 50, 8, "is not between"},
        Lie{"NegativeSize", 24, ~uint64_t{0}, 8, "is not between"},
        Lie{"Encrypted", 32, 2, 4, "encrypted"},
        Lie{"L1TooShort", 36, 15, 4, "L1 table"},
        Lie{"L1TooLong", 36, 0xffffffff, 4, "L1 table"},
        Lie{"L1Outside", 40, uint64_t{1} << 40, 8, "L1 table lies outside"},
        Lie{"L1Wraps", 40, ~uint64_t{0xffff}, 8, "L1 table lies outside"},
        Lie{"L1OnTheHeader", 40, 0, 8, "L1 table is misplaced"},
        Lie{"L1Unaligned", 40, 65537, 8, "L1 table is misplaced"},
        Lie{"RefcountsOutside", 48, uint64_t{1} << 40, 8, "refcount table lies outside"},
        Lie{"RefcountTableBomb", 56, 0xffffffff, 4, "refcount table is absurd"},
        Lie{"NoRefcountTable", 56, 0, 4, "refcount table is absurd"},
        Lie{"InternalSnapshots", 60, 3, 4, "internal snapshots"},
        Lie{"Dirty", 72, 1, 8, "closed cleanly"},
        Lie{"Corrupt", 72, 2, 8, "closed cleanly"},
        Lie{"ExternalDataFeature", 72, 4, 8, "another file"},
        Lie{"UnknownFeature", 72, 1 << 9, 8, "not known"},
        Lie{"Bitmaps", 88, 1, 8, "bitmaps"},
        Lie{"RefcountWidth", 96, 7, 4, "refcount width"},
        Lie{"ShortHeader", 100, 72, 4, "header is absurd"},
        Lie{"LongHeader", 100, 0xfffffff8, 4, "header is absurd"},
        Lie{"ExternalDataName", 112, 0x44415441, 4, "another file"},
        Lie{"LuksHeader", 112, 0x0537be77, 4, "encrypted"},
        Lie{"ExtensionWithoutEnd", 112, 0x12345678fffffff0, 8, "do not end"}),
    [](const auto& each) { return each.param.name; });

TEST(Qcow2Header, RefusesEveryCutOffFile) {
    const auto image = make_qcow2(8 * gib);
    for (size_t size = 0; size < 120; ++size)
        EXPECT_FALSE(read_standalone_qcow2(std::string_view(image.bytes).substr(0, size), size))
            << size;
}

} // namespace
} // namespace pileus::drivers
