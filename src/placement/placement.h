// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pileus::placement {

// What a host offers and what is promised of it already.
struct HostLoad {
    std::string host_id;
    int cpus = 1;                // real ones: no instance gets more vCPUs than that
    double cpu_overcommit = 1.0; // vCPUs promised together, as a multiple of `cpus`
    int64_t memory_mib = 0;
    int vcpus_used = 0;
    int64_t memory_used_mib = 0;
};

struct Demand {
    int vcpus = 1;
    int64_t memory_mib = 0;
    int minimum_count = 1;
    int maximum_count = 1;
};

// Why nothing was placed, for the message of InsufficientInstanceCapacity.
enum class Shortage {
    none,
    instance_has_too_many_vcpus,
    instance_has_too_much_memory,
    hosts_are_full
};

struct Placement {
    std::vector<std::string>
        host_ids; // one an instance; between minimum_count and maximum_count of them, or none
    Shortage shortage = Shortage::none;
};

// Puts as many as fit, each on the host that it leaves fullest in memory (best fit), so that big
// instances still find room.
Placement place(std::vector<HostLoad> hosts, const Demand& demand);

} // namespace pileus::placement
