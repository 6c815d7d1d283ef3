// SPDX-License-Identifier: Apache-2.0
#pragma once

// The devices of a running guest that have a name of ours, as QEMU tells them: nothing is kept
// here. One thread for a machine at a time.

#include "drivers/hypervisor/qemu/machine.h"

namespace pileus::drivers {

// The path by which QEMU's object tree knows the device.
std::string device_path(const std::string& id);

Result<std::vector<std::string>> list_devices(Machine& machine, Machine::Deadline deadline);
Result<bool> has_device(Machine& machine, const std::string& id, Machine::Deadline deadline);
// The name of the bus that it sits on.
Result<std::string>
bus_of_device(Machine& machine, const std::string& id, Machine::Deadline deadline);

// Asks the guest to let go of the device; false when it still has it at the deadline.
Result<bool> ask_for_device(Machine& machine, const std::string& id, Machine::Deadline deadline);

// For cleaning up after a deadline that has passed.
Machine::Deadline clean_up_deadline();

} // namespace pileus::drivers
