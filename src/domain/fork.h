// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

enum class ForkState {
    copying, // the source is still to be copied
    copied,  // its instances start from the copy
    failed,  // it could not be copied; its instances are terminated
};

// A copy of a running instance, memory and volumes of one moment, from which new instances start.
// The row lasts until the last of them has started. What it names is known to the drivers only: no
// snapshot and no template of it is ever seen by a user.
struct Fork {
    std::string id; // "fork-…"
    std::string account_id;
    std::string region;
    std::string host_id;
    std::string source_instance_id;
    std::string template_id; // "wt-…": memory and devices
    ForkState state = ForkState::copying;
    std::string message; // why it failed
    Time created_at{};
};

// One volume of the source.
struct ForkDisk {
    std::string snapshot_id; // of that moment
    std::string fork_id;
    std::string volume_id; // of the source
    std::string device;    // by which the new instances know theirs
};

} // namespace pileus::domain
