// SPDX-License-Identifier: Apache-2.0
// Addresses, routes, neighbours and policy rules. Links are in netlink.cpp.
#include "drivers/network/linux/netlink_attributes.h"
#include "drivers/network/linux/netlink_message.h"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

namespace pileus::drivers {

namespace {

uint8_t route_type(RouteKind kind) {
    switch (kind) {
    case RouteKind::unicast:
        return RTN_UNICAST;
    case RouteKind::unreachable:
        return RTN_UNREACHABLE;
    case RouteKind::blackhole:
        return RTN_BLACKHOLE;
    case RouteKind::pass_on:
        return RTN_THROW;
    }
    return RTN_UNSPEC;
}

RouteKind route_kind(uint8_t type) {
    switch (type) {
    case RTN_UNREACHABLE:
        return RouteKind::unreachable;
    case RTN_BLACKHOLE:
        return RouteKind::blackhole;
    case RTN_THROW:
        return RouteKind::pass_on;
    default:
        return RouteKind::unicast;
    }
}

IpAddress base_of(const IpCidr& cidr) {
    return std::visit([](const auto& block) -> IpAddress { return block.base; }, cidr);
}
int prefix_of(const IpCidr& cidr) {
    return std::visit([](const auto& block) { return block.prefix; }, cidr);
}

IpAddress read_address(const nlattr* attribute, uint8_t family) {
    if (family == AF_INET)
        return Ipv4{ntohl(mnl_attr_get_u32(attribute))};
    Ipv6 address;
    std::memcpy(address.bytes.data(), mnl_attr_get_payload(attribute), address.bytes.size());
    return address;
}

IpCidr cidr_of(const std::optional<IpAddress>& base, int prefix, uint8_t family) {
    if (family == AF_INET)
        return Ipv4Cidr{base ? std::get<Ipv4>(*base) : Ipv4{}, prefix};
    return Ipv6Cidr{base ? std::get<Ipv6>(*base) : Ipv6{}, prefix};
}

Message
address_message(uint16_t type, uint16_t flags, int link, const IpAddress& address, int prefix) {
    Message message(type, flags);
    auto& fixed = message.fixed<ifaddrmsg>();
    fixed.ifa_family = family_number(family_of(address));
    fixed.ifa_prefixlen = static_cast<uint8_t>(prefix);
    fixed.ifa_index = static_cast<uint32_t>(link);
    message.put(IFA_LOCAL, address);
    message.put(IFA_ADDRESS, address);
    return message;
}

Message route_message(uint16_t type, uint16_t flags, const Route& route) {
    Message message(type, flags);
    auto& fixed = message.fixed<rtmsg>();
    fixed.rtm_family = family_number(family_of(route.destination));
    fixed.rtm_dst_len = static_cast<uint8_t>(prefix_of(route.destination));
    fixed.rtm_table =
        route.table < 256 ? static_cast<uint8_t>(route.table) : uint8_t{RT_TABLE_UNSPEC};
    fixed.rtm_protocol = RTPROT_STATIC;
    fixed.rtm_type = route_type(route.kind);
    const bool direct = route.kind == RouteKind::unicast && !route.via;
    fixed.rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    if (route.via)
        fixed.rtm_flags = RTNH_F_ONLINK;
    message.put(RTA_DST, base_of(route.destination));
    message.put(RTA_TABLE, route.table);
    if (route.kind == RouteKind::unicast)
        message.put(RTA_OIF, static_cast<uint32_t>(route.link));
    if (route.via)
        message.put(RTA_GATEWAY, *route.via);
    return message;
}

std::optional<Route> read_route(const nlmsghdr* header) {
    const auto* fixed = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(header));
    if ((fixed->rtm_flags & RTM_F_CLONED) != 0)
        return std::nullopt;
    Route route;
    route.kind = route_kind(fixed->rtm_type);
    route.table = fixed->rtm_table;
    std::optional<IpAddress> base;
    for (const nlattr* attribute : Attributes::of_message(header, sizeof(rtmsg))) {
        switch (mnl_attr_get_type(attribute)) {
        case RTA_DST:
            base = read_address(attribute, fixed->rtm_family);
            break;
        case RTA_OIF:
            route.link = static_cast<int>(mnl_attr_get_u32(attribute));
            break;
        case RTA_GATEWAY:
            route.via = read_address(attribute, fixed->rtm_family);
            break;
        case RTA_TABLE:
            route.table = mnl_attr_get_u32(attribute);
            break;
        default:
            break;
        }
    }
    if (route.table == RT_TABLE_LOCAL)
        return std::nullopt;
    if (route.kind != RouteKind::unicast)
        route.link = 0; // the kernel names the loopback link for IPv6
    route.destination = cidr_of(base, fixed->rtm_dst_len, fixed->rtm_family);
    return route;
}

Message rule_message(uint16_t type, uint16_t flags, const PolicyRule& rule) {
    Message message(type, flags);
    auto& fixed = message.fixed<fib_rule_hdr>();
    fixed.family = family_number(rule.family);
    fixed.action = FR_ACT_TO_TBL;
    fixed.table = RT_TABLE_UNSPEC;
    if (rule.destination)
        fixed.dst_len = static_cast<uint8_t>(prefix_of(*rule.destination));
    message.put(FRA_PRIORITY, rule.priority);
    message.put(FRA_TABLE, rule.table);
    if (rule.mark_mask != 0) {
        message.put(FRA_FWMARK, rule.mark);
        message.put(FRA_FWMASK, rule.mark_mask);
    }
    if (rule.destination)
        message.put(FRA_DST, base_of(*rule.destination));
    if (rule.of_this_host)
        message.put(FRA_IIFNAME, std::string("lo"));
    return message;
}

PolicyRule read_rule(const nlmsghdr* header, IpFamily family) {
    const auto* fixed = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(header));
    PolicyRule rule{.family = family, .table = fixed->table};
    for (const nlattr* attribute : Attributes::of_message(header, sizeof(fib_rule_hdr))) {
        switch (mnl_attr_get_type(attribute)) {
        case FRA_PRIORITY:
            rule.priority = mnl_attr_get_u32(attribute);
            break;
        case FRA_FWMARK:
            rule.mark = mnl_attr_get_u32(attribute);
            break;
        case FRA_FWMASK:
            rule.mark_mask = mnl_attr_get_u32(attribute);
            break;
        case FRA_TABLE:
            rule.table = mnl_attr_get_u32(attribute);
            break;
        case FRA_DST:
            rule.destination = cidr_of(read_address(attribute, family_number(family)),
                                       fixed->dst_len,
                                       family_number(family));
            break;
        case FRA_IIFNAME:
            rule.of_this_host = std::string_view(mnl_attr_get_str(attribute)) == "lo";
            break;
        default:
            break;
        }
    }
    return rule;
}

