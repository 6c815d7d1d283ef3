// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/work.h"

#include <optional>
#include <string_view>

namespace pileus::engine {

// What a controller says of a resource after looking at it: nothing left to do, or look again at a
// time.
struct Outcome {
    std::optional<Time> look_again;

    static Outcome done() { return {}; }
    static Outcome again(Time at) { return {at}; }
};

// Brings one kind of resource from any starting point to what its row says. Called by the engine's
// threads, for a given resource by one thread at a time. An error means "this attempt failed": the
// engine tries again later, with growing pauses.
class Controller {
  public:
    virtual ~Controller() = default;
    virtual std::string_view kind() const = 0; // of its work items
    virtual Result<Outcome> reconcile(const domain::WorkItem& item) = 0;
};

} // namespace pileus::engine
