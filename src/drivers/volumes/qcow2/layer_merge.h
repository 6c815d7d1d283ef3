// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which layers are worth joining. Pure; any thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pileus::drivers {

struct MergeLayer {
    std::string below;
    int holders = 0;         // layers, snapshots and volumes
    bool is_named = false;   // by a snapshot
    bool is_written = false; // by a volume; or it is about to be
    int64_t bytes = 0;
};

// Layers that stand on each other, the top first, that one layer could replace; empty when there is
// nothing to do. First those that were left without their snapshot and that only one layer stands
// on: joining them frees what both hold. Then the cheapest part of a chain that is longer than
// max_depth.
std::vector<std::string> choose_merge(const std::map<std::string, MergeLayer>& layers,
                                      int max_depth);

} // namespace pileus::drivers
