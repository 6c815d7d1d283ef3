// SPDX-License-Identifier: Apache-2.0
#include "base/net.h"

#include <gtest/gtest.h>

namespace pileus {
namespace {

TEST(Ipv4, ParsesDottedQuadsOnly) {
    EXPECT_EQ(Ipv4::parse("127.64.0.10")->value, 0x7F40000Au);
    EXPECT_EQ(Ipv4::parse("0.0.0.0")->value, 0u);
    EXPECT_EQ(Ipv4::parse("255.255.255.255")->str(), "255.255.255.255");
    for (const auto* text : {"",
                             "1.2.3",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "01.2.3.4",
                             "1.2.3.4 ",
                             "1..3.4",
                             "1.2.3.-4",
                             "a.b.c.d",
                             "1.2.3.4/32",
                             "255.255.255.2550"})
        EXPECT_FALSE(Ipv4::parse(text)) << text;
}

TEST(Ipv4Cidr, ClearsHostBitsAsEc2Does) {
    EXPECT_EQ(Ipv4Cidr::parse("100.68.0.18/18")->str(), "100.68.0.0/18");
    EXPECT_EQ(Ipv4Cidr::parse("1.2.3.4/0")->str(), "0.0.0.0/0");
    EXPECT_EQ(Ipv4Cidr::parse("1.2.3.4/32")->str(), "1.2.3.4/32");
    for (const auto* text : {"1.2.3.4",
                             "1.2.3.4/",
                             "1.2.3.4/33",
                             "1.2.3.4/08",
                             "1.2.3.4/-1",
                             "/8",
                             "1.2.3.4/8/8",
                             "1.2.3.4/ 8"})
        EXPECT_FALSE(Ipv4Cidr::parse(text)) << text;
}

TEST(Ipv4Cidr, KnowsWhatItHolds) {
    const auto vpc = *Ipv4Cidr::parse("172.31.0.0/16");
    const auto subnet = *Ipv4Cidr::parse("172.31.16.0/20");
    EXPECT_EQ(vpc.size(), 65536u);
    EXPECT_EQ(subnet.at(4).str(), "172.31.16.4");
    EXPECT_TRUE(vpc.contains(*Ipv4::parse("172.31.255.255")));
    EXPECT_FALSE(vpc.contains(*Ipv4::parse("172.32.0.0")));
    EXPECT_TRUE(vpc.contains(subnet));
    EXPECT_FALSE(subnet.contains(vpc));
    EXPECT_TRUE(subnet.overlaps(vpc));
    EXPECT_FALSE(subnet.overlaps(*Ipv4Cidr::parse("172.31.32.0/20")));
    const auto all = *Ipv4Cidr::parse("0.0.0.0/0");
    EXPECT_TRUE(all.contains(*Ipv4::parse("255.255.255.255")));
    EXPECT_EQ(all.size(), uint64_t{1} << 32);
}

TEST(Ipv6Cidr, ClearsHostBitsAndWritesTheShortForm) {
    EXPECT_EQ(Ipv6Cidr::parse("2001:DB8:0:0:0:0:0:1/32")->str(), "2001:db8::/32");
    EXPECT_EQ(Ipv6Cidr::parse("::/0")->str(), "::/0");
    EXPECT_EQ(Ipv6Cidr::parse("fd00:ffff::/17")->str(), "fd00:8000::/17");
    EXPECT_EQ(Ipv6Cidr::parse("::1/128")->str(), "::1/128");
    for (const auto* text :
         {"::", "::/129", ":::/8", "1.2.3.4/8", "fe80::1%eth0/64", "g::/8", "/64"})
        EXPECT_FALSE(Ipv6Cidr::parse(text)) << text;
}

TEST(MacAddress, ParsesSixPairs) {
    EXPECT_EQ(MacAddress::parse("02:00:00:0A:bc:01")->str(), "02:00:00:0a:bc:01");
    for (const auto* text : {"",
                             "02:00:00:00:00",
                             "02-00-00-00-00-01",
                             "02:00:00:00:00:0g",
                             "02:00:00:00:00:011",
                             "0200:00:00:00:00:1"})
        EXPECT_FALSE(MacAddress::parse(text)) << text;
}

TEST(Ipv6Cidr, ContainsAndCountsBlocks) {
    const auto vpc = Ipv6Cidr::parse("2001:db8:1:ff00::/56").value();
    EXPECT_EQ(vpc.block(64, 0).str(), "2001:db8:1:ff00::/64");
    EXPECT_EQ(vpc.block(64, 255).str(), "2001:db8:1:ffff::/64");
    EXPECT_EQ(vpc.block(64, 3).at(0x10).str(), "2001:db8:1:ff03::10");
    EXPECT_TRUE(vpc.contains(vpc.block(64, 255)));
    EXPECT_TRUE(vpc.contains(Ipv6::parse("2001:db8:1:ff80::1").value()));
    EXPECT_FALSE(vpc.contains(Ipv6::parse("2001:db8:2:0::1").value()));
    EXPECT_TRUE(vpc.block(64, 1).overlaps(vpc));
    EXPECT_FALSE(vpc.block(64, 1).overlaps(vpc.block(64, 2)));
}

TEST(IpCidr, TakesBothFamilies) {
    EXPECT_FALSE(is_ipv6(parse_cidr("10.0.0.0/8").value()));
    EXPECT_TRUE(is_ipv6(parse_cidr("::/0").value()));
    EXPECT_EQ(to_string(parse_cidr("fd00::1/16").value()), "fd00::/16");
    for (const auto* text : {"", "10.0.0.0", "fd00::/129", "10.0.0.0/33", "pl-12345678"})
        EXPECT_FALSE(parse_cidr(text)) << text;
}

} // namespace
} // namespace pileus
