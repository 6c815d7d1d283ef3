// SPDX-License-Identifier: Apache-2.0
#pragma once

// The other side of security group rules: groups of the same VPC, groups of VPCs that are peered
// with it, and prefix lists. Functions of one transaction.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html

#include "cloud/security_group_permissions.h"
#include "cloud/security_groups.h"

#include <map>
#include <string>
#include <vector>

namespace pileus::cloud {

// The rule as it would be in `group`: its peer is looked up. A group must be in the same VPC, or in
// one with which there is an active peering; a prefix list must be the caller's.
Result<domain::SecurityGroupRule> resolve_rule(store::Transaction& tx,
                                               const domain::Caller& caller,
                                               const domain::SecurityGroup& group,
                                               const RequestedRule& requested);

// The rule among `present` that is meant, though its peer may be gone by now; what no present rule
// can be is resolved as above.
Result<domain::SecurityGroupRule>
resolve_present_rule(store::Transaction& tx,
                     const domain::Caller& caller,
                     const domain::SecurityGroup& group,
                     const RequestedRule& requested,
                     const std::vector<domain::SecurityGroupRule>& present);

// How many rules it counts for: a prefix list for all entries that it may come to have.
struct RuleWeight {
    int ipv4 = 0;
    int ipv6 = 0;
};
RuleWeight weight_of(store::Transaction& tx, const domain::SecurityGroupRule& rule);

// Rules that let nothing pass any more, because the peering or the peer group is gone.
bool is_stale(store::Transaction& tx, const domain::SecurityGroupRule& rule);

// "active", "deleted" …, of each peering that the rules name.
std::map<std::string, std::string>
peering_states_of(store::Transaction& tx, const std::vector<domain::SecurityGroupRule>& rules);

} // namespace pileus::cloud
