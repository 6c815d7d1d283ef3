// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of a guest's QEMU as data: MachineSpec in, arguments and the list of descriptors
// that they count on out. Pure functions. No text of a tenant gets here; what comes in is still
// checked against a strict character set, and structured options are written as JSON where QEMU
// takes it, so that nothing can end an option early.

#include "drivers/hypervisor/hypervisor.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::drivers {

// Whose the memory is that a guest begins with.
enum class GuestMemory {
    own,
    shared,  // with the daemon, which keeps it when the guest is frozen
    private_ // a private view of what a frozen guest had
};

// Where the devices are that can be plugged and pulled, by their names in QEMU: a disk's slot on
// its bus, an interface's port.
using DevicePlaces = std::map<std::string, int>;

struct CommandLineOptions {
    std::string emulator = "/usr/bin/qemu-system-x86_64";
    std::string uefi_code = "/usr/share/OVMF/OVMF_CODE_4M.fd";
    GuestMemory memory = GuestMemory::own;
    bool is_incoming = false; // devices (and memory) are yet to be read: see migration.h
    DevicePlaces places;      // of devices that are not to sit in the order of the spec
};

// What stands behind a descriptor that QEMU is given.
enum class Passed {
    monitor_socket,      // listening; QMP
    serial_socket,       // listening; the interactive console
    agent_socket,        // listening; the line to the agent in the guest
    console_log,         // what the guest writes to its serial port is appended here
    uefi_variables,      // read and write
    guest_memory,        // as described by GuestMemory; for the launcher too, who shows it as file
    disk_layer,          // disks[index].chain.layers[layer], to be read
    writable_disk_layer, // the same, read and written
    disk_secret,         // what opens it: for the launcher, who makes secret_file() of it
    tap,                 // interfaces[interface]
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

// Where a guest's QEMU finds the secret that it was given as this descriptor.
std::string secret_file(int child_fd);

// Where QEMU opens a descriptor again by name; the launcher makes the folder (--show-descriptors).
inline constexpr std::string_view descriptors_folder = "/fds";

// What DMI shows a guest as its board's asset tag: its id, as on EC2. That of a warm template is as
// long as an instance's, so that one can be written over it.
std::string asset_tag_of(const std::string& id);

// The names by which the monitor knows an interface afterwards: its device, its wire, and the ports
// that it can be plugged into.
inline constexpr std::string_view nic_prefix = "nic-";
std::string nic_id(const std::string& interface_id);
std::string netdev_id(const std::string& interface_id);
std::string interface_port(size_t index);
inline constexpr size_t max_interface_ports =
    14; // EC2's most are 15 interfaces: one is the primary

Result<void> check_interface(const MachineInterface& interface);

Result<CommandLine> build_command_line(const MachineSpec& spec,
                                       const Acceleration& acceleration,
                                       const CommandLineOptions& options);

} // namespace pileus::drivers
