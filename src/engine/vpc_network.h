// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/network.h"
#include "engine/keyed_locks.h"
#include "store/store.h"

#include <set>
#include <string>
#include <vector>

namespace pileus::engine {

// Brings the rows of VPCs to the network driver: what all controllers of network resources share.
// Any thread may call it. Of each VPC the rows are read and told under one lock, so that an older
// look never comes after a newer one. It keeps nothing: what is on this host is the driver's to
// know, what shall be is the store's.
class VpcNetwork {
  public:
    VpcNetwork(store::Store& store, drivers::Network& network, std::string host_id)
        : store_(store), network_(network), host_id_(std::move(host_id)) {}

    // Whether the driver has it.
    Result<bool> is_here(const std::string& vpc_id);
    // Whether the VPC has an interface that is in use on this host.
    bool is_in_use(const std::string& vpc_id);
    // Tells the driver what the VPC is now, if the driver has it.
    Result<void> update_vpc(const std::string& vpc_id);
    // Takes the VPC out of the driver, unless it is in use.
    Result<void> remove_unused_vpc(const std::string& vpc_id);

    // Makes or updates the interface, with everything that it stands on: the VPC, its security
    // groups and those that their rules name.
    Result<void> ensure_interface(const std::string& interface_id);
    Result<void> remove_interface(const std::string& vpc_id, const std::string& interface_id);
    // For an interface of which nobody knows where it was.
    Result<void> remove_interface_everywhere(const std::string& interface_id);

    // Tells the driver what the group allows now, or that it is gone; nothing to do where its VPC
    // is not on this host.
    Result<void> apply_security_group(const std::string& group_id);

  private:
    Result<std::set<std::string>> vpcs_here();
    Result<void> ensure_vpc(const std::string& vpc_id);
    Result<void> apply_peers_groups(const std::string& vpc_id,
                                    const std::vector<std::string>& group_ids);
    Result<void> apply_groups_in(const std::string& vpc_id,
                                 const std::vector<std::string>& group_ids);

    store::Store& store_;
    drivers::Network& network_;
    const std::string host_id_;
    KeyedLocks locks_; // by VPC
};

} // namespace pileus::engine
