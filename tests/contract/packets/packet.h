// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP packets that carry a number, so that whoever gets one knows which probe it was, whatever was
// translated on the way. Pure.

#include "drivers/network/explain/match.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::drivers {

struct ProbePacket {
    IpAddress from, to;
    int protocol = protocols::tcp;
    int from_port = 0; // ICMP: the identifier of an echo
    int to_port = 0;   // ICMP: its type
    int code = 0;
    uint32_t number = 0;
    bool is_answer = false;
};

// TCP: a SYN, or the SYN-ACK to it. Checksums are right: connection tracking looks at them.
std::string write_packet(const ProbePacket& packet);
std::optional<ProbePacket> read_packet(std::string_view ip); // nullopt: none of ours
ProbePacket answer_to(const ProbePacket& packet);

std::string
frame(const MacAddress& to, const MacAddress& from, bool ipv6, const std::string& packet);

} // namespace pileus::drivers
