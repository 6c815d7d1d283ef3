// SPDX-License-Identifier: Apache-2.0
#pragma once

// How one rule, ACL or route table judges one packet. Pure functions of plain values.

#include "drivers/network/network.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pileus::drivers {

using IpAddress = std::variant<Ipv4, Ipv6>;

std::optional<IpAddress> parse_address(std::string_view text);
std::string text_of(const IpAddress& address);
bool is_ipv6(const IpAddress& address);
bool contains(const IpCidr& block, const IpAddress& address); // never across families
IpCidr single_address(const IpAddress& address);              // a /32 or a /128

namespace protocols {
inline constexpr int icmp = 1, tcp = 6, udp = 17, icmpv6 = 58;
}

// What rules see of a packet, where they see it: NAT changes it on the way. An address says in
// which VPC it is meant, because VPCs may use the same ones; "" is outside.
struct Header {
    IpAddress from, to;
    std::string from_vpc, to_vpc;
    int protocol = protocols::tcp;
    int from_port = 0; // of TCP and UDP
    int to_port = 0;   // of TCP and UDP; type of ICMP
    int code = 0;      // of ICMP
};

Header answer_to(const Header& header);
bool has_answer(const Header& header); // an ICMP message that is no question has none

bool protocol_matches(int protocol, int from_port, int to_port, const Header& header);

// The first entry that decides; nullptr: none does, and the packet is denied.
const AclEntrySpec* find_entry(const NetworkAclSpec& acl, bool egress, const Header& header);

// What a route table says of a destination.
struct RouteChoice {
    IpCidr destination;
    bool is_local = false;
    RouteSpec route; // unless it is local
};
std::optional<RouteChoice>
choose_route(const VpcSpec& vpc, const RouteTableSpec* table, const IpAddress& to);

} // namespace pileus::drivers
