// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether KVM can be used, found out by trying: there are machines where /dev/kvm opens, guests are
// made, firmware runs, and no Linux kernel ever boots. One Linux boot under a watchdog decides; the
// answer is kept until the machine is restarted. One thread at a time.

#include "base/process.h"
#include "drivers/hypervisor/hypervisor.h"

#include <filesystem>

namespace pileus::drivers {

enum class AccelerationChoice { automatic, kvm, tcg };

struct AccelerationOptions {
    AccelerationChoice choice = AccelerationChoice::automatic;
    std::string emulator = "/usr/bin/qemu-system-x86_64";
    std::string kvm_device = "/dev/kvm";
    std::string kernel; // what is booted to prove KVM; "" is the running kernel's own file in /boot
    std::filesystem::path cache; // the file that remembers the answer
    Duration watchdog = std::chrono::seconds{3};
};

Acceleration find_acceleration(const AccelerationOptions& options, ProcessRunner& runner);

} // namespace pileus::drivers
