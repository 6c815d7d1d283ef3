// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "drivers/network/network.h"
#include "engine/import_sources.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

// Once, after the drivers have recovered and before the engine starts: makes everything due that
// may differ between the store and the network of this host. VPCs and interfaces that the driver
// has, wanted or not; interfaces that are to be there, attached or going; NAT gateways. Instances
// have a recovery of their own (InstanceController::recover).
Result<void> recover_network(store::Store& store,
                             drivers::Network& network,
                             const Clock& clock,
                             const std::string& host_id);

// The same for disks: tasks that were running begin anew, joined layers are looked for, and the
// rows are compared with what is there (disk_check.h) once the API answers.
Result<void> recover_disks(store::Store& store,
                           ImportSources& sources,
                           const Clock& clock,
                           const std::string& host_id);

} // namespace pileus::engine
