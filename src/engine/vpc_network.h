// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/network_interface.h"
#include "domain/security_group.h"
#include "drivers/network/network.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace pileus::engine {

// Brings the rows of a VPC to the network driver: what the controllers of instances, interfaces and
// security groups share. Safe from any thread; it keeps nothing: which VPCs are on this host is the
// driver's to know.
class VpcNetwork {
  public:
    VpcNetwork(store::Store& store, drivers::Network& network) : store_(store), network_(network) {}

    // The VPC with its subnets, the interface's security groups and those that their rules name,
    // and the interface itself.
    Result<void> ensure_interface(const std::string& interface_id);
    // Replaces the rules of the group for running guests; nothing to do when its VPC has no guest
    // here.
    Result<void> apply_security_group(const std::string& group_id);

  private:
    Result<void> ensure_vpc(const std::string& vpc_id);
    Result<void> apply_groups(const std::vector<std::string>& group_ids);

    store::Store& store_;
    drivers::Network& network_;
};

} // namespace pileus::engine
