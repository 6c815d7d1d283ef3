// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/permissions.h"

#include <map>
#include <tuple>

namespace pileus::api::ec2 {

namespace {

using PeeringStates = std::map<std::string, std::string>;

model::UserIdGroupPair write_group(const domain::SecurityGroupRule& rule,
                                   const PeeringStates& states,
                                   model::UserIdGroupPair out) {
    out.set_group_id(rule.referenced_group_id)
        .set_user_id(rule.peer_account_id.empty() ? rule.account_id : rule.peer_account_id);
    if (rule.peering_connection_id.empty())
        return out;
    out.set_vpc_id(rule.peer_vpc_id).set_vpc_peering_connection_id(rule.peering_connection_id);
    if (const auto state = states.find(rule.peering_connection_id); state != states.end())
        out.set_peering_status(state->second);
    return out;
}

void write_peer(const domain::SecurityGroupRule& rule,
                const PeeringStates& states,
                model::IpPermission out) {
    // A rule without a description has none in the answer either, not an empty one.
    const auto describe = [&](auto peer) {
        if (!rule.description.empty())
            peer.set_description(rule.description);
    };
    if (!rule.cidr_ipv4.empty())
        describe(out.add_ip_ranges().set_cidr_ip(rule.cidr_ipv4));
    else if (!rule.cidr_ipv6.empty())
        describe(out.add_ipv6_ranges().set_cidr_ipv6(rule.cidr_ipv6));
    else if (!rule.prefix_list_id.empty())
        describe(out.add_prefix_list_ids().set_prefix_list_id(rule.prefix_list_id));
    else
        describe(write_group(rule, states, out.add_user_id_group_pairs()));
}

void write_traffic(const domain::SecurityGroupRule& rule, model::IpPermission out) {
    out.set_ip_protocol(rule.protocol)
        .touch_user_id_group_pairs()
        .touch_ip_ranges()
        .touch_ipv6_ranges()
        .touch_prefix_list_ids();
    if (rule.protocol != "-1")
        out.set_from_port(rule.from_port).set_to_port(rule.to_port);
}

} // namespace

cloud::Permission permission_of(model::IpPermission in) {
    cloud::Permission permission{text(in.ip_protocol()), in.from_port(), in.to_port(), {}};
    for (const auto range : in.ip_ranges()) {
        cloud::PermissionPeer peer;
        peer.cidr_ipv4 = text(range.cidr_ip());
        peer.description = text(range.description());
        permission.peers.push_back(std::move(peer));
    }
    for (const auto range : in.ipv6_ranges()) {
        cloud::PermissionPeer peer;
        peer.cidr_ipv6 = text(range.cidr_ipv6());
        peer.description = text(range.description());
        permission.peers.push_back(std::move(peer));
    }
    for (const auto list : in.prefix_list_ids()) {
        cloud::PermissionPeer peer;
        peer.prefix_list_id = text(list.prefix_list_id());
        peer.description = text(list.description());
        permission.peers.push_back(std::move(peer));
    }
    for (const auto pair : in.user_id_group_pairs()) {
        cloud::PermissionPeer peer;
        peer.group = {text(pair.group_id()), text(pair.group_name())};
        peer.group_owner_id = text(pair.user_id());
        peer.peering_connection_id = text(pair.vpc_peering_connection_id());
        peer.description = text(pair.description());
        permission.peers.push_back(std::move(peer));
    }
    return permission;
}

void write_permission(const domain::SecurityGroupRule& rule, model::IpPermission out) {
    write_traffic(rule, out);
    write_peer(rule, {}, out);
}

void write_permissions(const cloud::SecurityGroupView& view,
                       bool egress,
                       model::SecurityGroup out) {
    std::map<std::tuple<std::string, int, int>, model::IpPermission> permissions;
    for (const auto& rule : view.rules) {
        if (rule.egress != egress)
            continue;
        auto [entry, is_new] =
            permissions.try_emplace({rule.protocol, rule.from_port, rule.to_port});
        if (is_new) {
            entry->second = egress ? out.add_ip_permissions_egress() : out.add_ip_permissions();
            write_traffic(rule, entry->second);
        }
        write_peer(rule, view.peering_states, entry->second);
    }
}

// Only groups of peered VPCs become stale.
void write_stale_permissions(const cloud::SecurityGroupView& view,
                             bool egress,
                             model::StaleSecurityGroup out) {
    std::map<std::tuple<std::string, int, int>, model::StaleIpPermission> permissions;
    for (const auto& rule : view.rules) {
        if (rule.egress != egress)
            continue;
        auto [entry, is_new] =
            permissions.try_emplace({rule.protocol, rule.from_port, rule.to_port});
        auto& written = entry->second;
        if (is_new) {
            written =
                egress ? out.add_stale_ip_permissions_egress() : out.add_stale_ip_permissions();
            written.set_ip_protocol(rule.protocol).touch_ip_ranges().touch_prefix_list_ids();
            if (rule.protocol != "-1")
                written.set_from_port(rule.from_port).set_to_port(rule.to_port);
        }
        write_group(rule, view.peering_states, written.add_user_id_group_pairs());
    }
}

} // namespace pileus::api::ec2
