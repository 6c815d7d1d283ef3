// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interfaces that come to a running guest and leave it, over its monitor. What is plugged in is
// asked of QEMU each time, by names that follow from our ids: nothing is kept, and an act that a
// dead daemon left half done is completed or undone by the next. One thread for a machine at a
// time.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/machine.h"

namespace pileus::drivers {

// Success when it is plugged in already.
Result<void>
plug_interface(Machine& machine, const MachineInterface& interface, Machine::Deadline deadline);

// Asks the guest to let go of it and waits until it has, at most until `deadline`; then an error,
// or with `force` a dead device in the guest: its wire is cut.
Result<void> pull_interface(Machine& machine,
                            const std::string& interface_id,
                            bool force,
                            Machine::Deadline deadline);

Result<std::vector<std::string>> list_plugged(Machine& machine, Machine::Deadline deadline);

} // namespace pileus::drivers
