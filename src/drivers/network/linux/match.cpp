// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/match.h"

#include <fmt/core.h>

namespace pileus::drivers {

namespace {

std::string port_match(const char* protocol, int from_port, int to_port) {
    if (from_port <= 0 && (to_port == -1 || to_port == 65535))
        return fmt::format("meta l4proto {} ", protocol);
    return fmt::format("{} dport {}-{} ", protocol, from_port, to_port);
}

std::string icmp_match(const char* protocol, int type, int code) {
    if (type == -1)
        return fmt::format("meta l4proto {} ",
                           std::string(protocol) == "icmp" ? "icmp" : "ipv6-icmp");
    if (code == -1)
        return fmt::format("{} type {} ", protocol, type);
    return fmt::format("{0} type {1} {0} code {2} ", protocol, type, code);
}

} // namespace

std::string protocol_match(int protocol, int from_port, int to_port) {
    switch (protocol) {
    case -1:
        return "";
    case 1:
        return icmp_match("icmp", from_port, to_port);
    case 6:
        return port_match("tcp", from_port, to_port);
    case 17:
        return port_match("udp", from_port, to_port);
    case 58:
        return icmp_match("icmpv6", from_port, to_port);
    default:
        return fmt::format("meta l4proto {} ", protocol);
    }
}

std::string peer_match(const IpCidr& peer, bool egress) {
    const bool ipv6 = is_ipv6(peer);
    if (std::visit([](const auto& block) { return block.prefix == 0; }, peer))
        return fmt::format("meta nfproto {} ", ipv6 ? "ipv6" : "ipv4");
    return fmt::format(
        "{} {} {} ", ipv6 ? "ip6" : "ip", egress ? "daddr" : "saddr", to_string(peer));
}

std::string mask_text(bool ipv6, int prefix) {
    if (!ipv6)
        return Ipv4{prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix)}.str();
    Ipv6 mask;
    for (int bit = 0; bit < prefix; ++bit)
        mask.bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> (bit % 8));
    return mask.str();
}

} // namespace pileus::drivers
