// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/foreign_disk.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;

void put(std::string& bytes, size_t offset, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i)
        bytes.at(offset + i) = static_cast<char>(value >> (8 * i));
}

constexpr const char* descriptor = "# Disk DescriptorFile\n"
                                   "version=1\n"
                                   "CID=fffffffe\n"
                                   "parentCID=ffffffff\n"
                                   "createType=\"monolithicSparse\"\n"
                                   "\n"
                                   "RW 2097152 SPARSE \"disk.vmdk\"\n"
                                   "ddb.adapterType = \"ide\"\n";

// A disk of 1 GiB: header, descriptor, and room for its directory.
std::string make_vmdk(const std::string& text = descriptor) {
    std::string disk(64 * 1024, '\0');
    disk.replace(0, 4, "KDMV");
    put(disk, 4, 1, 4);
    put(disk, 12, 2097152, 8); // capacity
    put(disk, 20, 128, 8);     // grain
    put(disk, 28, 1, 8);       // descriptor
    put(disk, 36, 20, 8);
    put(disk, 44, 512, 4);
    put(disk, 56, 21, 8); // directory
    disk.replace(512, text.size(), text);
    return disk;
}

std::string make_stream() {
    std::string text = descriptor;
    text.replace(text.find("monolithicSparse"), 16, "streamOptimized");
    auto disk = make_vmdk(text);
    const auto header = disk.substr(0, 512);
    put(disk, 56, ~uint64_t{0}, 8);
    return disk + std::string(512, '\0') + header + std::string(512, '\0');
}

std::string tar_member(const std::string& name, const std::string& content, char type = '0') {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(124, 11, fmt::format("{:011o}", content.size()));
    header[156] = type;
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : header)
        sum += static_cast<uint8_t>(c);
    header.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

std::string make_ova() {
    return tar_member("vm.ovf", "<Envelope/>") + tar_member("vm-disk1.vmdk", make_stream()) +
           std::string(1024, '\0');
}

void expect_refused(std::string_view format, const std::string& file, const char* reason) {
    const auto disk = inspect_foreign_disk(format, bytes_of(file));
    ASSERT_FALSE(disk) << reason;
    EXPECT_EQ(disk.error().code, errors::invalid);
    EXPECT_THAT(disk.error().message, HasSubstr(reason));
}

TEST(ForeignDisk, ReadsAVmdk) {
    const auto file = make_vmdk();
    const auto disk = inspect_foreign_disk("vmdk", bytes_of(file));
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_EQ(disk->driver, "vmdk");
    EXPECT_EQ(disk->virtual_bytes, int64_t{1} << 30);
    EXPECT_EQ(disk->bytes, file.size());
}

TEST(ForeignDisk, ReadsAStreamByItsFooter) {
    EXPECT_TRUE(inspect_foreign_disk("vmdk", bytes_of(make_stream())));
    auto lying = make_stream();
    put(lying, lying.size() - 1024 + 12, 4194304, 8);
    expect_refused("vmdk", lying, "differ");
    auto endless = make_stream();
    put(endless, endless.size() - 1024 + 56, ~uint64_t{0}, 8);
    expect_refused("vmdk", endless, "differ");
    expect_refused("vmdk", make_stream().substr(0, 66000), "cut off");
}

TEST(ForeignDisk, FindsTheDiskOfAnOva) {
    const auto file = make_ova();
    const auto disk = inspect_foreign_disk("ova", bytes_of(file));
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_EQ(disk->offset, 512u + 512 + 512);
    EXPECT_EQ(disk->bytes, make_stream().size());
    EXPECT_EQ(disk->virtual_bytes, int64_t{1} << 30);
}

