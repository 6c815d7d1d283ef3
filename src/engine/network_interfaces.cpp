// SPDX-License-Identifier: Apache-2.0
#include "engine/network_interfaces.h"

#include "domain/instance.h"
#include "store/instances.h"
#include "store/network_interfaces.h"

namespace pileus::engine {

Result<Outcome> NetworkInterfaceController::reconcile(const domain::WorkItem& item) {
    const bool has_guest = store_.read([&](store::Transaction& tx) {
        const auto interface = store::network_interfaces::find(tx, item.resource_id);
        if (!interface || interface->instance_id.empty())
            return false;
        const auto instance = store::instances::find(tx, interface->instance_id);
        return instance && instance->has_guest();
    });
    if (has_guest)
        PILEUS_TRY(network_.ensure_interface(item.resource_id));
    return Outcome::done();
}

} // namespace pileus::engine
