// SPDX-License-Identifier: Apache-2.0
#include "drivers/picture/picture.h"

#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

TEST(Ppm, IsReadAsItIs) {
    const auto picture = parse_ppm("P6\n2 1\n255\nabcdef");
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->width, 2);
    EXPECT_EQ(picture->height, 1);
    EXPECT_EQ(picture->pixels, "abcdef");
}

TEST(Ppm, LiesAreRefused) {
    const std::string cases[] = {"",
                                 "P6",
                                 "P5\n2 1\n255\nabcdef",
                                 "P6\n2 1\n255\nabcde",
                                 "P6\n2 1\n255\nabcdefg",
                                 "P6\n2 1\n65535\nabcdef",
                                 "P6\n0 1\n255\n",
                                 "P6\n-1 -1\n255\nabc",
                                 "P6\n8193 1\n255\n" + std::string(3 * 8193, 'x'),
                                 "P6\n8192 8192\n255\n",
                                 "P6\n999999999999999999999 1\n255\nabc"};
    for (const auto& text : cases)
        EXPECT_EQ(parse_ppm(text).error().code, errors::invalid) << text.substr(0, 40);
}

TEST(Jpeg, BeginsAndEndsAsOne) {
    const auto jpeg = encode_jpeg({64, 48, std::string(3 * 64 * 48, '\x7f')});
    ASSERT_TRUE(jpeg) << jpeg.error().message;
    EXPECT_EQ(jpeg->substr(0, 3), "\xff\xd8\xff");
    EXPECT_EQ(jpeg->substr(jpeg->size() - 2), "\xff\xd9");
    EXPECT_LT(jpeg->size(), 2000u);
}

TEST(Jpeg, NeedsItsPixels) {
    EXPECT_EQ(encode_jpeg({2, 2, "abc"}).error().code, errors::invalid);
    EXPECT_EQ(encode_jpeg({0, 0, ""}).error().code, errors::invalid);
}

} // namespace
} // namespace pileus::drivers
