// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules and packets in plain words, and the `aws` commands that would let a packet pass. What only
// the caller knows stands in angle brackets: "<igw-…>". Pure.

#include "drivers/network/explain/match.h"

namespace pileus::drivers {

std::string describe_protocol(int protocol,
                              int from_port,
                              int to_port);      // "tcp 443", "icmp type 8", "everything"
std::string describe(const TrafficRule& rule);   // "tcp 443 from 10.0.0.0/16"
std::string describe(const AclEntrySpec& entry); // "100 allow tcp 443 from 10.0.0.0/16"
std::string describe(const Header& header);      // "tcp 10.0.0.5 → 10.0.1.6 port 443"

namespace commands {

std::string authorize(const std::string& group_id, bool egress, const Header& header);
// `blocking` is the entry that denies it, nullptr for the last one that is implied.
std::string allow_in_acl(const NetworkAclSpec& acl,
                         bool egress,
                         const Header& header,
                         const AclEntrySpec* blocking);
// target: "--gateway-id igw-…"
std::string
add_route(const std::string& table_id, const IpCidr& destination, const std::string& target);
std::string
replace_route(const std::string& table_id, const IpCidr& destination, const std::string& target);
std::string disable_source_dest_check(const std::string& interface_id);
std::string associate_address(const std::string& interface_id, const IpAddress& private_ip);
std::string attach_internet_gateway(const std::string& gateway_id, const std::string& vpc_id);
std::string create_peering(const std::string& vpc_id, const std::string& peer_vpc_id);

} // namespace commands

} // namespace pileus::drivers
