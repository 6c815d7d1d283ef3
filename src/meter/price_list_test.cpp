// SPDX-License-Identifier: Apache-2.0
#include "meter/price_list.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

namespace pileus::meter {
namespace {

using testing::HasSubstr;

TEST(ParseDollars, IsExact) {
    const std::pair<const char*, int64_t> good[]{{"0.0104", 10'400'000},
                                                 {"0.08925", 89'250'000},
                                                 {"12.7008", 12'700'800'000},
                                                 {"5", 5'000'000'000},
                                                 {"0.000000001", 1},
                                                 {"0", 0},
                                                 {"999999.999999999", 999'999'999'999'999}};
    for (const auto& [text, expected] : good)
        EXPECT_EQ(parse_dollars(text), expected) << text;
    for (const auto* bad : {"",
                            ".",
                            ".5",
                            "5.",
                            "-1",
                            "+1",
                            "1e3",
                            "0.0000000001",
                            "1000000",
                            " 1",
                            "1,5",
                            "0x1",
                            "1.2.3"})
        EXPECT_EQ(parse_dollars(bad), std::nullopt) << bad;
}

constexpr std::string_view head = "region = 'r'\nvalid_from = '2026-01-01'\ncurrency = 'USD'\n";

TEST(PriceList, WhatIsNotListedIsAnErrorThatNamesIt) {
    const auto list = PriceList::parse(
        std::string(head) + "[instance_hour]\n't3.micro' = '0.0104'\n", "prices.toml");
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->price(section::instance_hour, "t3.micro"), 10'400'000);
    EXPECT_EQ(list->price(section::instance_hour, "x9.huge").error().message,
              "prices.toml has no price for an hour of x9.huge");
    EXPECT_EQ(list->price(section::volume_gib_month, "gp3").error().message,
              "prices.toml has no price for a GiB-month of gp3");
    EXPECT_EQ(list->price(section::address_hour, "public_ipv4").error().message,
              "prices.toml has no price for an hour of public_ipv4");
    EXPECT_TRUE(list->covers("r"));
    EXPECT_FALSE(list->covers("eu-west-1"));
}

TEST(PriceList, MistakesNameTheFileAndTheLine) {
    const std::pair<std::string, std::string> cases[]{
        {"[instance_hour]\na = 0.1", "line 5: the price of 'a' must be a text"},
        {"[instance_hour]\na = '0.1 USD'", "line 5: the price of 'a'"},
        {"[volume_gib_month]\ngp3 = '0'", "line 5: 'gp3' would be free"},
        {"[instances_hour]\na = '1'", "line 4: there is no section 'instances_hour'"},
        {"[", "line 4"},
    };
    for (const auto& [text, expected] : cases) {
        const auto list = PriceList::parse(std::string(head) + text, "prices.toml");
        ASSERT_FALSE(list) << text;
        EXPECT_THAT(list.error().message, HasSubstr("prices.toml"));
        EXPECT_THAT(list.error().message, HasSubstr(expected));
    }
    EXPECT_FALSE(PriceList::parse("currency = 'USD'", "p"));
    EXPECT_FALSE(PriceList::parse("region = 'r'\nvalid_from = 'd'\ncurrency = 'USD'", "p"));
    EXPECT_FALSE(PriceList::parse("region = 'r'\nvalid_from = '2026-01-01'\ncurrency = '$'", "p"));
    EXPECT_FALSE(PriceList::load("/nowhere/prices.toml"));
}

TEST(PriceList, OneTextForTheSamePrices) {
    const auto list = PriceList::parse(
        "currency = 'EUR'\nregion='*'\nvalid_from='2026-01-01'\n[spot_hour]\nb='0.20'\na='3'", "p");
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->canonical(),
              "region = \"*\"\ncurrency = \"EUR\"\nvalid_from = \"2026-01-01\"\n\n"
              "[spot_hour]\n\"a\" = \"3\"\n\"b\" = \"0.2\"\n");
    EXPECT_EQ(PriceList::parse(list->canonical(), "p")->canonical(), list->canonical());
    EXPECT_TRUE(list->covers("anywhere"));
}

TEST(PriceList, TypesCostTheirCapacityWhereNoPriceIsTheirs) {
    auto list = PriceList::parse(std::string(head) + "[instance_hour]\n'own' = '7'\n"
                                                     "[capacity_hour]\nvcpu='0.01'\ngib='0.002'",
                                 "p");
    ASSERT_TRUE(list);
    domain::InstanceType small{.name = "small", .vcpus = 2, .memory_mib = 512};
    domain::InstanceType own{.name = "own", .vcpus = 2, .memory_mib = 512};
    list->price_by_capacity({small, own});
    EXPECT_EQ(list->price(section::instance_hour, "small"), 21'000'000);
    EXPECT_EQ(list->price(section::instance_hour, "own"), 7'000'000'000);
}

TEST(PriceList, OwnFileHasWhatAwsPublishes) {
    const auto list = PriceList::load(PILEUS_PRICES "/us-east-1-on-demand.toml");
    ASSERT_TRUE(list) << list.error().message;
    const std::string region = "us-east-1";
    EXPECT_EQ(list->region(), region);
    EXPECT_EQ(list->price(section::instance_hour, "t3.micro"), 10'400'000);
    EXPECT_EQ(list->price(section::instance_hour, "m5.large"), 96'000'000);
    EXPECT_EQ(list->price(section::instance_hour, "c7i.large"), 89'250'000);
    EXPECT_EQ(list->price(section::instance_hour, "r7i.metal-24xl"), 6'985'440'000);
    EXPECT_EQ(list->price(section::volume_gib_month, "gp3"), 80'000'000);
    EXPECT_EQ(list->price(section::address_hour, "public_ipv4"), 5'000'000);
    EXPECT_EQ(list->price(section::nat_gateway_hour, "nat_gateway"), 45'000'000);
}

// A price that a family's other sizes contradict is a slip of the pen: sizes of one family cost in
// proportion to their vCPUs (T types: to their memory), metal-24xl apart.
TEST(PriceList, SizesOfAFamilyCostInProportion) {
    const auto list = PriceList::load(PILEUS_PRICES "/us-east-1-on-demand.toml");
    ASSERT_TRUE(list);
    const std::map<std::string, int> multiples{{"large", 1},
                                               {"xlarge", 2},
                                               {"2xlarge", 4},
                                               {"4xlarge", 8},
                                               {"8xlarge", 16},
                                               {"9xlarge", 18},
                                               {"12xlarge", 24},
                                               {"16xlarge", 32},
                                               {"18xlarge", 36},
                                               {"24xlarge", 48},
                                               {"32xlarge", 64},
                                               {"48xlarge", 96}};
    int checked = 0;
    for (const auto* family :
         {"t2", "t3", "t3a", "m5", "m6i", "m7i", "c5", "c6i", "c7i", "r5", "r6i", "r7i"}) {
        const auto large = list->price(section::instance_hour, std::string(family) + ".large");
        ASSERT_TRUE(large) << family;
        for (const auto& [size, multiple] : multiples)
            if (const auto price =
                    list->price(section::instance_hour, std::string(family) + "." + size)) {
                EXPECT_EQ(*price, *large * multiple) << family << "." << size;
                ++checked;
            }
    }
    EXPECT_GT(checked, 80);
}

// Every type that can be launched can be paid for.
TEST(PriceList, EveryTypeOfTheCatalogHasAPrice) {
    const auto list = PriceList::load(PILEUS_PRICES "/us-east-1-on-demand.toml");
    ASSERT_TRUE(list);
    std::ifstream file(PILEUS_DATA "/instance_types.toml");
    std::string line;
    std::string family;
    int types = 0;
    for (std::smatch match; std::getline(file, line);) {
        if (std::regex_search(line, match, std::regex("^name = \"(.*)\"")))
            family = match[1];
        if (!std::regex_search(line, match, std::regex("\\{ size = \"([^\"]*)\"")))
            continue;
        const auto type = family + "." + match[1].str();
        EXPECT_TRUE(list->price(section::instance_hour, type)) << type;
        ++types;
    }
    EXPECT_EQ(types, 111);
}

} // namespace
} // namespace pileus::meter
