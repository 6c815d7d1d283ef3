// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/topology/topology.h"

#include <functional>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

VpcTopology sample() {
    VpcTopology vpc;
    vpc.spec = {"vpc-1",
                *Ipv4Cidr::parse("10.0.0.0/16"),
                "ec2.internal",
                {{"subnet-1", *Ipv4Cidr::parse("10.0.0.0/24")},
                 {"subnet-2", *Ipv4Cidr::parse("10.0.1.0/24")}}};
    vpc.groups["sg-1"] = {"sg-1", "vpc-1", {}};
    return vpc;
}

InterfaceSpec sample_interface() {
    return {.id = "eni-1",
            .vpc_id = "vpc-1",
            .subnet_id = "subnet-1",
            .mac = *MacAddress::parse("02:00:00:00:00:01"),
            .private_ip = *Ipv4::parse("10.0.0.10"),
            .host_name = "ip-10-0-0-10",
            .security_group_ids = {"sg-1"},
            .source_dest_check = true,
            .public_ip = std::nullopt};
}

TEST(Topology, AcceptsWhatIsRight) {
    const auto vpc = sample();
    EXPECT_TRUE(check_vpc(vpc.spec, nullptr));
    EXPECT_TRUE(check_vpc(vpc.spec, &vpc));
    EXPECT_TRUE(check_interface(sample_interface(), vpc));
}

TEST(Topology, NamesAreAStrictCharset) {
    for (const char* good : {"vpc-1", "eni-0123456789abcdef0", "a"})
        EXPECT_TRUE(is_safe_id(good)) << good;
    for (const char* bad :
         {"", "1a", "-a", "A", "a b", "a\nb", "a;b", "a/b", "a.b", "a{", "a\"", "\xc3\xa9"})
        EXPECT_FALSE(is_safe_id(bad)) << bad;
    EXPECT_FALSE(is_safe_id(std::string(41, 'a')));
    EXPECT_FALSE(is_safe_id(std::string_view("a\0b", 3)));
    EXPECT_TRUE(is_safe_label("ip-10-0-0-1"));
    for (const char* bad : {"", "-a", "a-", "a.b", "a,b", "a b", "a\n"})
        EXPECT_FALSE(is_safe_label(bad)) << bad;
    EXPECT_TRUE(is_safe_domain("eu-west-1.compute.internal"));
    for (const char* bad : {"", ".", "a.", ".a", "a..b", "a/b", "a,b"})
        EXPECT_FALSE(is_safe_domain(bad)) << bad;
}

struct BadVpc {
    const char* what;
    std::function<void(VpcSpec&)> change;
};

TEST(Topology, RefusesABadVpc) {
    const std::vector<BadVpc> cases = {
        {"id", [](VpcSpec& v) { v.id = "vpc 1"; }},
        {"too large", [](VpcSpec& v) { v.cidr = *Ipv4Cidr::parse("10.0.0.0/7"); }},
        {"too small", [](VpcSpec& v) { v.cidr = *Ipv4Cidr::parse("10.0.0.0/29"); }},
        {"loopback", [](VpcSpec& v) { v.cidr = *Ipv4Cidr::parse("127.1.0.0/16"); }},
        {"link-local", [](VpcSpec& v) { v.cidr = *Ipv4Cidr::parse("169.254.0.0/16"); }},
        {"domain", [](VpcSpec& v) { v.dns_domain = "ec2/internal"; }},
        {"subnet outside", [](VpcSpec& v) { v.subnets[0].cidr = *Ipv4Cidr::parse("10.1.0.0/24"); }},
        {"subnets overlap", [](VpcSpec& v) { v.subnets[1].cidr = v.subnets[0].cidr; }},
        {"same id twice", [](VpcSpec& v) { v.subnets[1].id = v.subnets[0].id; }},
        {"tiny subnet", [](VpcSpec& v) { v.subnets[1].cidr = *Ipv4Cidr::parse("10.0.1.0/29"); }},
    };
    for (const auto& test : cases) {
        auto spec = sample().spec;
        test.change(spec);
        EXPECT_FALSE(check_vpc(spec, nullptr)) << test.what;
    }
}

