// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catalog/catalog.h"
#include "domain/instance.h"
#include "domain/volume.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/network/network.h"
#include "engine/disks.h"
#include "engine/forks.h"
#include "engine/hibernation.h"
#include "engine/keyed_locks.h"
#include "engine/vpc_network.h"
#include "engine/warm_launches.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace pileus::engine {

// What it takes that an instance's guest runs: its volumes, its interfaces, its process. From any
// starting point, so that whoever was interrupted does it again. Used by the InstanceController,
// which holds the instance's lock; any thread.
class GuestStarter {
  public:
    GuestStarter(store::Store& store,
                 const catalog::Catalog& catalog,
                 drivers::Hypervisor& hypervisor,
                 drivers::Network& network,
                 VpcNetwork& vpc_network,
                 Disks& disks,
                 KeyedLocks& locks,
                 WarmLaunches& warm_launches,
                 Forks& forks,
                 Hibernations& hibernations,
                 int mtu)
        : store_(store), catalog_(catalog), hypervisor_(hypervisor), network_(network),
          vpc_network_(vpc_network), disks_(disks), locks_(locks), warm_launches_(warm_launches),
          forks_(forks), hibernations_(hibernations), mtu_(mtu) {}

    enum class Started {
        booted,
        warm,   // from a warm template
        copied, // from the copy of a running instance
        woken,  // it goes on where it was when it hibernated
    };
    static std::string name_of(Started how); // for the log
    // False: look again later. An error: it can never be started.
    Result<bool> is_ready(const domain::Instance& instance);
    Result<Started> start(const domain::Instance& instance);
    // Ends what start() left when it was interrupted and is not to be repeated; once the guest is
    // gone.
    Result<void> clear(const domain::Instance& instance);

  private:
    std::vector<domain::Volume> volumes_of(const std::string& instance_id);
    Result<void> ensure_interfaces(const domain::Instance& instance);
    Result<bool> start_warm(const domain::Instance& instance);
    Result<void> start_copy(const domain::Instance& instance);
    Result<void> make_volumes(const std::vector<domain::Volume>& rows);
    Result<drivers::MachineSpec> machine_spec(const domain::Instance& instance);

    store::Store& store_;
    const catalog::Catalog& catalog_;
    drivers::Hypervisor& hypervisor_;
    drivers::Network& network_;
    VpcNetwork& vpc_network_;
    Disks& disks_;
    KeyedLocks& locks_;
    WarmLaunches& warm_launches_;
    Forks& forks_;
    Hibernations& hibernations_;
    const int mtu_;
};

} // namespace pileus::engine
