// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"

#include <string>

namespace pileus::drivers {

// Parts of an nft rule that security groups and network ACLs write alike. Pure.

// "tcp dport 22-80 ", "icmp type 8 ", "" for all. The numbers as in TrafficRule and AclEntrySpec.
std::string protocol_match(int protocol, int from_port, int to_port);
// "ip saddr 10.0.0.0/8 ", "meta nfproto ipv6 " for ::/0.
std::string peer_match(const IpCidr& peer, bool egress);
// "255.255.0.0", "ffff:ffff::".
std::string mask_text(bool ipv6, int prefix);

} // namespace pileus::drivers
