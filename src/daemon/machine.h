// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/config.h"

#include <string>

namespace pileus::daemon {

// What this machine is, read from the kernel.
int cpus_of_machine();
int64_t memory_mib_of_machine();
// That a process may fill where this folder is; 0 when that cannot be told.
int64_t free_bytes_of(const std::filesystem::path& folder);
// Another one after every restart of the machine.
std::string boot_id();

// Fills in what the configuration left to the machine: CPUs, and all memory but what the host
// itself needs.
void complete_capacity(cloud::HostCapacity& host);

// The folder with instance types and prices: as configured, else ../share/pileus beside the
// program, else the source tree that the program was built in.
Result<std::filesystem::path> find_share_dir(const Config& config);
// Of a program that is installed beside this one.
std::filesystem::path sibling_program(const std::string& name);

} // namespace pileus::daemon
