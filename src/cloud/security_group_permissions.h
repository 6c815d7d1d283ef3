// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what a request says about traffic (IpPermissions: a protocol, ports, and any number of
// peers) to rules, one a peer, in the one form in which the store and the engine know them. Pure
// functions; any thread.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html

#include "base/result.h"
#include "domain/security_group.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cloud {

// A group named by id or, in the default VPC, by name.
struct SecurityGroupReference {
    std::string id;
    std::string name;
};

// The other side of the traffic: exactly one of the first four is given.
struct PermissionPeer {
    std::string cidr_ipv4;
    std::string cidr_ipv6;
    std::string prefix_list_id;
    SecurityGroupReference group;
    std::string group_owner_id;        // "" for the caller's own
    std::string peering_connection_id; // "" for whichever there is
    std::string description;
};

struct Permission {
    std::string protocol; // name or number, or "-1" for all
    std::optional<int> from_port;
    std::optional<int> to_port;
    std::vector<PermissionPeer> peers;
};

// A rule, but for its peer group and prefix list that only the store can say something about.
struct RequestedRule {
    domain::SecurityGroupRule rule; // without ids
    SecurityGroupReference peer_group;
    std::string peer_owner_id;
    std::string peering_connection_id;
};

// Protocols by their names, host bits of CIDRs cleared, ports checked and -1 where they mean
// nothing; the same rule twice is an error.
Result<std::vector<RequestedRule>> rules_of(bool egress,
                                            const std::vector<Permission>& permissions);

Result<void> check_rule_description(std::string_view description);
// At most 255 characters of the set that group names and descriptions are made of.
bool is_group_text(std::string_view text);

// "peer: 203.0.113.0/24, TCP, from port: 22, to port: 22, ALLOW", as EC2 writes it in its errors.
std::string permission_text(const domain::SecurityGroupRule& rule);

} // namespace pileus::cloud
