// SPDX-License-Identifier: Apache-2.0
#include "engine/housekeeping.h"

#include "store/client_tokens.h"
#include "store/instances.h"
#include "store/work.h"

namespace pileus::engine {

Result<Outcome> HousekeepingController::reconcile(const domain::WorkItem&) {
    static constexpr int at_once = 1000;
    const auto now = clock_.now();
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::client_tokens::erase_before(tx, now - options_.tokens_valid);
        // Its own controller knows what else goes with an instance.
        for (const auto& instance : store::instances::list_terminated_before(
                 tx, now - options_.terminated_visible, at_once))
            store::work::enqueue(tx, "instance", instance.id, options_.host_id, now);
        return {};
    }));
    return Outcome::again(now + options_.interval);
}

} // namespace pileus::engine
