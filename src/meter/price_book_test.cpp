// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/temporary_folder.h"
#include "meter/price_book.h"

#include <fstream>
#include <gtest/gtest.h>

namespace pileus::meter {
namespace {

PriceList list(const std::string& region, const std::string& day, const std::string& price) {
    return *PriceList::parse("region='" + region + "'\ncurrency='USD'\nvalid_from='" + day +
                                 "'\n[instance_hour]\na='" + price + "'",
                             region + day);
}

Time day(const std::string& text) {
    return *parse_iso8601(text + "T00:00:00Z");
}

int64_t price_in(const PriceTable& table, std::string_view region) {
    const auto found = table.list_of(region);
    return found ? (*found)->price(section::instance_hour, "a").value_or(-1) : -1;
}

TEST(PriceSchedule, TakesOfEachRegionWhatBecameValidLast) {
    const auto schedule = schedule_of({list("r", "2026-01-01", "1"),
                                       list("r", "2026-02-01", "2"),
                                       list("r", "2026-12-01", "3"),
                                       list("*", "2026-01-01", "4")},
                                      day("2026-03-01"));
    ASSERT_TRUE(schedule) << schedule.error().message;
    EXPECT_EQ(price_in(schedule->now, "r"), 2'000'000'000);
    EXPECT_EQ(price_in(schedule->now, "elsewhere"), 4'000'000'000);
    ASSERT_EQ(schedule->later.size(), 1u);
    EXPECT_EQ(price_in(schedule->later[0].second, "r"), 3'000'000'000);
    EXPECT_EQ(price_in(schedule->later[0].second, "s"), 4'000'000'000);
    EXPECT_FALSE(schedule_of({list("r", "2026-12-01", "3")}, day("2026-03-01")));
}

TEST(PriceTable, IsReadFromItsOwnText) {
    const auto table = PriceTable::of({list("r", "2026-01-01", "1"), list("*", "2026-01-01", "4")});
    ASSERT_TRUE(table);
    const auto again = PriceTable::parse(table->canonical());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->canonical(), table->canonical());
    EXPECT_EQ(price_in(*again, "r"), 1'000'000'000);
    EXPECT_FALSE(PriceTable::parse(""));
}

TEST(PriceTable, HasOneCurrency) {
    auto euros = PriceList::parse("region='e'\ncurrency='EUR'\nvalid_from='2026-01-01'", "e.toml");
    const auto table = PriceTable::of({list("r", "2026-01-01", "1"), *euros});
    ASSERT_FALSE(table);
    EXPECT_NE(table.error().message.find("one currency"), std::string::npos);
}

TEST(PriceLists, AreTheFilesOfAFolder) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "a.toml") << list("r", "2026-01-01", "1").canonical();
    std::ofstream(folder.path() / "README.md") << "no list";
    EXPECT_EQ(load_price_lists(folder.path())->size(), 1u);
    EXPECT_FALSE(load_price_lists(folder.path() / "nowhere"));
}

} // namespace
} // namespace pileus::meter
