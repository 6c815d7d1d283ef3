// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/topology/topology.h"

#include <functional>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

VpcTopology sample() {
    VpcTopology vpc;
    vpc.spec.id = "vpc-1";
    vpc.spec.cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")};
    vpc.spec.ipv6_cidrs = {*Ipv6Cidr::parse("fd00:1:2::/56")};
    vpc.spec.dns_domain = "ec2.internal";
    vpc.spec.dhcp.domain_name = "ec2.internal";
    vpc.spec.subnets = {
        {"subnet-1", *Ipv4Cidr::parse("10.0.0.0/24"), Ipv6Cidr::parse("fd00:1:2::/64"), "", ""},
        {"subnet-2", *Ipv4Cidr::parse("10.0.1.0/24"), std::nullopt, "rtb-1", "acl-1"}};
    vpc.spec.route_tables = {
        {"rtb-1", {{*parse_cidr("0.0.0.0/0"), RouteTarget::internet_gateway, ""}}}};
    vpc.spec.network_acls = {{"acl-1", {{100, false, true, -1, *parse_cidr("0.0.0.0/0"), -1, -1}}}};
    vpc.spec.peerings = {{"pcx-1", "vpc-2", {*parse_cidr("10.1.0.0/16")}}};
    vpc.groups["sg-1"] = {"sg-1", "vpc-1", {}};
    return vpc;
}

InterfaceSpec sample_interface() {
    InterfaceSpec interface;
    interface.id = "eni-1";
    interface.vpc_id = "vpc-1";
    interface.subnet_id = "subnet-1";
    interface.mac = *MacAddress::parse("02:00:00:00:00:01");
    interface.addresses = {{*Ipv4::parse("10.0.0.10"), std::nullopt}};
    interface.host_name = "ip-10-0-0-10";
    interface.security_group_ids = {"sg-1"};
    return interface;
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
        {"too large", [](VpcSpec& v) { v.cidrs[0] = *Ipv4Cidr::parse("10.0.0.0/7"); }},
        {"too small", [](VpcSpec& v) { v.cidrs[0] = *Ipv4Cidr::parse("10.0.0.0/29"); }},
        {"loopback", [](VpcSpec& v) { v.cidrs[0] = *Ipv4Cidr::parse("127.1.0.0/16"); }},
        {"link-local", [](VpcSpec& v) { v.cidrs[0] = *Ipv4Cidr::parse("169.254.0.0/16"); }},
        {"domain", [](VpcSpec& v) { v.dns_domain = "ec2/internal"; }},
        {"subnet outside", [](VpcSpec& v) { v.subnets[0].cidr = *Ipv4Cidr::parse("10.1.0.0/24"); }},
        {"subnets overlap", [](VpcSpec& v) { v.subnets[1].cidr = v.subnets[0].cidr; }},
        {"same id twice", [](VpcSpec& v) { v.subnets[1].id = v.subnets[0].id; }},
        {"tiny subnet", [](VpcSpec& v) { v.subnets[1].cidr = *Ipv4Cidr::parse("10.0.1.0/29"); }},
        {"no block", [](VpcSpec& v) { v.cidrs.clear(); }},
        {"blocks overlap", [](VpcSpec& v) { v.cidrs.push_back(*Ipv4Cidr::parse("10.0.8.0/24")); }},
        {"link-local IPv6", [](VpcSpec& v) { v.ipv6_cidrs[0] = *Ipv6Cidr::parse("fe80::/56"); }},
        {"IPv6 outside",
         [](VpcSpec& v) { v.subnets[0].ipv6_cidr = Ipv6Cidr::parse("fd00:9::/64"); }},
        {"no such route table", [](VpcSpec& v) { v.route_tables.clear(); }},
        {"no such ACL", [](VpcSpec& v) { v.network_acls.clear(); }},
        {"two routes to one block",
         [](VpcSpec& v) {
             v.route_tables[0].routes.push_back({*parse_cidr("0.0.0.0/0"), {}, ""});
         }},
        {"a route's target is a name",
         [](VpcSpec& v) {
             v.route_tables[0].routes[0] = {
                 *parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni 1"};
         }},
        {"an IPv4 route to an egress-only gateway",
         [](VpcSpec& v) {
             v.route_tables[0].routes[0].target = RouteTarget::egress_only_internet_gateway;
         }},
        {"two entries of one number",
         [](VpcSpec& v) { v.network_acls[0].entries.push_back(v.network_acls[0].entries[0]); }},
        {"ports of an entry", [](VpcSpec& v) { v.network_acls[0].entries[0].to_port = 70000; }},
        {"peers with itself", [](VpcSpec& v) { v.peerings[0].peer_vpc_id = "vpc-1"; }},
        {"domain of DHCP", [](VpcSpec& v) { v.dhcp.domain_name = "a\nb"; }},
        {"node type", [](VpcSpec& v) { v.dhcp.netbios_node_type = 3; }},
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
    moved.cidrs[0] = *Ipv4Cidr::parse("10.0.0.0/15");
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
        {"outside",
         [](InterfaceSpec& i) { i.addresses[0].private_ip = *Ipv4::parse("10.0.1.10"); }},
        {"gateway", [](InterfaceSpec& i) { i.addresses[0].private_ip = *Ipv4::parse("10.0.0.1"); }},
        {"broadcast",
         [](InterfaceSpec& i) { i.addresses[0].private_ip = *Ipv4::parse("10.0.0.255"); }},
        {"no address", [](InterfaceSpec& i) { i.addresses.clear(); }},
        {"one address twice", [](InterfaceSpec& i) { i.addresses.push_back(i.addresses[0]); }},
        {"secondary outside",
         [](InterfaceSpec& i) {
             i.addresses.push_back({*Ipv4::parse("10.0.1.11"), std::nullopt});
         }},
        {"IPv6 outside",
         [](InterfaceSpec& i) { i.ipv6_addresses = {*Ipv6::parse("fd00:1:2:1::9")}; }},
        {"reserved IPv6",
         [](InterfaceSpec& i) { i.ipv6_addresses = {*Ipv6::parse("fd00:1:2::1")}; }},
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
    second.addresses[0].private_ip = *Ipv4::parse("10.0.0.11");
    EXPECT_FALSE(check_interface(second, vpc)) << "the MAC address is taken";
    second.mac = *MacAddress::parse("02:00:00:00:00:02");
    EXPECT_TRUE(check_interface(second, vpc));
    auto moved = sample_interface();
    moved.addresses[0].private_ip = *Ipv4::parse("10.0.0.12");
    EXPECT_FALSE(check_interface(moved, vpc)) << "a primary address does not change";
}

TEST(Topology, RefusesBadRules) {
    const auto anywhere = parse_cidr("0.0.0.0/0");
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
