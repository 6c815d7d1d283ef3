// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/commands.h"
#include "drivers/network/explain/walk.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace pileus::drivers {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

} // namespace

bool is_in(const VpcSpec& vpc, const IpAddress& address) {
    const auto holds = [&](const auto& block) { return contains(IpCidr(block), address); };
    return std::any_of(vpc.cidrs.begin(), vpc.cidrs.end(), holds) ||
           std::any_of(vpc.ipv6_cidrs.begin(), vpc.ipv6_cidrs.end(), holds);
}

bool is_in(const SubnetSpec& subnet, const IpAddress& address) {
    return contains(IpCidr(subnet.cidr), address) ||
           (subnet.ipv6_cidr && contains(IpCidr(*subnet.ipv6_cidr), address));
}

bool has_address(const InterfaceSpec& interface, const IpAddress& address) {
    if (const auto* v6 = std::get_if<Ipv6>(&address))
        return std::count(interface.ipv6_addresses.begin(), interface.ipv6_addresses.end(), *v6) !=
               0;
    return std::any_of(interface.addresses.begin(),
                       interface.addresses.end(),
                       [&](const auto& own) { return own.private_ip == std::get<Ipv4>(address); });
}

bool Walk::pass(std::string kind, std::string id, std::string text, bool is_answer) {
    out_.hops.push_back({std::move(kind), std::move(id), is_answer, true, std::move(text), {}});
    return true;
}

bool Walk::stop(
    std::string kind, std::string id, std::string text, std::string command, bool is_answer) {
    out_.hops.push_back(
        {std::move(kind), std::move(id), is_answer, false, std::move(text), std::move(command)});
    return false;
}

const InterfaceSpec* Walk::find_interface(const std::string& id) const {
    return find_by_id(view_.interfaces, id);
}

const VpcSpec* Walk::find_vpc(const std::string& id) const {
    return find_by_id(view_.vpcs, id);
}

const InterfaceSpec* Walk::find_address(const std::string& vpc_id, const IpAddress& address) const {
    for (const auto& interface : view_.interfaces)
        if (interface.vpc_id == vpc_id && has_address(interface, address))
            return &interface;
    return nullptr;
}

const InterfaceSpec* Walk::find_public(const IpAddress& address) const {
    for (const auto& interface : view_.interfaces) {
        if (is_ipv6(address) && has_address(interface, address))
            return &interface;
        for (const auto& own : interface.addresses)
            if (own.public_ip && IpAddress(*own.public_ip) == address)
                return &interface;
    }
    return nullptr;
}

std::string Walk::name(const std::string& interface_id) const {
    const auto owner = view_.owners.find(interface_id);
    return owner == view_.owners.end() ? interface_id
                                       : fmt::format("{} ({})", interface_id, owner->second);
}

std::string Walk::gateway_name(const std::string& vpc_id) const {
    const auto found = view_.internet_gateways.find(vpc_id);
    return found == view_.internet_gateways.end() ? "<igw-…>" : found->second;
}

bool Walk::is_member(const std::string& group_id,
                     const std::string& vpc_id,
                     const IpAddress& address) const {
    return std::any_of(
        view_.interfaces.begin(), view_.interfaces.end(), [&](const InterfaceSpec& interface) {
            const auto& groups = interface.security_group_ids;
            return interface.vpc_id == vpc_id &&
                   std::find(groups.begin(), groups.end(), group_id) != groups.end() &&
                   has_address(interface, address);
        });
}

const TrafficRule*
Walk::find_rule(const SecurityGroupSpec& group, bool egress, const Header& header) const {
    const auto& peer = egress ? header.to : header.from;
    const auto& peer_vpc = egress ? header.to_vpc : header.from_vpc;
    for (const auto& rule : group.rules) {
        if (rule.egress != egress ||
            !protocol_matches(rule.protocol, rule.from_port, rule.to_port, header))
            continue;
        if (rule.peer_cidr ? contains(*rule.peer_cidr, peer)
                           : is_member(rule.peer_security_group_id, peer_vpc, peer))
            return &rule;
    }
    return nullptr;
}

bool Walk::check_sender(const InterfaceSpec& sender, const VpcSpec& vpc) {
    if (sender.kind == InterfaceKind::nat_gateway)
        return stop("interface", sender.id, "a NAT gateway sends nothing of its own");
    if (const auto idle = view_.idle.find(sender.id); idle != view_.idle.end())
        return stop("interface", sender.id, "nobody is behind it: " + idle->second);
    pass("interface",
         sender.id,
         fmt::format("{} sends {}", name(sender.id), drivers::describe(header_)));
    if (has_address(sender, header_.from))
        pass("source-dest-check", sender.id, "the source is its own address");
    else if (sender.source_dest_check)
        return stop("source-dest-check",
                    sender.id,
                    fmt::format("{} is no address of it", text_of(header_.from)),
                    commands::disable_source_dest_check(sender.id));
    else
        pass("source-dest-check", sender.id, "it may send for others: the check is off");
    header_.from_vpc = is_in(vpc, header_.from) ? vpc.id : "";
    return true;
}

bool Walk::check_groups(const InterfaceSpec& interface, bool egress) {
    const auto kind = egress ? "security-group-egress" : "security-group-ingress";
    for (const auto& id : interface.security_group_ids) {
        const auto* group = find_by_id(view_.groups, id);
        const auto* rule = group != nullptr ? find_rule(*group, egress, header_) : nullptr;
        if (rule != nullptr)
            return pass(kind, id, fmt::format("its rule allows {}", drivers::describe(*rule)));
    }
    const auto& ids = interface.security_group_ids;
    if (ids.empty())
        return stop(
            kind, interface.id, fmt::format("{} has no security group", name(interface.id)));
    return stop(kind,
                ids.front(),
                fmt::format("no rule of {} {} {}",
                            joined(ids),
                            egress ? "lets out" : "lets in",
                            drivers::describe(header_)),
                commands::authorize(ids.front(), egress, header_));
}

bool Walk::check_acl(const VpcSpec& vpc,
                     const SubnetSpec& subnet,
                     bool egress,
                     const Header& header,
                     bool is_answer) {
    const auto* acl = find_by_id(vpc.network_acls, subnet.network_acl_id);
    if (acl == nullptr)
        return true;
    const auto kind = egress ? "network-acl-egress" : "network-acl-ingress";
    const auto where = fmt::format("{} {}", egress ? "out of" : "into", subnet.id);
    const auto* entry = find_entry(*acl, egress, header);
    if (entry != nullptr && entry->allow)
        return pass(kind,
                    acl->id,
                    fmt::format("{}: entry {}", where, drivers::describe(*entry)),
                    is_answer);
    const auto which = entry != nullptr ? "entry " + drivers::describe(*entry)
                                        : "no entry is for it, and the last one (*) denies";
    return stop(
        kind,
        acl->id,
        fmt::format("{}: {}{}",
                    where,
                    which,
                    is_answer ? "; ACLs keep no state, so that the answer needs an entry of its own"
                              : ""),
        commands::allow_in_acl(*acl, egress, header, entry),
        is_answer);
}

} // namespace pileus::drivers
