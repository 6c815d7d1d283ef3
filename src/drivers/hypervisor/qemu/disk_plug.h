// SPDX-License-Identifier: Apache-2.0
#pragma once

// Disks that come to a running guest and leave it, grow and are limited, over its monitor. As with
// interfaces, QEMU is asked each time what there is, and what a dead daemon left half done is
// completed or undone by the next verb on the volume. One thread for a machine at a time.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/machine.h"

namespace pileus::drivers {

// Success when it is plugged in already.
Result<void> plug_disk(Machine& machine, const MachineDisk& disk, Machine::Deadline deadline);

// Asks the guest to let go of it and waits until it has, at most until `deadline`; then an error,
// or with `force` a disk in the guest on which every read and write fails.
Result<void>
pull_disk(Machine& machine, const std::string& volume_id, bool force, Machine::Deadline deadline);

Result<std::vector<std::string>> list_disks(Machine& machine, Machine::Deadline deadline);

// A disk that is as large already is left so.
Result<void> grow_disk(Machine& machine,
                       const std::string& volume_id,
                       int64_t size_gib,
                       Machine::Deadline deadline);
Result<void> throttle_disk(Machine& machine,
                           const std::string& volume_id,
                           const DiskLimits& limits,
                           Machine::Deadline deadline);
// Sizes and limits of a guest that has just been started: its command line cannot tell them.
Result<void>
settle_disks(Machine& machine, const std::vector<MachineDisk>& disks, Machine::Deadline deadline);

} // namespace pileus::drivers
