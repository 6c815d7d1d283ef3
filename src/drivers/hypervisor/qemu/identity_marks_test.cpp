// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/identity_marks.h"

#include <gmock/gmock.h>

namespace pileus::drivers {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

const IdentityMarks old_marks{"02:ab:cd:ef:01:23",
                              "ec2f0102-0304-4506-8708-090a0b0c0d0e",
                              "wt-0123456789abcdef",
                              "0f0e0d0c-0b0a-4908-8706-050403020100",
                              "00112233445566778899aabbccddeeff"};
const IdentityMarks new_marks{"02:11:22:33:44:55",
                              "ec2faaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
                              "i-fedcba98765432100",
                              "11111111-2222-4333-8444-555555555555",
                              "ffffffffffffffffffffffffffffffff"};

std::vector<MarkPlace> find(const std::string& bytes, uint64_t base = 0) {
    std::vector<MarkPlace> places;
    MarkFinder(old_marks).find(bytes, base, places);
    return places;
}

TEST(IdentityMarks, LookLikeThisInMemory) {
    EXPECT_EQ(*bytes_of(MarkForm::mac_bytes, old_marks), "\x02\xab\xcd\xef\x01\x23");
    EXPECT_EQ(*bytes_of(MarkForm::mac_upper_text, old_marks), "02:AB:CD:EF:01:23");
    EXPECT_EQ(*bytes_of(MarkForm::uuid_smbios_bytes, old_marks),
              "\x02\x01\x2f\xec\x04\x03\x06\x45\x87\x08\x09\x0a\x0b\x0c\x0d\x0e");
    EXPECT_EQ(bytes_of(MarkForm::uuid_bytes, old_marks)->substr(0, 3), "\xec\x2f\x01");
    EXPECT_FALSE(bytes_of(MarkForm::boot_id_text, IdentityMarks{}));
}

TEST(IdentityMarks, EachFormIsFoundWhereItIsAndReplaced) {
    for (size_t i = 0; i < mark_forms; ++i) {
        const auto form = static_cast<MarkForm>(i);
        const std::string before = *bytes_of(form, old_marks);
        std::string memory = std::string(100, 'x') + before + std::string(7, '\0') + before;
        const auto places = find(memory);
        EXPECT_THAT(
            places,
            UnorderedElementsAre(MarkPlace{100, form}, MarkPlace{107 + before.size(), form}))
            << i;
        replace_marks(memory, places, new_marks);
        const std::string after = *bytes_of(form, new_marks);
        EXPECT_EQ(memory, std::string(100, 'x') + after + std::string(7, '\0') + after) << i;
        EXPECT_THAT(find(memory), IsEmpty()) << i;
    }
}

TEST(IdentityMarks, AMachineIdMadeOfTheUuidIsAMachineId) {
    auto marks = old_marks;
    marks.machine_id = "ec2f0102030445068708090a0b0c0d0e";
    std::vector<MarkPlace> places;
    MarkFinder(marks).find(*bytes_of(MarkForm::uuid_bytes, marks), 0, places);
    EXPECT_THAT(places, UnorderedElementsAre(MarkPlace{0, MarkForm::machine_id_bytes}));
}

TEST(IdentityMarks, ABeginningIsNoMark) {
    for (size_t i = 0; i < mark_forms; ++i) {
        auto bytes = *bytes_of(static_cast<MarkForm>(i), old_marks);
        bytes.pop_back();
        EXPECT_THAT(find(bytes), IsEmpty()) << i;
    }
    EXPECT_THAT(find(""), IsEmpty());
}

TEST(IdentityMarks, PlacesCountFromTheBase) {
    EXPECT_THAT(find("..wt-0123456789abcdef", 4096),
                UnorderedElementsAre(MarkPlace{4098, MarkForm::asset_tag_text}));
}

TEST(IdentityMarks, WhatIsOutsideIsLeftAlone) {
    std::string memory = "abc";
    replace_marks(
        memory, {{1, MarkForm::mac_bytes}, {~uint64_t{0}, MarkForm::mac_bytes}}, new_marks);
    EXPECT_EQ(memory, "abc");
}

TEST(IdentityMarks, OnlyMarksOfTheSameLengthReplaceEachOther) {
    EXPECT_TRUE(can_replace(old_marks, new_marks));
    EXPECT_TRUE(can_replace(IdentityMarks{}, new_marks));
    auto other = new_marks;
    other.asset_tag = "i-01234567";
    EXPECT_FALSE(can_replace(old_marks, other));
    other.asset_tag.clear();
    EXPECT_FALSE(can_replace(old_marks, other));
}

} // namespace
} // namespace pileus::drivers
