// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

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
        {{true, -1, -1, -1, block, ""}, "out_sg-1 ip daddr 10.1.0.0/16 accept"},
        {{false, 6, 22, 22, block, ""}, "in_sg-1 ip saddr 10.1.0.0/16 tcp dport 22-22 accept"},
        {{false, 17, 0, 65535, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto udp accept"},
        {{false, 17, 0, 0, anywhere, ""}, "in_sg-1 meta nfproto ipv4 udp dport 0-0 accept"},
        {{false, 6, -1, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto tcp accept"},
        {{false, 1, 8, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 icmp type 8 accept"},
        {{false, 1, 3, 4, anywhere, ""},
         "in_sg-1 meta nfproto ipv4 icmp type 3 icmp code 4 accept"},
        {{false, 50, -1, -1, anywhere, ""}, "in_sg-1 meta nfproto ipv4 meta l4proto 50 accept"},
        {{false, 6, 80, 90, std::nullopt, "sg-2"},
         "in_sg-1 ip saddr @members_sg-2 tcp dport 80-90 accept"},
    };
    for (const auto& test : cases)
        EXPECT_THAT(group_rules({"sg-1", "vpc-1", {test.rule}}),
                    HasSubstr(std::string("add rule inet pileus ") + test.text + "\n"));
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
    const auto script = port_rules(sample_port(), nullptr, plan);
    const auto first_rule = script.find("add rule netdev t1-7 guard");
    EXPECT_EQ(script.substr(first_rule, 60),
              std::string("add rule netdev t1-7 guard ether saddr != 02:00:00:00:00:0a drop\n")
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
    VpcSpec vpc;
    vpc.cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")};
    LinuxNetworkOptions options;
    EXPECT_THAT(vpc_rules(vpc, options), Not(HasSubstr("to_outside ip saddr @outside accept")));
    EXPECT_THAT(host_rules(options, ""), Not(HasSubstr("masquerade")));
    options.egress = true;
    EXPECT_THAT(vpc_rules(vpc, options), HasSubstr("to_outside ip saddr @outside accept"));
    EXPECT_THAT(host_rules(options, "eth0"), HasSubstr("iifname \"eth0\" drop"));
}

TEST(AddressPlan, MirrorsThePool) {
    const AddressPlan plan{LinuxNetworkOptions{}};
    EXPECT_EQ(plan.transit_of(*Ipv4::parse("127.64.3.10")).str(), "198.18.3.10");
    EXPECT_EQ(plan.host().str(), "198.19.0.1");
    EXPECT_EQ(plan.vpc(AddressPlan::first_vpc_slot).str(), "198.19.0.16");
}

TEST(LinuxNetworkOptions, RefusesWhatCannotWork) {
    EXPECT_TRUE(check_options({}));
    LinuxNetworkOptions name, pool, transit, resolver;
    name.installation = "a-b";
    pool.public_pool = *Ipv4Cidr::parse("203.0.113.0/24");
    transit.transit = *Ipv4Cidr::parse("198.18.0.0/16");
    resolver.upstream_resolvers = {*Ipv4::parse("127.0.0.53")};
    for (const auto& bad : {name, pool, transit, resolver})
        EXPECT_FALSE(check_options(bad));
}

} // namespace
} // namespace pileus::drivers
