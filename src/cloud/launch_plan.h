// SPDX-License-Identifier: Apache-2.0
#pragma once

// What makes instances writes down: RunInstances, and the copies of a running instance. Functions
// of the transaction.

#include "cloud/block_devices.h"
#include "cloud/instances.h"
#include "cloud/launch_interfaces.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// What a launch has been resolved to: the things that its ids name.
struct LaunchPlan {
    const domain::InstanceType* type = nullptr;
    domain::Image image;
    std::string public_key;             // "" when launched without a key
    std::vector<PlannedVolume> volumes; // of each instance, the root first
    domain::MetadataOptions metadata;
    std::vector<std::string> host_ids;
    std::vector<LaunchedInterfaces> interfaces; // of each instance
    std::string fork_id; // the copy that the instances start from, and its hardware; "" for none
    std::string hardware;
};

// One launch's transaction: the rows that belong to each instance, and its work.
class LaunchWriter {
  public:
    LaunchWriter(store::Transaction& tx,
                 const Context& context,
                 const domain::Caller& caller,
                 const LaunchRequest& request,
                 const LaunchPlan& plan)
        : tx_(tx), context_(context), caller_(caller), request_(request), plan_(plan) {}

    Result<domain::Instance> write(const std::string& reservation_id, size_t index);

  private:
    void write_volume(const domain::Instance& instance, const PlannedVolume& planned);
    Result<void> write_interface(const domain::Instance& instance,
                                 domain::NetworkInterface interface);

    store::Transaction& tx_;
    const Context& context_;
    const domain::Caller& caller_;
    const LaunchRequest& request_;
    const LaunchPlan& plan_;
};

// Its instances, in the order of their launch indexes.
ReservationView view_reservation(store::Transaction& tx,
                                 const Context& context,
                                 const domain::Caller& caller,
                                 const std::string& reservation_id);

} // namespace pileus::cloud
