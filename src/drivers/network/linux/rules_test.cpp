// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/policy_routing.h"
#include "drivers/network/linux/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct RuleCase {
    TrafficRule rule;
    const char* text;
};

TEST(Rules, ATrafficRuleIsOneLine) {
    const auto anywhere = parse_cidr("0.0.0.0/0");
    const auto block = parse_cidr("10.1.0.0/16");
    const std::vector<RuleCase> cases = {
        {{false, -1, -1, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 accept"},
        {{false, -1, -1, -1, parse_cidr("::/0"), ""}, "in_sg-1 meta nfproto ipv6 accept"},
        {{true, -1, -1, -1, block, ""}, "out_sg-1 ip daddr { 10.1.0.0/16 } accept"},
        {{false, 6, 22, 22, block, ""},
         "in_sg-1 ip saddr & 255.255.0.0 . tcp dport { 10.1.0.0 . 22 } accept"},
        {{false, 6, 22, 22, parse_cidr("10.1.2.3/32"), ""},
         "in_sg-1 ip saddr . tcp dport { 10.1.2.3 . 22 } accept"},
        {{false, 6, 22, 22, parse_cidr("fd00::/64"), ""},
         "in_sg-1 ip6 saddr & ffff:ffff:ffff:ffff:: . tcp dport { fd00:: . 22 } accept"},
        {{false, 17, 0, 65535, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto udp accept"},
        {{false, 17, 0, 0, anywhere, ""}, "in_sg-1 meta nfproto ipv4 udp dport { 0 } accept"},
        {{false, 6, -1, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto tcp accept"},
        {{false, 1, 8, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 icmp type 8 accept"},
        {{false, 1, 3, 4, anywhere, ""},
         "in_sg-1 meta nfproto ipv4 icmp type 3 icmp code 4 accept"},
        {{false, 50, -1, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto 50 accept"},
        {{false, 6, 80, 90, std::nullopt, "sg-2"},
         "in_sg-1 ip saddr @members_sg-2 tcp dport { 80-90 } accept"},
    };
    for (const auto& test : cases)
        EXPECT_THAT(group_rules({"sg-1", "vpc-1", {test.rule}}),
                    HasSubstr(std::string("add rule inet pileus ") + test.text + "\n"));
}

// However many rules there are, a packet meets few lines.
TEST(Rules, RulesThatDifferInPeersAndPortsAreSets) {
    SecurityGroupSpec group{"sg-1", "vpc-1", {}};
    for (uint32_t i = 0; i < 1000; ++i) {
        const auto port = static_cast<int>(1000 + i);
        group.rules.push_back(
            {false, 6, port, port, IpCidr(Ipv4Cidr{Ipv4{0x0a00'0000 + 256 * i}, 24}), ""});
        group.rules.push_back({false, 6, 20, 30, IpCidr(Ipv4Cidr{Ipv4{0x0b00'0000 + i}, 32}), ""});
        group.rules.push_back({true, 17, port, port, std::nullopt, "sg-2"});
    }
    const auto script = group_rules(group);
    size_t lines = 0;
    for (auto at = script.find("add rule"); at != std::string::npos;
         at = script.find("add rule", at + 1))
        ++lines;
    EXPECT_EQ(lines, 4u) << "two for the addresses, and one of each family for the group";
}

TEST(Rules, RangesThatOverlapBecomeOne) {
    const auto peer = parse_cidr("10.0.0.0/8");
    EXPECT_THAT(
        group_rules({"sg-1",
                     "vpc-1",
                     {{false, 6, 10, 20, peer, ""},
                      {false, 6, 15, 30, peer, ""},
                      {false, 6, 31, 31, peer, ""},
                      {false, 6, 40, 40, peer, ""}}}),
        AllOf(HasSubstr("{ 10.0.0.0 . 10-31 } accept"), HasSubstr("{ 10.0.0.0 . 40 } accept")));
}

TEST(Rules, AGroupThatIsNamedExistsBeforeItsRules) {
    const auto script = group_rules({"sg-1", "vpc-1", {{false, -1, -1, -1, std::nullopt, "sg-2"}}});
    EXPECT_LT(script.find("add set inet pileus members_sg-2"), script.find("@members_sg-2"));
}

const AddressPlan plan{LinuxNetworkOptions{}};

Port sample_port() {
    Port port;
    port.tap = "t1-7";
    port.number = 7;
    port.spec.mac = *MacAddress::parse("02:00:00:00:00:0a");
    port.spec.addresses = {{*Ipv4::parse("10.0.0.10"), std::nullopt}};
    port.spec.security_group_ids = {"sg-1"};
    return port;
}

// The source is checked before anything is accepted: no "established", no ARP comes before it.
TEST(Rules, TheGuardComesFirst) {
    const auto script = guard_rules(sample_port());
    const auto first_rule = script.find("add rule netdev guard guard_t1-7");
    EXPECT_EQ(
        script.substr(first_rule, 60),
        std::string("add rule netdev guard guard_t1-7 ether saddr != 02:00:00:00:00:0a drop\n")
            .substr(0, 60));
    EXPECT_THAT(script, HasSubstr("policy drop"));
    EXPECT_THAT(script.substr(0, script.find("inet pileus")), Not(HasSubstr("ct state")));
}

TEST(Rules, AChangedPortLeavesTheGroupsThatItLeft) {
    auto before = sample_port();
    before.spec.security_group_ids = {"sg-1", "sg-2"};
    before.spec.addresses[0].public_ip = *Ipv4::parse("127.64.0.9");
    const auto script = port_rules(sample_port(), &before, plan);
    EXPECT_THAT(script, HasSubstr("delete element inet pileus members_sg-2 { 10.0.0.10 }"));
    EXPECT_THAT(script,
                HasSubstr("delete element inet pileus to_private { 198.18.0.9 : 10.0.0.10 }"));
}

TEST(Rules, WithoutEgressNothingLeaves) {
    VpcShape vpc;
    vpc.spec.cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")};
    LinuxNetworkOptions options;
    EXPECT_THAT(vpc_rules(vpc, nullptr, options), Not(HasSubstr("to_outside ip saddr @outside")));
    EXPECT_THAT(host_rules(options, ""), Not(HasSubstr("masquerade")));
    options.egress = true;
    EXPECT_THAT(vpc_rules(vpc, nullptr, options), HasSubstr("to_outside ip saddr @outside accept"));
    EXPECT_THAT(host_rules(options, "eth0"), HasSubstr("iifname \"eth0\" drop"));
}

TEST(Rules, AnAclIsJudgedInTheOrderOfItsNumbers) {
    VpcShape vpc;
    vpc.spec.cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")};
    vpc.spec.subnets = {{"subnet-1", *Ipv4Cidr::parse("10.0.0.0/24"), std::nullopt, "", "acl-1"}};
    vpc.subnet_slots["subnet-1"] = 3;
    vpc.spec.network_acls = {{"acl-1",
                              {{200, false, true, 6, *parse_cidr("10.0.0.0/8"), 22, 22},
                               {100, false, false, -1, *parse_cidr("10.1.0.0/16"), -1, -1}}}};
    const auto script = vpc_rules(vpc, nullptr, {});
    EXPECT_THAT(script,
                HasSubstr("add rule inet pileus acl_in_acl-1 ip saddr 10.1.0.0/16 drop\n"
                          "add rule inet pileus acl_in_acl-1 ip saddr 10.0.0.0/8 tcp dport 22-22 "
                          "return\nadd rule inet pileus acl_in_acl-1 drop\n"));
    EXPECT_THAT(script, HasSubstr("add rule inet pileus enter_3 jump acl_in_acl-1\n"));
    auto after = vpc;
    after.spec.network_acls.clear();
    after.spec.subnets[0].network_acl_id = "";
    EXPECT_THAT(vpc_rules(after, &vpc, {}), HasSubstr("delete chain inet pileus acl_in_acl-1\n"));
}

TEST(PolicyRouting, OnlyWhatBothRoutesLetPassStays) {
    const Route gateway{.destination = *parse_cidr("0.0.0.0/0"), .link = 7};
    const Route appliance{.destination = *parse_cidr("0.0.0.0/0"), .link = 8};
    const Route peer{.destination = *parse_cidr("10.1.0.0/16"), .link = 9};
    const Route no_peer{.destination = peer.destination, .kind = RouteKind::blackhole};
    const Route nothing{.destination = gateway.destination, .kind = RouteKind::blackhole};
    EXPECT_EQ(common_routes({gateway, peer}, {gateway, peer}), (std::vector{gateway, peer}));
    EXPECT_EQ(common_routes({gateway}, {gateway, peer}), (std::vector{gateway, no_peer}));
    EXPECT_EQ(common_routes({gateway, peer}, {gateway}), (std::vector{gateway, no_peer}));
    EXPECT_EQ(common_routes({gateway}, {appliance}), (std::vector{nothing}));
}

TEST(AddressPlan, MirrorsThePool) {
    EXPECT_EQ(plan.transit_of(*Ipv4::parse("127.64.3.10")).str(), "198.18.3.10");
    EXPECT_EQ(plan.host().str(), "198.19.0.1");
    EXPECT_EQ(plan.vpc(AddressPlan::first_vpc_slot).str(), "198.19.0.16");
}

TEST(LinuxNetworkOptions, RefusesWhatCannotWork) {
    EXPECT_TRUE(check_options({}));
    LinuxNetworkOptions name, pool, transit, resolver;
    name.installation = "a-b";
    pool.public_pool = *Ipv4Cidr::parse("127.0.0.0/16");
    LinuxNetworkOptions real, link;
    real.public_pool = *Ipv4Cidr::parse("203.0.113.64/26");
    EXPECT_TRUE(check_options(real));
    link.public_link = "a\"b";
    transit.transit = *Ipv4Cidr::parse("198.18.0.0/16");
    resolver.upstream_resolvers = {*Ipv4::parse("127.0.0.53")};
    for (const auto& bad : {name, pool, transit, resolver, link})
        EXPECT_FALSE(check_options(bad));
}

} // namespace
} // namespace pileus::drivers