TEST(Topology, KeepsWhatGuestsStandOn) {
    auto vpc = sample();
    vpc.interfaces["eni-1"] = sample_interface();
    auto moved = vpc.spec;
    moved.cidr = *Ipv4Cidr::parse("10.0.0.0/15");
    EXPECT_FALSE(check_vpc(moved, &vpc));
    auto without_empty = vpc.spec;
    without_empty.subnets.pop_back();
    EXPECT_TRUE(check_vpc(without_empty, &vpc));
    auto without_used = vpc.spec;
    without_used.subnets.erase(without_used.subnets.begin());
    EXPECT_FALSE(check_vpc(without_used, &vpc));
    EXPECT_FALSE(check_group_unused("sg-1", vpc));
    EXPECT_TRUE(check_group_unused("sg-2", vpc));
}

struct BadInterface {
    const char* what;
    std::function<void(InterfaceSpec&)> change;
};

TEST(Topology, RefusesABadInterface) {
    const std::vector<BadInterface> cases = {
        {"id", [](InterfaceSpec& i) { i.id = "eni;1"; }},
        {"host name", [](InterfaceSpec& i) { i.host_name = "a\nb"; }},
        {"subnet", [](InterfaceSpec& i) { i.subnet_id = "subnet-9"; }},
        {"outside", [](InterfaceSpec& i) { i.private_ip = *Ipv4::parse("10.0.1.10"); }},
        {"gateway", [](InterfaceSpec& i) { i.private_ip = *Ipv4::parse("10.0.0.1"); }},
        {"broadcast", [](InterfaceSpec& i) { i.private_ip = *Ipv4::parse("10.0.0.255"); }},
        {"multicast MAC",
         [](InterfaceSpec& i) { i.mac = *MacAddress::parse("01:00:00:00:00:01"); }},
        {"no MAC", [](InterfaceSpec& i) { i.mac = {}; }},
        {"unknown group", [](InterfaceSpec& i) { i.security_group_ids = {"sg-9"}; }},
        {"group twice",
         [](InterfaceSpec& i) {
             i.security_group_ids = {"sg-1", "sg-1"};
         }},
    };
    for (const auto& test : cases) {
        auto interface = sample_interface();
        test.change(interface);
        EXPECT_FALSE(check_interface(interface, sample())) << test.what;
    }
}

TEST(Topology, AddressesAreOfOneInterface) {
    auto vpc = sample();
    vpc.interfaces["eni-1"] = sample_interface();
    auto second = sample_interface();
    second.id = "eni-2";
    EXPECT_FALSE(check_interface(second, vpc));
    second.private_ip = *Ipv4::parse("10.0.0.11");
    EXPECT_FALSE(check_interface(second, vpc)) << "the MAC address is taken";
    second.mac = *MacAddress::parse("02:00:00:00:00:02");
    EXPECT_TRUE(check_interface(second, vpc));
    auto moved = sample_interface();
    moved.private_ip = *Ipv4::parse("10.0.0.12");
    EXPECT_FALSE(check_interface(moved, vpc)) << "a primary address does not change";
}

TEST(Topology, RefusesBadRules) {
    const auto anywhere = Ipv4Cidr::parse("0.0.0.0/0");
    const std::vector<TrafficRule> bad = {
        {false, 256, -1, -1, anywhere, ""},
        {false, -2, -1, -1, anywhere, ""},
        {false, 6, 80, 22, anywhere, ""},
        {false, 6, -1, 22, anywhere, ""},
        {false, 6, 0, 65536, anywhere, ""},
        {false, 1, 256, -1, anywhere, ""},
        {false, 6, 22, 22, std::nullopt, ""},
        {false, 6, 22, 22, anywhere, "sg-1"},
        {false, 6, 22, 22, std::nullopt, "sg 1"},
        {false, 50, 22, 22, anywhere, ""},
    };
    for (const auto& rule : bad)
        EXPECT_FALSE(check_groups({{"sg-1", "vpc-1", {rule}}}, sample()))
            << rule.protocol << ' ' << rule.from_port << '-' << rule.to_port;
    const std::vector<TrafficRule> good = {
        {false, -1, -1, -1, anywhere, ""},
        {true, 6, 22, 22, std::nullopt, "sg-9"},
        {false, 1, 8, -1, anywhere, ""},
        {false, 50, -1, -1, anywhere, ""},
        {false, 50, 0, 0, anywhere, ""},
    };
    EXPECT_TRUE(check_groups({{"sg-1", "vpc-1", good}}, sample()));
    EXPECT_FALSE(check_groups({{"sg-1", "vpc-2", {}}}, sample()));
}

} // namespace
} // namespace pileus::drivers
