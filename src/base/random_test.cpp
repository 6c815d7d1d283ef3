// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <array>
#include <gtest/gtest.h>
#include <set>

namespace pileus {
namespace {

TEST(SeededRandom, RepeatsItself) {
    SeededRandom a(7), b(7), other(8);
    const auto first = a.hex(17);
    EXPECT_EQ(first, b.hex(17));
    EXPECT_NE(first, other.hex(17));
    EXPECT_NE(first, a.hex(17));
}

TEST(Random, HexHasExactlyTheDigitsAskedFor) {
    SystemRandom random;
    for (size_t digits = 0; digits < 40; ++digits) {
        const auto text = random.hex(digits);
        EXPECT_EQ(text.size(), digits);
        EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
    }
}

TEST(SystemRandom, FillsLargeBuffersAndDoesNotRepeat) {
    SystemRandom random;
    std::array<uint8_t, 100'000> bytes{};
    random.fill(bytes);
    EXPECT_EQ(std::set<uint8_t>(bytes.end() - 5000, bytes.end()).size(), 256u);
    std::set<uint64_t> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(random.next_u64());
    EXPECT_EQ(seen.size(), 1000u);
}

} // namespace
} // namespace pileus
