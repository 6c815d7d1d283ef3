// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

struct SecurityGroup {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    std::string name;
    std::string description;
    Time created_at{};
};

// One rule has exactly one source (ingress) or destination (egress): cidr_ipv4, cidr_ipv6,
// prefix_list_id or group_id.
struct SecurityGroupRule {
    std::string id; // sgr-…
    std::string account_id;
    std::string region;
    std::string security_group_id;
    bool egress = false;
    std::string protocol; // "tcp", "udp", "icmp", "icmpv6", "-1" (all), or an IANA number as text
    int from_port = -1;   // tcp/udp: first port; icmp: type or -1 (all); all protocols: -1
    int to_port = -1;     // tcp/udp: last port; icmp: code or -1 (all)
    std::string cidr_ipv4;
    std::string cidr_ipv6;
    std::string prefix_list_id;
    std::string referenced_group_id;
    // Of a referenced group in a peered VPC; "" of one in the same VPC. They stay when group or
    // peering go: a stale rule.
    std::string peer_account_id;
    std::string peer_vpc_id;
    std::string peering_connection_id;
    std::string description;

    // Whether both rules let the same traffic pass; ids and descriptions do not matter.
    bool same_permission(const SecurityGroupRule& other) const;
};

} // namespace pileus::domain
