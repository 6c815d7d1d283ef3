// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a guest's machine is: QEMU's machine type with its version, and the CPU model. An instance
// keeps those of its first start, so that neither an upgrade of QEMU nor one of Pileus changes what
// it finds, and saved memory fits. As text "pc-q35-7.2 qemu64,+ssse3"; pure.

#include "drivers/hypervisor/hypervisor.h"

#include <string>
#include <string_view>

namespace pileus::drivers {

struct Hardware {
    std::string machine;
    std::string cpu;
};

// That of new instances.
std::string current_hardware_of(const Acceleration& acceleration);
// `text` "" is the current one. A CPU of the host's own model, kept from when there was KVM, is not
// to be had without: such an instance gets the current model.
Result<Hardware> parse_hardware(std::string_view text, const Acceleration& acceleration);

} // namespace pileus::drivers
