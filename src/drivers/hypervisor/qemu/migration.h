// SPDX-License-Identifier: Apache-2.0
#pragma once

// A guest's devices and memory written to a file and read from one: QEMU's migration with nothing
// at the other end. The guest is paused for it. Any thread, one a guest at a time.

#include "drivers/hypervisor/qemu/machine.h"

namespace pileus::drivers {

enum class MemoryIn {
    file_of_its_own, // memory that the guest shares with the daemon is left out
    stream,          // all of it is written and read
};

// Pauses the guest and writes it to the file; it stays paused, and its disks are flushed.
Result<void> save_state(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline);
// Of a QEMU that was started to be told so; the guest is paused afterwards.
Result<void> load_state(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline);

} // namespace pileus::drivers
