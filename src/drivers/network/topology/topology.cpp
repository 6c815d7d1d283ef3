// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/topology/topology.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <tuple>

namespace pileus::drivers {

namespace {

bool is_lower_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

template <class... Parts> tl::unexpected<Error> refuse(const char* text, const Parts&... parts) {
    return fail(errors::invalid, fmt::format(fmt::runtime(text), parts...));
}

Result<void> check_id(std::string_view kind, std::string_view id) {
    if (is_safe_id(id))
        return {};
    return refuse("the id of a {} must be lower-case letters, digits and '-', at most {} long",
                  kind,
                  network_limits::id_length);
}

Result<void> check_subnet(const SubnetSpec& subnet, const VpcSpec& vpc) {
    PILEUS_TRY(check_id("subnet", subnet.id));
    if (!vpc.cidr.contains(subnet.cidr))
        return refuse("subnet {} ({}) is not inside {} ({})",
                      subnet.id,
                      subnet.cidr.str(),
                      vpc.id,
                      vpc.cidr.str());
    if (subnet.cidr.prefix > network_limits::smallest_subnet_prefix)
        return refuse("subnet {} ({}) is smaller than a /{}",
                      subnet.id,
                      subnet.cidr.str(),
                      network_limits::smallest_subnet_prefix);
    for (const auto& other : vpc.subnets)
        if (&other != &subnet && (other.id == subnet.id || other.cidr.overlaps(subnet.cidr)))
            return refuse("subnets {} and {} overlap", other.id, subnet.id);
    return {};
}

// A subnet in use stays as it is: guests hold leases of its addresses.
Result<void> check_subnets_in_use(const VpcSpec& vpc, const VpcTopology& before) {
    for (const auto& old : before.spec.subnets) {
        const auto now = std::find_if(
            vpc.subnets.begin(), vpc.subnets.end(), [&](const auto& s) { return s.id == old.id; });
        const bool same = now != vpc.subnets.end() && now->cidr == old.cidr;
        if (same)
            continue;
        for (const auto& [id, interface] : before.interfaces)
            if (interface.subnet_id == old.id)
                return refuse("subnet {} still holds the interface {}", old.id, id);
        if (now != vpc.subnets.end())
            return refuse("the CIDR of subnet {} cannot change", old.id);
    }
    return {};
}

Result<void> check_port_range(const TrafficRule& rule) {
    const bool ports = rule.protocol == 6 || rule.protocol == 17;
    const bool icmp = rule.protocol == 1 || rule.protocol == 58;
    const int most = ports ? 65535 : 255;
    if (rule.from_port < -1 || rule.from_port > most || rule.to_port < -1 || rule.to_port > most)
        return refuse(
            "{}-{} is no range of ports, or ICMP type and code", rule.from_port, rule.to_port);
    if (ports && ((rule.from_port == -1) != (rule.to_port == -1) || rule.from_port > rule.to_port))
        return refuse("the ports {}-{} are no range", rule.from_port, rule.to_port);
    if (!ports && !icmp && (rule.from_port > 0 || rule.to_port > 0) && rule.protocol != -1)
        return refuse("protocol {} has no ports", rule.protocol);
    return {};
}

Result<void> check_rule(const TrafficRule& rule) {
    if (rule.protocol < -1 || rule.protocol > 255)
        return refuse("{} is no protocol number", rule.protocol);
    if (rule.peer_cidr.has_value() == !rule.peer_security_group_id.empty())
        return refuse("a rule has one peer: a CIDR block or a security group");
    if (!rule.peer_cidr)
        PILEUS_TRY(check_id("security group", rule.peer_security_group_id));
    else if (rule.peer_cidr->prefix < 0 || rule.peer_cidr->prefix > 32)
        return refuse("/{} is no prefix length", rule.peer_cidr->prefix);
    return check_port_range(rule);
}

Result<void> check_unchanged(const InterfaceSpec& now, const InterfaceSpec& before) {
    if (std::tie(now.subnet_id, now.mac, now.private_ip) ==
        std::tie(before.subnet_id, before.mac, before.private_ip))
        return {};
    return refuse("the subnet, MAC address and private address of {} cannot change", now.id);
}

Result<void> check_unique(const InterfaceSpec& interface, const VpcTopology& vpc) {
    for (const auto& [id, other] : vpc.interfaces) {
        if (id == interface.id)
            continue;
        if (other.private_ip == interface.private_ip)
            return refuse("{} is the address of {}", interface.private_ip.str(), id);
        if (other.mac == interface.mac)
            return refuse("{} is the MAC address of {}", interface.mac.str(), id);
        if (interface.public_ip && other.public_ip == interface.public_ip)
            return refuse("{} is the public address of {}", interface.public_ip->str(), id);
    }
    return {};
}

Result<void> check_interface_groups(const InterfaceSpec& interface, const VpcTopology& vpc) {
    const auto& ids = interface.security_group_ids;
    if (ids.size() > network_limits::groups_of_interface)
        return refuse("an interface has at most {} groups", network_limits::groups_of_interface);
    if (std::set<std::string>(ids.begin(), ids.end()).size() != ids.size())
        return refuse("{} names a security group twice", interface.id);
    for (const auto& id : ids)
        if (!vpc.groups.contains(id))
            return fail(errors::not_found,
                        fmt::format("security group {} is not known in {}", id, vpc.spec.id));
    return {};
}

} // namespace

bool is_safe_id(std::string_view text) {
    return !text.empty() && text.size() <= network_limits::id_length && text[0] >= 'a' &&
           text[0] <= 'z' && std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_alphanumeric(c) || c == '-';
           });
}

