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

template <class Items> Result<void> check_count(const Items& items, size_t most, const char* what) {
    if (items.size() <= most)
        return {};
    return refuse("there are at most {} {}", most, what);
}

template <class Items> bool knows(const Items& items, const std::string& id) {
    return std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.id == id; });
}

template <class Items> Result<void> check_ids(const Items& items, const char* kind) {
    std::set<std::string> seen;
    for (const auto& item : items) {
        PILEUS_TRY(check_id(kind, item.id));
        if (!seen.insert(item.id).second)
            return refuse("the {} {} is named twice", kind, item.id);
    }
    return {};
}

template <class Blocks, class Block> bool any_contains(const Blocks& blocks, const Block& block) {
    return std::any_of(
        blocks.begin(), blocks.end(), [&](const auto& one) { return one.contains(block); });
}

template <class Blocks> Result<void> check_apart(const Blocks& blocks, const std::string& vpc_id) {
    PILEUS_TRY(check_count(blocks, network_limits::blocks, "CIDR blocks in a VPC"));
    for (size_t i = 0; i < blocks.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            if (blocks[i].overlaps(blocks[j]))
                return refuse(
                    "the blocks {} and {} of {} overlap", blocks[j].str(), blocks[i].str(), vpc_id);
    return {};
}

Result<void> check_blocks(const VpcSpec& vpc) {
    if (vpc.cidrs.empty())
        return refuse("{} has no CIDR", vpc.id);
    for (const auto& cidr : vpc.cidrs) {
        if (cidr.prefix < 8 || cidr.prefix > network_limits::smallest_subnet_prefix)
            return refuse("the CIDR of {} must be a /8 to a /28", vpc.id);
        for (const auto* taken : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"})
            if (Ipv4Cidr::parse(taken)->overlaps(cidr))
                return refuse("the CIDR {} overlaps {}", cidr.str(), taken);
    }
    for (const auto& cidr : vpc.ipv6_cidrs) {
        if (cidr.prefix < 16 || cidr.prefix > 64)
            return refuse("the IPv6 CIDR {} must be a /16 to a /64", cidr.str());
        for (const auto* taken : {"::/16", "fe80::/10", "fd00:ec2::/64", "ff00::/8"})
            if (Ipv6Cidr::parse(taken)->overlaps(cidr))
                return refuse("the CIDR {} overlaps {}", cidr.str(), taken);
    }
    PILEUS_TRY(check_apart(vpc.cidrs, vpc.id));
    return check_apart(vpc.ipv6_cidrs, vpc.id);
}

Result<void> check_subnet(const SubnetSpec& subnet, const VpcSpec& vpc) {
    if (!any_contains(vpc.cidrs, subnet.cidr))
        return refuse("subnet {} ({}) is not inside {}", subnet.id, subnet.cidr.str(), vpc.id);
    if (subnet.cidr.prefix > network_limits::smallest_subnet_prefix)
        return refuse("subnet {} ({}) is smaller than a /{}",
                      subnet.id,
                      subnet.cidr.str(),
                      network_limits::smallest_subnet_prefix);
    if (subnet.ipv6_cidr &&
        (subnet.ipv6_cidr->prefix != 64 || !any_contains(vpc.ipv6_cidrs, *subnet.ipv6_cidr)))
        return refuse(
            "{} of subnet {} is no /64 inside {}", subnet.ipv6_cidr->str(), subnet.id, vpc.id);
    if (!subnet.route_table_id.empty() && !knows(vpc.route_tables, subnet.route_table_id))
        return refuse("the route table {} of {} is not there", subnet.route_table_id, subnet.id);
    if (!subnet.network_acl_id.empty() && !knows(vpc.network_acls, subnet.network_acl_id))
        return refuse("the network ACL {} of {} is not there", subnet.network_acl_id, subnet.id);
    return {};
}

Result<void> check_subnets(const VpcSpec& vpc) {
    PILEUS_TRY(check_count(vpc.subnets, network_limits::subnets, "subnets in a VPC"));
    PILEUS_TRY(check_ids(vpc.subnets, "subnet"));
    std::map<Ipv4, const SubnetSpec*> by_base;
    for (const auto& subnet : vpc.subnets) {
        PILEUS_TRY(check_subnet(subnet, vpc));
        if (!by_base.emplace(subnet.cidr.base, &subnet).second)
            return refuse("subnets {} and {} overlap", by_base[subnet.cidr.base]->id, subnet.id);
    }
    const SubnetSpec* before = nullptr;
    for (const auto& [base, subnet] : by_base) {
        if (before != nullptr && before->cidr.overlaps(subnet->cidr))
            return refuse("subnets {} and {} overlap", before->id, subnet->id);
        before = subnet;
    }
    std::set<Ipv6Cidr> ipv6;
    for (const auto& subnet : vpc.subnets)
        if (subnet.ipv6_cidr && !ipv6.insert(*subnet.ipv6_cidr).second)
            return refuse("{} is in two subnets", subnet.ipv6_cidr->str());
    return {};
}

Result<void> check_route(const RouteSpec& route, const RouteTableSpec& table) {
    const bool has_target =
        route.target == RouteTarget::interface || route.target == RouteTarget::peering;
    if (has_target != !route.target_id.empty())
        return refuse("a route of {} names a target that it cannot have", table.id);
    if (has_target)
        PILEUS_TRY(check_id("route's target", route.target_id));
    if (route.target == RouteTarget::egress_only_internet_gateway && !is_ipv6(route.destination))
        return refuse("{} of {}: an egress-only internet gateway is for IPv6",
                      to_string(route.destination),
                      table.id);
    return {};
}

Result<void> check_route_tables(const VpcSpec& vpc) {
    PILEUS_TRY(check_count(vpc.route_tables, network_limits::route_tables, "route tables"));
    PILEUS_TRY(check_ids(vpc.route_tables, "route table"));
    for (const auto& table : vpc.route_tables) {
        PILEUS_TRY(check_count(table.routes, network_limits::routes_of_table, "routes in a table"));
        std::set<IpCidr> seen;
        for (const auto& route : table.routes) {
            PILEUS_TRY(check_route(route, table));
            if (!seen.insert(route.destination).second)
                return refuse("{} has two routes to {}", table.id, to_string(route.destination));
        }
    }
    return {};
}

Result<void> check_peerings(const VpcSpec& vpc) {
    PILEUS_TRY(check_count(vpc.peerings, network_limits::peerings, "peerings of a VPC"));
    PILEUS_TRY(check_ids(vpc.peerings, "peering"));
    for (const auto& peering : vpc.peerings) {
        PILEUS_TRY(check_id("VPC", peering.peer_vpc_id));
        if (peering.peer_vpc_id == vpc.id)
            return refuse("{} peers with itself", vpc.id);
        PILEUS_TRY(check_count(peering.peer_cidrs, 2 * network_limits::blocks, "blocks of a peer"));
    }
    return {};
}

Result<void> check_dhcp(const DhcpSpec& dhcp) {
    if (!dhcp.domain_name.empty() && !is_safe_domain_list(dhcp.domain_name))
        return refuse("the domain name that DHCP tells must be letters, digits, '-', '_' and '.'");
    PILEUS_TRY(
        check_count(dhcp.domain_name_servers, network_limits::servers_of_dhcp, "name servers"));
    PILEUS_TRY(check_count(dhcp.ntp_servers, network_limits::servers_of_dhcp, "NTP servers"));
    PILEUS_TRY(
        check_count(dhcp.netbios_name_servers, network_limits::servers_of_dhcp, "WINS servers"));
    for (const int type : {0, 1, 2, 4, 8})
        if (dhcp.netbios_node_type == type)
            return {};
    return refuse("{} is no NetBIOS node type", dhcp.netbios_node_type);
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

// Of a security group's rule or an ACL's entry.
Result<void> check_ports(int protocol, int from_port, int to_port) {
    const bool ports = protocol == 6 || protocol == 17;
    const bool icmp = protocol == 1 || protocol == 58;
    const int most = ports ? 65535 : 255;
    if (protocol < -1 || protocol > 255)
        return refuse("{} is no protocol number", protocol);
    if (from_port < -1 || from_port > most || to_port < -1 || to_port > most)
        return refuse("{}-{} is no range of ports, or ICMP type and code", from_port, to_port);
    if (ports && ((from_port == -1) != (to_port == -1) || from_port > to_port))
        return refuse("the ports {}-{} are no range", from_port, to_port);
    if (!ports && !icmp && (from_port > 0 || to_port > 0) && protocol != -1)
        return refuse("protocol {} has no ports", protocol);
    return {};
}

Result<void> check_prefix(const IpCidr& cidr) {
    const int prefix = std::visit([](const auto& block) { return block.prefix; }, cidr);
    if (prefix < 0 || prefix > (is_ipv6(cidr) ? 128 : 32))
        return refuse("/{} is no prefix length", prefix);
    return {};
}

Result<void> check_rule(const TrafficRule& rule) {
    if (rule.peer_cidr.has_value() == !rule.peer_security_group_id.empty())
        return refuse("a rule has one peer: a CIDR block or a security group");
    if (!rule.peer_cidr)
        PILEUS_TRY(check_id("security group", rule.peer_security_group_id));
    else
        PILEUS_TRY(check_prefix(*rule.peer_cidr));
    return check_ports(rule.protocol, rule.from_port, rule.to_port);
}

Result<void> check_acls(const VpcSpec& vpc) {
    PILEUS_TRY(check_count(vpc.network_acls, network_limits::acls, "network ACLs"));
    PILEUS_TRY(check_ids(vpc.network_acls, "network ACL"));
    for (const auto& acl : vpc.network_acls) {
        PILEUS_TRY(check_count(acl.entries, network_limits::entries_of_acl, "entries in an ACL"));
        std::set<std::pair<bool, int>> seen;
        for (const auto& entry : acl.entries) {
            PILEUS_TRY(check_prefix(entry.peer));
            PILEUS_TRY(check_ports(entry.protocol, entry.from_port, entry.to_port));
            if (!seen.emplace(entry.egress, entry.number).second)
                return refuse("{} has two entries {}", acl.id, entry.number);
        }
    }
    return {};
}

Result<void> check_unchanged(const InterfaceSpec& now, const InterfaceSpec& before) {
    if (std::make_tuple(now.subnet_id, now.mac, now.private_ip(), now.kind) ==
        std::make_tuple(before.subnet_id, before.mac, before.private_ip(), before.kind))
        return {};
    return refuse("the subnet, MAC address and primary private address of {} cannot change",
                  now.id);
}

Result<void> check_addresses(const InterfaceSpec& interface, const SubnetSpec& subnet) {
    if (interface.addresses.empty())
        return refuse("{} has no private address", interface.id);
    PILEUS_TRY(check_count(interface.addresses,
                           network_limits::addresses_of_interface,
                           "private addresses on an interface"));
    PILEUS_TRY(check_count(interface.ipv6_addresses,
                           network_limits::addresses_of_interface,
                           "IPv6 addresses on an interface"));
    std::set<Ipv4> seen, seen_public;
    for (const auto& address : interface.addresses) {
        const auto ip = address.private_ip;
        if (!subnet.cidr.contains(ip) || is_reserved_address(subnet.cidr, ip))
            return refuse("{} is no address for an interface in {} ({})",
                          ip.str(),
                          subnet.id,
                          subnet.cidr.str());
        if (!seen.insert(ip).second)
            return refuse("{} has {} twice", interface.id, ip.str());
        if (address.public_ip && !seen_public.insert(*address.public_ip).second)
            return refuse("{} has {} twice", interface.id, address.public_ip->str());
    }
    std::set<Ipv6> seen_ipv6;
    for (const auto& ip : interface.ipv6_addresses) {
        if (!subnet.ipv6_cidr || !subnet.ipv6_cidr->contains(ip) ||
            is_reserved_address(*subnet.ipv6_cidr, ip))
            return refuse("{} is no IPv6 address for an interface in {}", ip.str(), subnet.id);
        if (!seen_ipv6.insert(ip).second)
            return refuse("{} has {} twice", interface.id, ip.str());
    }
    return {};
}

Result<void> check_apart(const InterfaceSpec& one, const InterfaceSpec& other) {
    if (other.mac == one.mac)
        return refuse("{} is the MAC address of {}", one.mac.str(), other.id);
    for (const auto& address : one.addresses)
        for (const auto& taken : other.addresses) {
            if (taken.private_ip == address.private_ip)
                return refuse("{} is an address of {}", address.private_ip.str(), other.id);
            if (address.public_ip && taken.public_ip == address.public_ip)
                return refuse("{} is a public address of {}", address.public_ip->str(), other.id);
        }
    for (const auto& address : one.ipv6_addresses)
        if (std::count(other.ipv6_addresses.begin(), other.ipv6_addresses.end(), address) != 0)
            return refuse("{} is an address of {}", address.str(), other.id);
    return {};
}

Result<void> check_unique(const InterfaceSpec& interface, const VpcTopology& vpc) {
    for (const auto& [id, other] : vpc.interfaces)
        if (id != interface.id)
            PILEUS_TRY(check_apart(interface, other));
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

bool is_safe_domain_list(std::string_view text) {
    return !text.empty() && text.size() <= network_limits::domain_length && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
                      c == '_' || c == ' ';
           });
}

bool is_reserved_address(const Ipv4Cidr& subnet, Ipv4 address) {
    return address < subnet.at(4) || address == subnet.at(subnet.size() - 1);
}

bool is_reserved_address(const Ipv6Cidr& subnet, const Ipv6& address) {
    const auto last = [&] {
        auto bytes = subnet.base;
        for (size_t i = 8; i < bytes.bytes.size(); ++i)
            bytes.bytes[i] = 0xff;
        return bytes;
    }();
    return address < subnet.at(4) || address == last;
}

const SubnetSpec* find_subnet(const VpcSpec& vpc, const std::string& id) {
    for (const auto& subnet : vpc.subnets)
        if (subnet.id == id)
            return &subnet;
    return nullptr;
}

Ipv4 gateway_of(const Ipv4Cidr& subnet) {
    return subnet.at(1);
}

Ipv4 resolver_of(const Ipv4Cidr& vpc) {
    return vpc.at(2);
}

Result<void> check_vpc(const VpcSpec& vpc, const VpcTopology* before) {
    PILEUS_TRY(check_id("VPC", vpc.id));
    PILEUS_TRY(check_blocks(vpc));
    if (!is_safe_domain(vpc.dns_domain))
        return refuse("the DNS domain of {} must be labels of lower-case letters, digits and '-'",
                      vpc.id);
    PILEUS_TRY(check_dhcp(vpc.dhcp));
    PILEUS_TRY(check_subnets(vpc));
    PILEUS_TRY(check_route_tables(vpc));
    PILEUS_TRY(check_acls(vpc));
    PILEUS_TRY(check_peerings(vpc));
    if (before == nullptr)
        return {};
    if (before->spec.cidrs.front() != vpc.cidrs.front())
        return refuse("the primary CIDR of {} cannot change", vpc.id);
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
    const auto* const subnet = find_subnet(vpc.spec, interface.subnet_id);
    if (subnet == nullptr)
        return fail(errors::not_found,
                    fmt::format("subnet {} is not known in {}", interface.subnet_id, vpc.spec.id));
    PILEUS_TRY(check_addresses(interface, *subnet));
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
