// SPDX-License-Identifier: Apache-2.0
#include "meter/money.h"

#include <gtest/gtest.h>
#include <limits>
#include <stdexcept>

namespace pileus::meter {
namespace {

constexpr int64_t dollar = nano_dollars_per_dollar;

TEST(Money, SecondsOfAnHourAddUpToTheHour) {
    Money sum;
    for (int second = 0; second < 3600; ++second)
        sum +=
            Money::of_hours(10'400'000, 1); // one second of it is no whole number of nano-dollars
    EXPECT_EQ(sum, Money::of_hours(10'400'000, 3600));
    EXPECT_EQ(sum.nano_dollars(), 10'400'000);
}

TEST(Money, SecondsOfEveryMonthAddUpToTheMonth) {
    for (const int days : {28, 29, 30, 31}) {
        Money sum;
        for (int day = 0; day < days; ++day)
            for (int part = 0; part < 100; ++part)
                sum += Money::of_month(80'000'001, 864, days);
        EXPECT_EQ(sum.nano_dollars(), 80'000'001) << days;
        EXPECT_EQ(sum, Money::of_month(80'000'001, int64_t{86'400} * days, days));
    }
    EXPECT_THROW((void)Money::of_month(1, 1, 27), std::invalid_argument);
}

TEST(Money, BytesAddUpToTheGib) {
    constexpr int64_t gib = int64_t{1} << 30;
    Money sum;
    for (int i = 0; i < 1024; ++i)
        sum += Money::of_bytes(45'000'001, gib / 1024);
    EXPECT_EQ(sum, Money::of_bytes(45'000'001, gib));
    EXPECT_EQ(sum.nano_dollars(), 45'000'001);
    // One byte for one second of every month is an exact amount.
    for (const int days : {28, 29, 30, 31}) {
        Money month;
        for (int day = 0; day < days; ++day)
            month += Money::of_bytes_month(50'000'000, 3, 86'400, days);
        EXPECT_EQ(month, Money::of_bytes(50'000'000, 3)) << days;
    }
    // 16 TiB for a month at five cents.
    EXPECT_EQ(Money::of_bytes_month(50'000'000, 16384 * gib, 31 * 86'400, 31).str(2), "819.20");
}

TEST(Money, IsRoundedHalfUpAndOnlyWhenShown) {
    EXPECT_EQ(Money::of_hours(1, 1799).nano_dollars(), 0);
    EXPECT_EQ(Money::of_hours(1, 1800).nano_dollars(), 1);
    EXPECT_EQ((Money::of_hours(1, 1799) + Money::of_hours(1, 1)).nano_dollars(), 1);
    EXPECT_EQ(Money::of_hours(5'000'000, 3600).str(2), "0.01");
    EXPECT_EQ(Money::of_hours(4'999'999, 3600).str(2), "0.00");
    EXPECT_EQ(Money::of_hours(dollar * 12 + 345'678'901, 3600).str(9), "12.345678901");
    EXPECT_EQ(Money::of_hours(dollar * 12 + 345'678'901, 3600).str(4), "12.3457");
    EXPECT_EQ(Money::of_hours(dollar * 12 + 500'000'000, 3600).str(0), "13");
    EXPECT_EQ(Money{}.str(4), "0.0000");
    EXPECT_THROW((void)Money{}.str(10), std::invalid_argument);
}

TEST(Money, LargeSumsFitAndTooLargeOnesThrow) {
    const auto century = Money::of_hours(1000 * dollar, int64_t{100} * 366 * 86'400);
    EXPECT_EQ(century.nano_dollars(), 1000 * dollar * 100 * 366 * 24);
    const auto most = std::numeric_limits<int64_t>::max();
    EXPECT_THROW((void)Money::of_hours(most, most), std::overflow_error);
}

} // namespace
} // namespace pileus::meter
