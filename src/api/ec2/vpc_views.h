// SPDX-License-Identifier: Apache-2.0
#pragma once

// How VPCs and subnets are written: the same in every answer that holds one.

#include "cloud/subnets.h"
#include "cloud/vpcs.h"
#include "model/ec2/structures/subnet.h"
#include "model/ec2/structures/vpc.h"

namespace pileus::api::ec2 {

// `block_state` is EC2's word for the state of its IPv6 blocks: "associated", in the answer of the
// create "associating".
void write_vpc(const cloud::VpcView& view, const char* block_state, model::Vpc out);
void write_ipv6_block(const domain::VpcCidrBlock& block,
                      const std::string& region,
                      const char* state,
                      model::VpcIpv6CidrBlockAssociation out);
void write_subnet(const cloud::SubnetView& view, model::Subnet out);
void write_ipv6_block(const domain::Subnet& subnet,
                      const char* state,
                      model::SubnetIpv6CidrBlockAssociation out);

} // namespace pileus::api::ec2