Message neighbor_message(uint16_t type, uint16_t flags, int link, const IpAddress& address) {
    Message message(type, flags);
    auto& fixed = message.fixed<ndmsg>();
    fixed.ndm_family = family_number(family_of(address));
    fixed.ndm_ifindex = link;
    message.put(NDA_DST, address);
    return message;
}

ndmsg& fixed_part(Message& message) {
    return *static_cast<ndmsg*>(mnl_nlmsg_get_payload(message.header()));
}

} // namespace

std::string to_string(const IpAddress& address) {
    return std::visit([](const auto& one) { return one.str(); }, address);
}

Result<void> Netlink::ensure_address(int link, const IpAddress& address, int prefix) {
    auto message = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link, address, prefix);
    // It is there at once: nobody else can have it.
    message.put(IFA_FLAGS, uint32_t{IFA_F_NOPREFIXROUTE | IFA_F_NODAD});
    return require(message.header(), "give a link the address " + to_string(address), EEXIST);
}

Result<void> Netlink::remove_address(int link, const IpAddress& address, int prefix) {
    auto message = address_message(RTM_DELADDR, 0, link, address, prefix);
    return require(message.header(), "take the address " + to_string(address), EADDRNOTAVAIL);
}

Result<void> Netlink::ensure_route(const Route& route) {
    auto message = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
    return require(message.header(), "make the route to " + to_string(route.destination), 0);
}

