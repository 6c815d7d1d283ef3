// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is known of a guest's memory that is saved, or could be: the machine that it fits into, and
// the lock that seals it (sealed_stream.h), made of its boot disk's secret. Pure but for the last.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/machine.h"

#include <map>
#include <string>
#include <vector>

namespace pileus::drivers {

struct MachineShape {
    int layout = 0; // of what we give a guest beside its disks and interfaces
    std::string acceleration;
    std::string hardware;
    std::string firmware;
    int vcpus = 0;
    int64_t memory_mib = 0;
    int interface_slots = 0;

    static MachineShape of(const MachineSpec& spec, const std::string& acceleration);
    friend bool operator==(const MachineShape&, const MachineShape&) = default;
};

struct MemoryLabel {
    MachineShape shape;
    std::string boot_volume_id;
    std::string lock; // "" when the boot disk is not encrypted
    DevicePlaces places;
};

// Of a guest that starts; its places are asked for when it is saved.
Result<MemoryLabel> label_of(const MachineSpec& spec, const std::string& acceleration);
std::string format_memory_label(const MemoryLabel& label);
Result<MemoryLabel> parse_memory_label(std::string_view text);
// Whether a machine of this spec is of the shape, and has the devices.
Result<void>
check_fits(const MemoryLabel& label, const MachineSpec& spec, const std::string& acceleration);
// Of the layers of the boot disk one has what opens the lock.
Result<std::string> find_secret(const MemoryLabel& label, const MachineSpec& spec);

Result<DevicePlaces> ask_for_places(Machine& machine, Machine::Deadline deadline);

} // namespace pileus::drivers
