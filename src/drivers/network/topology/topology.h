// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a network driver was told, and whether it may be told more: the checks that every
// implementation makes before it does anything, so that bad input changes nothing and no name that
// reaches a command, a rule or a file holds more than a strict set of characters.
//
// Plain values; the driver that holds a Topology guards it. It does not survive a restart by
// itself.

#include "drivers/network/network.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::drivers {

// Limits of one VPC; EC2's own where it has them.
namespace network_limits {
inline constexpr size_t blocks = 50; // of each family
inline constexpr size_t subnets = 1000;
inline constexpr size_t route_tables = 500;
inline constexpr size_t routes_of_table = 1000;
inline constexpr size_t acls = 500;
inline constexpr size_t entries_of_acl = 400; // both directions together
inline constexpr size_t peerings = 125;
inline constexpr size_t servers_of_dhcp = 8; // of each kind
inline constexpr size_t groups = 2500;
inline constexpr size_t rules_of_group = 2000;
inline constexpr size_t groups_of_interface = 16;
inline constexpr size_t interfaces = 60'000;
inline constexpr size_t addresses_of_interface = 64; // of each family
inline constexpr size_t id_length = 40;
inline constexpr size_t host_name_length = 63;
inline constexpr size_t domain_length = 200;
inline constexpr int smallest_subnet_prefix = 28;
} // namespace network_limits

struct VpcTopology {
    VpcSpec spec;
    std::map<std::string, SecurityGroupSpec> groups;
    std::map<std::string, InterfaceSpec> interfaces;
};

// "vpc-0a1b": lower-case letters, digits and '-', a letter first.
bool is_safe_id(std::string_view text);
// "ip-172-31-0-10": one label of a DNS name.
bool is_safe_label(std::string_view text);
// "ec2.internal": labels with dots between them.
bool is_safe_domain(std::string_view text);

// What DHCP tells as the domain: one, or several with blanks between them, as EC2 lets it pass.
bool is_safe_domain_list(std::string_view text);

// The addresses of a subnet that EC2 keeps to itself: the first four and the last.
bool is_reserved_address(const Ipv4Cidr& subnet, Ipv4 address);
bool is_reserved_address(const Ipv6Cidr& subnet, const Ipv6& address);
Ipv4 gateway_of(const Ipv4Cidr& subnet); // base + 1
Ipv4 resolver_of(const Ipv4Cidr& vpc);   // base + 2

const SubnetSpec* find_subnet(const VpcSpec& vpc, const std::string& id);

// `before` is what is there already, or nullptr.
Result<void> check_vpc(const VpcSpec& vpc, const VpcTopology* before);
Result<void> check_groups(const std::vector<SecurityGroupSpec>& groups, const VpcTopology& vpc);
Result<void> check_group_unused(const std::string& group_id, const VpcTopology& vpc);
Result<void> check_interface(const InterfaceSpec& interface, const VpcTopology& vpc);

} // namespace pileus::drivers
