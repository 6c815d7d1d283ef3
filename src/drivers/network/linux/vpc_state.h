// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/port.h"
#include "drivers/network/topology/topology.h"

#include <filesystem>
#include <map>
#include <string>

namespace pileus::drivers {

// All that is remembered of one VPC: what the engine asked for, and the numbers that its things
// have in the kernel. A plain value. It is written before the kernel is changed, so that what a
// crash left half made is known.
struct VpcState {
    VpcSpec spec;
    uint32_t slot = 0;                             // of its link to the edge
    std::map<std::string, uint32_t> subnet_slots;  // by subnet id
    std::map<std::string, uint32_t> peering_slots; // by peering id
    std::map<std::string, SecurityGroupSpec> groups;
    std::map<std::string, Port> ports; // by interface id
    uint32_t next_number = 1;          // of an interface; the last ones are not used again

    VpcTopology topology() const;
};

Result<void> save_state(const VpcState& state, const std::filesystem::path& path);
Result<VpcState> load_state(const std::filesystem::path& path);

} // namespace pileus::drivers
