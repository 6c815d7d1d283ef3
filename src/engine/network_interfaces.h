// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/network_interface.h"
#include "drivers/hypervisor/hypervisor.h"
#include "engine/controller.h"
#include "engine/keyed_locks.h"
#include "engine/vpc_network.h"

#include <string>

namespace pileus::engine {

struct NetworkInterfaceControllerOptions {
    std::string host_id;
    int mtu = 1500;
    int polite_attempts =
        2; // to pull an interface before it is cut off a guest that does not let go
};

// It is nobody's from here on.
void clear_attachment(domain::NetworkInterface& row);

// An interface whose addresses, groups, attachment or source check changed → the network, and the
// guest: plugged into one that runs, pulled out of it. What a guest has at its start is its
// instance's to bring up. Any thread of the engine, one at a time for a given interface.
class NetworkInterfaceController final : public Controller {
  public:
    // `instances` is held, by the instance's id, by whoever talks to the hypervisor about it.
    NetworkInterfaceController(store::Store& store,
                               const Clock& clock,
                               drivers::Hypervisor& hypervisor,
                               drivers::Network& network,
                               VpcNetwork& vpc_network,
                               KeyedLocks& instances,
                               NetworkInterfaceControllerOptions options);
    std::string_view kind() const override { return "network-interface"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    Result<Outcome> take_away(const domain::NetworkInterface& row);
    Result<Outcome> plug(const domain::NetworkInterface& row);
    Result<Outcome> unplug(const domain::NetworkInterface& row, bool force);
    Result<void> mark_attached(const domain::NetworkInterface& seen);
    Result<void> mark_detached(const domain::NetworkInterface& seen);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    drivers::Network& network_;
    VpcNetwork& vpc_network_;
    KeyedLocks& instances_;
    const NetworkInterfaceControllerOptions options_;
};

} // namespace pileus::engine
