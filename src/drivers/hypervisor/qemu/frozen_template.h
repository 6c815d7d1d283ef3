// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is known of a frozen guest beside its memory and devices; on disk template.json, written
// when all the rest is there. Pure.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/identity_marks.h"

namespace pileus::drivers {

// What a guest must have in common with the frozen one that it is started from.
struct FrozenShape {
    std::string instance_type;
    std::string firmware;
    int vcpus = 0;
    int64_t memory_mib = 0;
    int interface_slots = 0;

    static FrozenShape of(const MachineSpec& spec);
    friend bool operator==(const FrozenShape&, const FrozenShape&) = default;
};

struct FrozenTemplate {
    std::string id;
    std::string fingerprint;
    FrozenShape shape;
    bool has_memory_file = true; // else its memory is in the stream of its devices
    int64_t memory_bytes = 0;
    int64_t disk_bytes = 0;
    IdentityMarks marks; // whom it was taken for
    std::vector<MarkPlace> in_memory;
    std::vector<MarkPlace> in_state;
    std::vector<MarkPlace> in_console;
};

std::string format_frozen_template(const FrozenTemplate& frozen);
Result<FrozenTemplate> parse_frozen_template(std::string_view text);

} // namespace pileus::drivers
