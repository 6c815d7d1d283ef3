// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"

#include <string>

namespace pileus::cloud {

// Asks the engine to look at the VPC again: called in the transaction of every change of the VPC
// itself, its blocks, subnets, routes, gateways, network ACLs, DHCP options and peerings.
void enqueue_vpc(store::Transaction& tx, const Context& context, const std::string& vpc_id);

} // namespace pileus::cloud