bool is_safe_label(std::string_view text) {
    return !text.empty() && text.size() <= network_limits::host_name_length &&
           is_lower_alphanumeric(text.front()) && is_lower_alphanumeric(text.back()) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_alphanumeric(c) || c == '-';
           });
}

bool is_safe_domain(std::string_view text) {
    if (text.size() > network_limits::domain_length)
        return false;
    const auto labels = split(text, '.');
    return std::all_of(labels.begin(), labels.end(), is_safe_label);
}

bool is_reserved_address(const Ipv4Cidr& subnet, Ipv4 address) {
    return address < subnet.at(4) || address == subnet.at(subnet.size() - 1);
}

Ipv4 gateway_of(const Ipv4Cidr& subnet) {
    return subnet.at(1);
}

Ipv4 resolver_of(const Ipv4Cidr& vpc) {
    return vpc.at(2);
}

Result<void> check_vpc(const VpcSpec& vpc, const VpcTopology* before) {
    PILEUS_TRY(check_id("VPC", vpc.id));
    if (vpc.cidr.prefix < 8 || vpc.cidr.prefix > network_limits::smallest_subnet_prefix)
        return refuse("the CIDR of {} must be a /8 to a /28", vpc.id);
    for (const auto* taken : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"})
        if (Ipv4Cidr::parse(taken)->overlaps(vpc.cidr))
            return refuse("the CIDR {} overlaps {}", vpc.cidr.str(), taken);
    if (!is_safe_domain(vpc.dns_domain))
        return refuse("the DNS domain of {} must be labels of lower-case letters, digits and '-'",
                      vpc.id);
    if (vpc.subnets.size() > network_limits::subnets)
        return refuse("a VPC has at most {} subnets", network_limits::subnets);
    for (const auto& subnet : vpc.subnets)
        PILEUS_TRY(check_subnet(subnet, vpc));
    if (before == nullptr)
        return {};
    if (before->spec.cidr != vpc.cidr)
        return refuse("the CIDR of {} cannot change", vpc.id);
    return check_subnets_in_use(vpc, *before);
}

Result<void> check_groups(const std::vector<SecurityGroupSpec>& groups, const VpcTopology& vpc) {
    size_t total = vpc.groups.size();
    std::set<std::string> seen;
    for (const auto& group : groups) {
        PILEUS_TRY(check_id("security group", group.id));
        if (group.vpc_id != vpc.spec.id)
            return refuse("{} is a group of {}, not of {}", group.id, group.vpc_id, vpc.spec.id);
        if (!seen.insert(group.id).second)
            return refuse("{} is named twice", group.id);
        total += vpc.groups.contains(group.id) ? 0 : 1;
        if (group.rules.size() > network_limits::rules_of_group)
            return refuse("{} has more than {} rules", group.id, network_limits::rules_of_group);
        for (const auto& rule : group.rules)
            PILEUS_TRY(check_rule(rule));
    }
    if (total > network_limits::groups)
        return refuse("a VPC has at most {} security groups", network_limits::groups);
    return {};
}

Result<void> check_group_unused(const std::string& group_id, const VpcTopology& vpc) {
    for (const auto& [id, interface] : vpc.interfaces)
        if (std::count(interface.security_group_ids.begin(),
                       interface.security_group_ids.end(),
                       group_id) != 0)
            return refuse("security group {} is used by {}", group_id, id);
    return {};
}

Result<void> check_interface(const InterfaceSpec& interface, const VpcTopology& vpc) {
    PILEUS_TRY(check_id("network interface", interface.id));
    if (!is_safe_label(interface.host_name))
        return refuse("the host name of {} must be lower-case letters, digits and '-'",
                      interface.id);
    const auto subnet = std::find_if(vpc.spec.subnets.begin(),
                                     vpc.spec.subnets.end(),
                                     [&](const auto& s) { return s.id == interface.subnet_id; });
    if (subnet == vpc.spec.subnets.end())
        return fail(errors::not_found,
                    fmt::format("subnet {} is not known in {}", interface.subnet_id, vpc.spec.id));
    if (!subnet->cidr.contains(interface.private_ip) ||
        is_reserved_address(subnet->cidr, interface.private_ip))
        return refuse("{} is no address for an interface in {} ({})",
                      interface.private_ip.str(),
                      subnet->id,
                      subnet->cidr.str());
    if ((interface.mac.bytes[0] & 1) != 0 || interface.mac == MacAddress{})
        return refuse("{} is no MAC address of one interface", interface.mac.str());
    const auto before = vpc.interfaces.find(interface.id);
    if (before != vpc.interfaces.end())
        PILEUS_TRY(check_unchanged(interface, before->second));
    else if (vpc.interfaces.size() >= network_limits::interfaces)
        return refuse("a VPC has at most {} interfaces", network_limits::interfaces);
    PILEUS_TRY(check_unique(interface, vpc));
    return check_interface_groups(interface, vpc);
}

} // namespace pileus::drivers
