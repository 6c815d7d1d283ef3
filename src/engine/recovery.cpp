// SPDX-License-Identifier: Apache-2.0
#include "engine/recovery.h"

#include "engine/disk_check.h"
#include "engine/housekeeping.h"
#include "engine/layers.h"
#include "engine/network_specs.h"
#include "store/disk_tasks.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <set>

namespace pileus::engine {

Result<void> recover_network(store::Store& store,
                             drivers::Network& network,
                             const Clock& clock,
                             const std::string& host_id) {
    PILEUS_ASSIGN(const auto vpcs, network.observe_vpcs());
    PILEUS_ASSIGN(const auto interfaces, network.observe_interfaces());
    return store.write([&](store::Transaction& tx) -> Result<void> {
        const auto make_due = [&](std::string_view kind, const std::string& id) {
            store::work::enqueue(tx, std::string(kind), id, host_id, clock.now());
        };
        for (const auto& id : vpcs)
            make_due("vpc", id);
        for (const auto& id : interfaces)
            make_due("network-interface", id);
        for (const auto& row : store::network_interfaces::list_of_host(tx, host_id))
            if (row.detaching || is_in_use(tx, row) ||
                (!row.instance_id.empty() && !row.attached_at))
                make_due("network-interface", row.id);
        for (const auto& vpc : store::vpcs::list_all(tx))
            for (const auto& gateway : store::nat_gateways::list_of_vpc(tx, vpc.id))
                make_due("nat-gateway", gateway.id);
        make_due(HousekeepingController::work_kind, HousekeepingController::work_id);
        return {};
    });
}

Result<void> recover_disks(store::Store& store,
                           ImportSources& sources,
                           const Clock& clock,
                           const std::string& host_id) {
    std::set<std::string> tasks;
    PILEUS_TRY(store.write([&](store::Transaction& tx) -> Result<void> {
        const auto make_due = [&](std::string_view kind, const std::string& id) {
            store::work::enqueue(tx, std::string(kind), id, host_id, clock.now());
        };
        for (const auto& task : store::disk_tasks::list_active(tx, host_id)) {
            tasks.insert(task.id);
            make_due("disk-task", task.id);
        }
        make_due(LayerController::work_kind, LayerController::work_id);
        make_due(DiskCheckController::work_kind, DiskCheckController::work_id);
        return {};
    }));
    sources.discard_all_but(tasks);
    return {};
}

} // namespace pileus::engine
