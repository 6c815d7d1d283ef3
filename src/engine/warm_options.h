// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <functional>
#include <string>

namespace pileus::engine {

enum class WarmMode {
    off,         // every launch boots
    per_account, // no account is started from what another's launch asked for
    shared,      // templates of public images serve everybody, those of private ones one account
};

// What the machine has left at this moment.
struct MachineRoom {
    double idle_cpus = 0;
    int64_t free_memory_bytes = 0;
};

// What an operator decides about warm templates, and what the controllers allow themselves.
struct WarmOptions {
    std::string host_id;
    WarmMode mode = WarmMode::shared;
    int templates_max = 8;
    int64_t memory_bytes_max = 0;                    // at hand for the next start; 0: no limit
    Duration idle_longest = std::chrono::hours{72};  // one that nobody wants for so long goes
    Duration boot_longest = std::chrono::minutes{5}; // until it is ready to be frozen
    Duration retry_failed = std::chrono::hours{1};
    int attempts_max = 2;
    Duration look_interval = std::chrono::milliseconds{250}; // at a guest that boots
    // One is made when so much would be left; a machine that is never idle makes it after a while
    // all the same, but never without the memory.
    double idle_cpus_min = 0.5;
    int64_t memory_reserve_bytes = int64_t{512} << 20;
    Duration room_interval = std::chrono::seconds{2};
    Duration room_patience = std::chrono::minutes{2};
    Duration keep_interval = std::chrono::seconds{30};
    int starts_at_once = 2;            // one a CPU: more are slower together
    std::function<MachineRoom()> room; // none: there is always room
};

} // namespace pileus::engine
