// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/config.h"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace pileus::daemon {

// What this machine is, read from the kernel.
int cpus_of_machine();
int64_t memory_mib_of_machine();
// That a process may fill where this folder is; 0 when that cannot be told.
int64_t free_bytes_of(const std::filesystem::path& folder);
// That programs may take without others being paged out.
int64_t available_memory_bytes();
// Another one after every restart of the machine.
std::string boot_id();

// How many CPUs had nothing to do since the last look; none of them at the first. Any thread.
class IdleCpus {
  public:
    double look();

  private:
    std::mutex mutex_;
    std::optional<std::pair<int64_t, int64_t>> last_; // ticks: idle, all
    double idle_ = 0;
};

// Fills in what the configuration left to the machine: CPUs, and all memory but what the host
// itself needs.
void complete_capacity(cloud::HostCapacity& host);

// The folder with instance types and prices: as configured, else ../share/pileus beside the
// program, else the source tree that the program was built in.
Result<std::filesystem::path> find_share_dir(const Config& config);
// Of a program that is installed beside this one.
std::filesystem::path sibling_program(const std::string& name);

} // namespace pileus::daemon
