// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::domain {

// The hardware that a name stands for, as DescribeInstanceTypes reports it. Read from
// data/instance_types.toml at start.
struct InstanceType {
    std::string name;   // "t3.micro"
    std::string family; // "t3"
    int vcpus = 1;
    int cores = 1;
    int threads_per_core = 1;
    int64_t memory_mib = 0;
    double clock_ghz = 0;
    std::string manufacturer; // "Intel", "AMD"
    std::string hypervisor;   // "nitro" or "xen"; "" on bare metal
    bool bare_metal = false;
    bool current_generation = true;
    bool burstable = false;
    bool free_tier = false;
    bool ebs_optimized_default = false;
    int maximum_interfaces = 2;
    int addresses_per_interface = 2;
    int ebs_baseline_mbps = 0;
    int ebs_maximum_mbps = 0;
    int ebs_baseline_iops = 0;
    int ebs_maximum_iops = 0;
    std::string network_performance; // "Up to 5 Gigabit"
    std::string ena_support = "required";
    std::vector<std::string> architectures{"x86_64"};
};

} // namespace pileus::domain