Result<void> Netlink::remove_route(const Route& route) {
    auto message = route_message(RTM_DELROUTE, 0, route);
    return require(message.header(), "remove the route to " + to_string(route.destination), ESRCH);
}

Result<std::vector<Route>> Netlink::routes(IpFamily family) {
    Message message(RTM_GETROUTE, NLM_F_DUMP);
    message.fixed<rtmsg>().rtm_family = family_number(family);
    std::vector<Route> found;
    PILEUS_TRY(exchange(message.header(), [&](const nlmsghdr* header) {
        if (header->nlmsg_type == RTM_NEWROUTE)
            if (const auto route = read_route(header))
                found.push_back(*route);
        return header->nlmsg_type != NLMSG_ERROR;
    }));
    return found;
}

Result<std::optional<int>> Netlink::default_route_link() {
    PILEUS_ASSIGN(const auto all, routes(IpFamily::ipv4));
    for (const auto& route : all)
        if (route.table == main_table && prefix_of(route.destination) == 0 && route.link != 0)
            return route.link;
    return std::optional<int>{};
}

Result<bool> Netlink::has_foreign_route(const Ipv4Cidr& block, int link) {
    PILEUS_ASSIGN(const auto all, routes(IpFamily::ipv4));
    for (const auto& route : all)
        if (route.table == main_table && prefix_of(route.destination) != 0 && route.link != link &&
            std::get<Ipv4Cidr>(route.destination).overlaps(block))
            return true;
    return false;
}

Result<void> Netlink::ensure_neighbor(int link, const IpAddress& address, const MacAddress& mac) {
    auto message = neighbor_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link, address);
    fixed_part(message).ndm_state = NUD_PERMANENT;
    message.put(NDA_LLADDR, mac);
    return require(message.header(), "place the neighbour " + to_string(address), 0);
}

Result<void> Netlink::remove_neighbor(int link, const IpAddress& address) {
    auto message = neighbor_message(RTM_DELNEIGH, 0, link, address);
    return require(message.header(), "forget the neighbour " + to_string(address), ENOENT);
}

Result<void> Netlink::ensure_proxy_neighbor(int link, const IpAddress& address) {
    auto message = neighbor_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link, address);
    fixed_part(message).ndm_flags = NTF_PROXY;
    return require(message.header(), "answer for " + to_string(address), 0);
}

Result<void> Netlink::remove_proxy_neighbor(int link, const IpAddress& address) {
    auto message = neighbor_message(RTM_DELNEIGH, 0, link, address);
    fixed_part(message).ndm_flags = NTF_PROXY;
    return require(message.header(), "answer no more for " + to_string(address), ENOENT);
}

Result<void> Netlink::ensure_rule(const PolicyRule& rule) {
    auto message = rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    return require(message.header(), fmt::format("make the policy rule {}", rule.priority), EEXIST);
}

Result<void> Netlink::remove_rule(const PolicyRule& rule) {
    auto message = rule_message(RTM_DELRULE, 0, rule);
    return require(
        message.header(), fmt::format("remove the policy rule {}", rule.priority), ENOENT);
}

Result<std::vector<PolicyRule>> Netlink::rules(IpFamily family) {
    Message message(RTM_GETRULE, NLM_F_DUMP);
    message.fixed<fib_rule_hdr>().family = family_number(family);
    std::vector<PolicyRule> found;
    PILEUS_TRY(exchange(message.header(), [&](const nlmsghdr* header) {
        if (header->nlmsg_type == RTM_NEWRULE)
            found.push_back(read_rule(header, family));
        return header->nlmsg_type != NLMSG_ERROR;
    }));
    return found;
}

} // namespace pileus::drivers