TEST(ForeignDisk, OvaLiesAreRefused) {
    expect_refused("ova", tar_member("vm.ovf", "x") + std::string(1024, '\0'), "no .vmdk");
    expect_refused("ova",
                   tar_member("a.vmdk", make_vmdk()) + tar_member("b.vmdk", make_vmdk()),
                   "more than one disk");
    expect_refused("ova", "not a tar archive" + std::string(600, 'x'), "not a tar archive");
    expect_refused("ova", make_ova().substr(0, 4096), "cut off");
    expect_refused("ova", tar_member("../../a.vmdk", "", '2') + std::string(512, '\0'), "no .vmdk");
    std::string many;
    for (int i = 0; i < 65; ++i)
        many += tar_member("file", "");
    expect_refused("ova", many, "more than 64");
    auto huge = tar_member("a.vmdk", "x");
    huge.replace(124, 12, "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    expect_refused("ova", huge, "damaged"); // the checksum, and then the size
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

class VmdkLies : public testing::TestWithParam<Lie> {};

TEST_P(VmdkLies, AreRefused) {
    auto disk = make_vmdk();
    put(disk, GetParam().offset, GetParam().value, GetParam().width);
    expect_refused("vmdk", disk, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(All,
                         VmdkLies,
                         testing::Values(Lie{"Magic", 0, 0, 4, "not a VMDK"},
                                         Lie{"Version", 4, 9, 4, "version"},
                                         // QEMU takes it for a descriptor of other files then.
                                         Lie{"NoCapacity", 12, 0, 8, "size of 0"},
                                         Lie{"Petabytes", 12, uint64_t{1} << 50, 8, "size of"},
                                         Lie{"NoGrain", 20, 0, 8, "grains"},
                                         Lie{"OddGrain", 20, 129, 8, "grains"},
                                         Lie{"HugeGrain", 20, uint64_t{1} << 40, 8, "grains"},
                                         Lie{"NoTable", 44, 0, 4, "grain tables"},
                                         Lie{"LongTable", 44, 513, 4, "grain tables"},
                                         Lie{"NoDirectory", 56, 0, 8, "directory"},
                                         Lie{"DirectoryOutside", 56, 1 << 30, 8, "directory"},
                                         Lie{"NoDescriptor", 28, 0, 8, "no descriptor"},
                                         Lie{"LongDescriptor", 36, 1 << 20, 8, "descriptor"},
                                         Lie{"DescriptorOutside", 28, 1 << 20, 8, "descriptor"}),
                         [](const auto& each) { return each.param.name; });

struct Descriptor {
    const char* name;
    const char* from;
    const char* to;
    const char* reason;
};

void PrintTo(const Descriptor& lie, std::ostream* out) {
    *out << lie.name;
}

class VmdkDescriptors : public testing::TestWithParam<Descriptor> {};

TEST_P(VmdkDescriptors, AreRefused) {
    std::string text = descriptor;
    const std::string_view from = GetParam().from;
    text.replace(text.find(from), from.size(), GetParam().to);
    expect_refused("vmdk", make_vmdk(text), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    VmdkDescriptors,
    testing::Values(
        Descriptor{"Flat", "monolithicSparse", "monolithicFlat", "neither"},
        Descriptor{"TwoTypes", "CID=", "createType=\"streamOptimized\"\nCID=", "neither"},
        Descriptor{"FlatExtent", "SPARSE", "FLAT", "other files"},
        Descriptor{"SecondExtent", "ddb.", "RW 1 FLAT \"/etc/shadow\" 0\nddb.", "other files"},
        Descriptor{"Device", "RW 2097152 SPARSE", "RW 2097152 VMFSRDM", "other files"},
        Descriptor{"Parent", "ffffffff", "12345678", "stands on another"},
        Descriptor{
            "ParentName", "ddb.", "parentFileNameHint=\"/etc/shadow\"\nddb.", "stands on another"},
        Descriptor{"NoExtent", "RW 2097152 SPARSE", "#", "does not say"},
        Descriptor{"NoType", "createType", "#", "does not say"}),
    [](const auto& each) { return each.param.name; });

TEST(ForeignDisk, RawIsWhatDoesNotLookLikeAnything) {
    const auto disk = inspect_foreign_disk("raw", bytes_of("some bytes"));
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->virtual_bytes, 512);
    expect_refused("raw", "", "size of 0");
    expect_refused("raw", std::string("QFI\xfb", 4) + "…", "is a qcow2 file");
    expect_refused("raw", make_vmdk(), "is a VMDK file");
    expect_refused("vhdx", "…", "is not one of");
}

TEST(ForeignDisk, EveryCutOffVmdkIsRefused) {
    const auto disk = make_vmdk();
    for (const size_t size : {0, 4, 511, 512, 600, 1024})
        EXPECT_FALSE(inspect_foreign_disk("vmdk", bytes_of(disk.substr(0, size)))) << size;
}

} // namespace
} // namespace pileus::drivers
