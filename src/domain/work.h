// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

// "Look at this resource": a controller reads its row, compares it with the machine, and makes it
// so. There is at most one item a resource; enqueueing it again makes it due again. It is deleted
// by the controller that found nothing left to do, in the transaction that records so, and only
// when nobody enqueued it meanwhile (generation).
struct WorkItem {
    std::string kind; // "instance", "security-group"
    std::string resource_id;
    std::string host_id; // whose engine does it
    Time due{};
    int64_t generation = 0; // raised by every enqueue
    int attempts = 0;       // since the last enqueue
    std::string last_error;
    int64_t lease = 0; // which lease this copy was given under: a later one makes it powerless
};

} // namespace pileus::domain
