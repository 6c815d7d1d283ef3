// SPDX-License-Identifier: Apache-2.0
#include "cloud/security_group_permissions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::cloud {
namespace {

PermissionPeer from(const std::string& cidr) {
    return {.cidr_ipv4 = cidr};
}

// "tcp 22-22 0.0.0.0/0", or the error's text.
std::string told(const Permission& permission) {
    const auto rules = rules_of(false, {permission});
    if (!rules)
        return rules.error().code + ": " + rules.error().message;
    const auto& rule = rules->front().rule;
    return rule.protocol + " " + std::to_string(rule.from_port) + ":" +
           std::to_string(rule.to_port) + " " + rule.cidr_ipv4 + rule.cidr_ipv6;
}

TEST(SecurityGroupPermissions, HaveOneFormForOneMeaning) {
    const std::pair<Permission, std::string> cases[]{
        {{"tcp", 22, 22, {from("0.0.0.0/0")}}, "tcp 22:22 0.0.0.0/0"},
        {{"TCP", 0, 65535, {from("10.1.2.3/8")}}, "tcp 0:65535 10.0.0.0/8"},
        {{"6", 22, 22, {from("1.2.3.4/32")}}, "tcp 22:22 1.2.3.4/32"},
        {{"17", 53, 53, {from("1.2.3.4/32")}}, "udp 53:53 1.2.3.4/32"},
        {{"1", 8, -1, {from("1.2.3.4/32")}}, "icmp 8:-1 1.2.3.4/32"},
        {{"icmp", {}, {}, {from("1.2.3.4/32")}}, "icmp -1:-1 1.2.3.4/32"},
        {{"58", -1, -1, {{.cidr_ipv6 = "2001:DB8::1/64"}}}, "icmpv6 -1:-1 2001:db8::/64"},
        {{"-1", 22, 22, {from("1.2.3.4/32")}}, "-1 -1:-1 1.2.3.4/32"},
        {{"all", {}, {}, {from("1.2.3.4/32")}}, "-1 -1:-1 1.2.3.4/32"},
        {{"50", 1, 2, {from("1.2.3.4/32")}}, "50 -1:-1 1.2.3.4/32"},
    };
    for (const auto& [permission, expected] : cases)
        EXPECT_EQ(told(permission), expected);
}

TEST(SecurityGroupPermissions, RefusesInEc2sWords) {
    const std::pair<Permission, std::string> cases[]{
        {{"tcp", 22, 22, {from("1.2.3.4/33")}},
         "InvalidParameterValue: CIDR block 1.2.3.4/33 is malformed"},
        {{"tcp", 22, 22, {from("1.2.3.4")}},
         "InvalidParameterValue: CIDR block 1.2.3.4 is malformed"},
        {{"tcp", 22, 22, {{.cidr_ipv6 = "1.2.3.4/32"}}},
         "InvalidParameterValue: CIDR block 1.2.3.4/32 is malformed"},
        {{"tcp", 22, {}, {from("0.0.0.0/0")}},
         "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' "
         "for portRange."},
        {{"tcp", 0, 65536, {from("0.0.0.0/0")}},
         "InvalidParameterValue: TCP/UDP port (65536) out of range"},
        {{"udp", -1, -1, {from("0.0.0.0/0")}},
         "InvalidParameterValue: TCP/UDP port (-1) out of range"},
        {{"tcp", 443, 80, {from("0.0.0.0/0")}},
         "InvalidParameterValue: Invalid TCP/UDP port range (443:80)"},
        {{"icmp", 256, 0, {from("0.0.0.0/0")}},
         "InvalidParameterValue: ICMP type (256) out of range"},
        {{"carrier pigeon", 1, 1, {from("0.0.0.0/0")}},
         "InvalidParameterValue: Invalid value 'carrier pigeon' for IP protocol. Unknown "
         "protocol."},
        {{"256", {}, {}, {from("0.0.0.0/0")}},
         "InvalidParameterValue: Invalid value '256' for IP protocol. Unknown protocol."},
        {{"", 1, 1, {from("0.0.0.0/0")}},
         "MissingParameter: The request must contain the parameter ipProtocol"},
        {{"tcp", 1, 1, {}},
         "MissingParameter: Missing source specification: include source security group or CIDR "
         "information"},
        {{"tcp", 1, 1, {from("0.0.0.0/0"), from("1.2.3.4/0")}},
         "InvalidParameterValue: The same permission must not appear multiple times"},
    };
    for (const auto& [permission, expected] : cases)
        EXPECT_EQ(told(permission), expected);
    const Permission described{
        "tcp", 1, 1, {{.cidr_ipv4 = "0.0.0.0/0", .description = std::string(256, 'x')}}};
    EXPECT_THAT(told(described), testing::StartsWith("InvalidParameterValue: Invalid rule desc"));
}

TEST(SecurityGroupPermissions, OnePeerMakesOneRule) {
    const auto rules = rules_of(
        true,
        {{"tcp", 80, 80, {from("10.0.0.0/8"), {.cidr_ipv6 = "::/0"}, {.group = {"sg-1", ""}}}}});
    ASSERT_TRUE(rules);
    ASSERT_EQ(rules->size(), 3u);
    EXPECT_EQ((*rules)[1].rule.cidr_ipv6, "::/0");
    EXPECT_EQ((*rules)[2].peer_group.id, "sg-1");
    EXPECT_TRUE((*rules)[2].rule.egress);
}

TEST(SecurityGroupPermissions, TextIsThatOfEc2sErrors) {
    domain::SecurityGroupRule rule;
    rule.protocol = "tcp";
    rule.from_port = rule.to_port = 22;
    rule.cidr_ipv4 = "203.0.113.0/24";
    EXPECT_EQ(permission_text(rule),
              "peer: 203.0.113.0/24, TCP, from port: 22, to port: 22, ALLOW");
    rule.protocol = "-1";
    EXPECT_EQ(permission_text(rule), "peer: 203.0.113.0/24, ALL, ALLOW");
}

} // namespace
} // namespace pileus::cloud
