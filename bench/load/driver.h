// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sends requests over keep-alive connections and measures the time of each. One thread. Closed
// loop: each connection sends its next request when the answer is there. Open loop: requests are
// due at a fixed rate whatever the server does, and their time counts from when they were due, so
// that a server that stalls cannot hide it.

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pileus::bench {

struct Load {
    std::string address = "127.0.0.1";
    uint16_t port = 0;
    int connections = 1;
    std::chrono::nanoseconds duration{0};
    uint64_t most_requests = UINT64_MAX; // ends the run early
    double rate_per_second = 0;          // 0: closed loop
    std::vector<std::string> requests;   // whole, signed; sent in turn
};

struct Measured {
    double seconds = 0;
    uint64_t failures = 0;              // answers that are not 200
    std::string first_failure;          // its body
    std::vector<uint32_t> latencies_us; // of every answer, in order of arrival
};

// Throws std::system_error when the server cannot be reached.
Measured run(const Load& load, const Clock& clock);

} // namespace pileus::bench
