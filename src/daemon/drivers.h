// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "daemon/config.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/network/network.h"
#include "drivers/volumes/volumes.h"

#include <memory>

namespace pileus::daemon {

// The drivers that the configuration chooses: those of the machine, or the emulated ones.
struct Drivers {
    std::unique_ptr<Random> random; // for the keys of encrypted disks
    std::unique_ptr<drivers::Volumes> volumes;
    std::unique_ptr<drivers::Network> network;
    std::unique_ptr<drivers::Hypervisor> hypervisor;
};
Result<Drivers> make_drivers(const Config& config, const Clock& clock, ProcessRunner& runner);

} // namespace pileus::daemon
