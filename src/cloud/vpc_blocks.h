// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which blocks of addresses a VPC and its subnets may have, and how EC2 says no. Functions of the
// settings and of one transaction.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html

#include "cloud/context.h"
#include "domain/vpc.h"

#include <string>
#include <string_view>
#include <vector>

namespace pileus::cloud {

inline constexpr int vpc_ipv6_prefix = 56;
inline constexpr int subnet_ipv6_prefix = 64;

// Of a VPC, primary or secondary: /16 to /28, unicast, and not what this machine needs itself. Host
// bits are cleared.
Result<Ipv4Cidr> parse_vpc_block(const Settings& settings, const std::string& text);

// Whether a VPC whose primary block is `primary` may have `block` beside it: EC2 keeps the private
// ranges apart.
Result<void> check_association(const Ipv4Cidr& primary, const Ipv4Cidr& block);

// A block of the installation's pool that no VPC has.
Result<Ipv6Cidr> find_free_ipv6_block(store::Transaction& tx, const Context& context);

// The primary one first.
std::vector<Ipv4Cidr> ipv4_blocks_of(store::Transaction& tx, const domain::Vpc& vpc);
std::vector<Ipv6Cidr> ipv6_blocks_of(store::Transaction& tx, const std::string& vpc_id);

// Of a subnet: /16 to /28, inside one of its VPC's blocks, and no other subnet's.

Result<Ipv4Cidr>
find_subnet_block(store::Transaction& tx, const domain::Vpc& vpc, const std::string& text);
Result<Ipv6Cidr>
find_subnet_ipv6_block(store::Transaction& tx, const std::string& vpc_id, const std::string& text);

} // namespace pileus::cloud
