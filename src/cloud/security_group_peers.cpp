// SPDX-License-Identifier: Apache-2.0
#include "cloud/security_group_peers.h"

#include "cloud/resource_kind.h"
#include "store/prefix_lists.h"
#include "store/security_groups.h"
#include "store/vpc_peering_connections.h"

#include <algorithm>
#include <optional>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace groups = store::security_groups;
namespace peerings = store::vpc_peering_connections;

namespace {

using Rule = domain::SecurityGroupRule;

std::optional<domain::VpcPeeringConnection> active_peering(store::Transaction& tx,
                                                           const std::string& vpc_id,
                                                           const std::string& peer_vpc_id,
                                                           const std::string& wanted_id) {
    for (auto& peering : peerings::list_of_vpc(tx, vpc_id)) {
        const auto& other =
            peering.requester_vpc_id == vpc_id ? peering.accepter_vpc_id : peering.requester_vpc_id;
        if (other == peer_vpc_id && peering.state == domain::PeeringState::active &&
            (wanted_id.empty() || wanted_id == peering.id))
            return std::move(peering);
    }
    return std::nullopt;
}

// A group by its id, of whatever account: what the caller may not name is as good as missing.
Result<void> set_peer_by_id(store::Transaction& tx,
                            const domain::Caller& caller,
                            const domain::SecurityGroup& group,
                            const RequestedRule& requested,
                            Rule& rule) {
    const auto& id = requested.peer_group.id;
    const auto peer = groups::find(tx, id);
    const auto& owner =
        requested.peer_owner_id.empty() ? caller.account_id : requested.peer_owner_id;
    if (!peer || peer->account_id != owner || peer->region != group.region)
        return fail(missing_error(kinds::security_group, id));
    rule.referenced_group_id = peer->id;
    if (peer->vpc_id == group.vpc_id)
        return {};
    const auto peering =
        active_peering(tx, group.vpc_id, peer->vpc_id, requested.peering_connection_id);
    if (!peering && peer->account_id == caller.account_id)
        return fail(codes::group_not_found,
                    "You have specified two resources that belong to different networks.");
    if (!peering)
        return fail(missing_error(kinds::security_group, id));
    rule.peer_account_id = peer->account_id;
    rule.peer_vpc_id = peer->vpc_id;
    rule.peering_connection_id = peering->id;
    return {};
}

Result<void> set_peer_by_name(store::Transaction& tx,
                              const domain::Caller& caller,
                              const domain::SecurityGroup& group,
                              const RequestedRule& requested,
                              Rule& rule) {
    const auto& name = requested.peer_group.name;
    if (!requested.peer_owner_id.empty() && requested.peer_owner_id != caller.account_id)
        return fail(missing_error(kinds::security_group, name));
    PILEUS_ASSIGN(const auto peer, find_security_group(tx, caller, {"", name}));
    if (peer.vpc_id != group.vpc_id)
        return fail(codes::group_not_found,
                    "You have specified two resources that belong to different networks.");
    rule.referenced_group_id = peer.id;
    return {};
}

Rule in_group(const domain::SecurityGroup& group, const RequestedRule& requested) {
    Rule rule = requested.rule;
    rule.account_id = group.account_id;
    rule.region = group.region;
    rule.security_group_id = group.id;
    return rule;
}

} // namespace

Result<Rule> resolve_rule(store::Transaction& tx,
                          const domain::Caller& caller,
                          const domain::SecurityGroup& group,
                          const RequestedRule& requested) {
    Rule rule = in_group(group, requested);
    if (!rule.prefix_list_id.empty() &&
        !store::prefix_lists::find(tx, scope_of(caller), rule.prefix_list_id))
        return fail(missing_error(kinds::prefix_list, rule.prefix_list_id));
    // When both are given they name the same group: the id decides.
    if (!requested.peer_group.id.empty())
        PILEUS_TRY(set_peer_by_id(tx, caller, group, requested, rule));
    else if (!requested.peer_group.name.empty())
        PILEUS_TRY(set_peer_by_name(tx, caller, group, requested, rule));
    return rule;
}

Result<Rule> resolve_present_rule(store::Transaction& tx,
                                  const domain::Caller& caller,
                                  const domain::SecurityGroup& group,
                                  const RequestedRule& requested,
                                  const std::vector<Rule>& present) {
    Rule rule = in_group(group, requested);
    rule.referenced_group_id = requested.peer_group.id;
    const bool is_there = std::any_of(present.begin(), present.end(), [&](const Rule& other) {
        return other.same_permission(rule);
    });
    if (is_there)
        return rule;
    return resolve_rule(tx, caller, group, requested);
}

RuleWeight weight_of(store::Transaction& tx, const Rule& rule) {
    if (!rule.cidr_ipv4.empty())
        return {1, 0};
    if (!rule.cidr_ipv6.empty())
        return {0, 1};
    if (rule.prefix_list_id.empty())
        return {1, 1}; // a group has members of both families
    const auto list = store::prefix_lists::find(tx, rule.prefix_list_id);
    if (!list)
        return {1, 1};
    return list->is_ipv6 ? RuleWeight{0, list->max_entries} : RuleWeight{list->max_entries, 0};
}

bool is_stale(store::Transaction& tx, const Rule& rule) {
    if (rule.peering_connection_id.empty())
        return false;
    const auto peering = peerings::find(tx, rule.peering_connection_id);
    return !peering || peering->state != domain::PeeringState::active ||
           !groups::find(tx, rule.referenced_group_id);
}

std::map<std::string, std::string> peering_states_of(store::Transaction& tx,
                                                     const std::vector<Rule>& rules) {
    std::map<std::string, std::string> states;
    for (const auto& rule : rules) {
        const auto& id = rule.peering_connection_id;
        if (id.empty() || states.contains(id))
            continue;
        const auto peering = peerings::find(tx, id);
        states[id] = peering ? domain::to_string(peering->state) : "deleted";
    }
    return states;
}

} // namespace pileus::cloud
