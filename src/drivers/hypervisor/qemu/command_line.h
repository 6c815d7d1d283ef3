// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of a guest's QEMU as data: MachineSpec in, arguments and the list of descriptors
// that they count on out. Pure functions. No text of a tenant gets here; what comes in is still
// checked against a strict character set, and structured options are written as JSON where QEMU
// takes it, so that nothing can end an option early.

#include "drivers/hypervisor/hypervisor.h"

#include <string>
#include <vector>

namespace pileus::drivers {

struct CommandLineOptions {
    std::string emulator = "/usr/bin/qemu-system-x86_64";
    std::string uefi_code = "/usr/share/OVMF/OVMF_CODE_4M.fd";
};

// What stands behind a descriptor that QEMU is given.
enum class Passed {
    monitor_socket, // listening; QMP
    serial_socket,  // listening; the interactive console
    console_log,    // what the guest writes to its serial port is appended here
    uefi_variables, // read and write
    disk_layer,     // disks[disk].chain.layers[layer]
    tap,            // interfaces[interface]
};

struct PassedFd {
    Passed what;
    int child_fd;
    size_t index = 0; // of the disk or the interface
    size_t layer = 0;
};

struct CommandLine {
    std::vector<std::string> argv;
    std::vector<PassedFd> fds;
};

Result<CommandLine> build_command_line(const MachineSpec& spec,
                                       const Acceleration& acceleration,
                                       const CommandLineOptions& options);

} // namespace pileus::drivers
