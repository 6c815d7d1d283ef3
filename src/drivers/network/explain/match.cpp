// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/match.h"

#include <utility>

namespace pileus::drivers {

namespace {

constexpr int echo = 8, echo_reply = 0, echo_v6 = 128, echo_reply_v6 = 129;

bool has_ports(int protocol) {
    return protocol == protocols::tcp || protocol == protocols::udp;
}

int length_of(const IpCidr& block) {
    return std::visit([](const auto& cidr) { return cidr.prefix; }, block);
}

} // namespace

std::optional<IpAddress> parse_address(std::string_view text) {
    if (const auto v4 = Ipv4::parse(text))
        return *v4;
    if (const auto v6 = Ipv6::parse(text))
        return *v6;
    return std::nullopt;
}

std::string text_of(const IpAddress& address) {
    return std::visit([](const auto& value) { return value.str(); }, address);
}

bool is_ipv6(const IpAddress& address) {
    return std::holds_alternative<Ipv6>(address);
}

bool contains(const IpCidr& block, const IpAddress& address) {
    if (is_ipv6(block) != is_ipv6(address))
        return false;
    if (const auto* v6 = std::get_if<Ipv6Cidr>(&block))
        return v6->contains(std::get<Ipv6>(address));
    return std::get<Ipv4Cidr>(block).contains(std::get<Ipv4>(address));
}

IpCidr single_address(const IpAddress& address) {
    if (const auto* v6 = std::get_if<Ipv6>(&address))
        return Ipv6Cidr{*v6, 128};
    return Ipv4Cidr{std::get<Ipv4>(address), 32};
}

Header answer_to(const Header& header) {
    Header answer = header;
    std::swap(answer.from, answer.to);
    std::swap(answer.from_vpc, answer.to_vpc);
    if (header.protocol == protocols::icmp)
        answer.to_port = echo_reply;
    else if (header.protocol == protocols::icmpv6)
        answer.to_port = echo_reply_v6;
    else
        std::swap(answer.from_port, answer.to_port);
    return answer;
}

bool has_answer(const Header& header) {
    if (header.protocol == protocols::icmp)
        return header.to_port == echo;
    return header.protocol != protocols::icmpv6 || header.to_port == echo_v6;
}

bool protocol_matches(int protocol, int from_port, int to_port, const Header& header) {
    if (protocol == -1)
        return true;
    if (protocol != header.protocol)
        return false;
    if (has_ports(protocol))
        return from_port == -1 || (from_port <= header.to_port && header.to_port <= to_port);
    if (protocol == protocols::icmp || protocol == protocols::icmpv6)
        return from_port == -1 ||
               (from_port == header.to_port && (to_port == -1 || to_port == header.code));
    return true;
}

const AclEntrySpec* find_entry(const NetworkAclSpec& acl, bool egress, const Header& header) {
    const AclEntrySpec* first = nullptr;
    for (const auto& entry : acl.entries)
        if (entry.egress == egress && contains(entry.peer, egress ? header.to : header.from) &&
            protocol_matches(entry.protocol, entry.from_port, entry.to_port, header) &&
            (first == nullptr || entry.number < first->number))
            first = &entry;
    return first;
}

std::optional<RouteChoice>
choose_route(const VpcSpec& vpc, const RouteTableSpec* table, const IpAddress& to) {
    std::optional<RouteChoice> best;
    const auto consider = [&](const IpCidr& destination, bool is_local, const RouteSpec& route) {
        if (contains(destination, to) &&
            (!best || length_of(destination) > length_of(best->destination)))
            best = RouteChoice{destination, is_local, route};
    };
    for (const auto& block : vpc.cidrs)
        consider(block, true, {});
    for (const auto& block : vpc.ipv6_cidrs)
        consider(block, true, {});
    if (table != nullptr)
        for (const auto& route : table->routes)
            consider(route.destination, false, route);
    return best;
}

} // namespace pileus::drivers
