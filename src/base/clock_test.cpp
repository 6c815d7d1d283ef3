// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace pileus {
namespace {

using namespace std::chrono_literals;

TEST(Iso8601, IsWrittenAsEc2Does) {
    EXPECT_EQ(format_iso8601(Time{1'324'369'771s + 7ms}), "2011-12-20T08:29:31.007Z");
    EXPECT_EQ(format_iso8601(Time{0s}), "1970-01-01T00:00:00.000Z");
}

TEST(Iso8601, IsReadWithFractionsAndOffsets) {
    const Time moment{1'324'369'771s};
    EXPECT_EQ(parse_iso8601("2011-12-20T08:29:31Z"), moment);
    EXPECT_EQ(parse_iso8601("2011-12-20T08:29:31.5Z"), moment + 500ms);
    EXPECT_EQ(parse_iso8601("2011-12-20T08:29:31.123456789Z"), moment + 123456us);
    EXPECT_EQ(parse_iso8601("2011-12-20T09:29:31+01:00"), moment);
    EXPECT_EQ(parse_iso8601("2011-12-20T02:59:31-0530"), moment);
    EXPECT_TRUE(parse_iso8601("2024-02-29T00:00:00Z"));
}

TEST(Iso8601, RefusesEverythingElse) {
    for (const auto* text : {"",
                             "2011-12-20",
                             "2011-12-20T08:29:31",
                             "2011-12-20 08:29:31Z",
                             "2011-02-29T08:29:31Z",
                             "2011-13-20T08:29:31Z",
                             "2011-12-20T24:00:00Z",
                             "2011-12-20T08:60:00Z",
                             "2011-12-20T08:29:31.Z",
                             "2011-12-20T08:29:31.1234567890Z",
                             "2011-12-20T08:29:31Zx",
                             "2011-12-20T08:29:31+1:00",
                             "2011-12-20T08:29:31+24:00"})
        EXPECT_EQ(parse_iso8601(text), std::nullopt) << text;
}

TEST(BasicFormat, IsThatOfSigV4) {
    const Time moment{1'324'369'771s};
    EXPECT_EQ(format_basic(moment), "20111220T082931Z");
    EXPECT_EQ(parse_basic("20111220T082931Z"), moment);
    for (const auto* text : {"",
                             "20111220T082931",
                             "20111220T0829Z",
                             "20111220t082931Z",
                             "20111220T082931ZZ",
                             "20110229T000000Z"})
        EXPECT_EQ(parse_basic(text), std::nullopt) << text;
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
    ManualClock clock(Time{10s});
    EXPECT_EQ(clock.now(), Time{10s});
    const auto before = clock.monotonic();
    clock.sleep(5s);
    clock.advance(1s);
    EXPECT_EQ(clock.now(), Time{16s});
    EXPECT_EQ(clock.monotonic() - before, 6s);
}

TEST(SystemClock, MovesForward) {
    const SystemClock clock;
    const auto start = clock.monotonic();
    clock.sleep(2ms);
    EXPECT_GE(clock.monotonic() - start, 2ms);
    EXPECT_GT(clock.now(), Time{1'700'000'000s});
}

TEST(StoredTime, KeepsMicroseconds) {
    EXPECT_EQ(to_microseconds(from_microseconds(1'700'000'000'123'456)), 1'700'000'000'123'456);
}

} // namespace
} // namespace pileus
