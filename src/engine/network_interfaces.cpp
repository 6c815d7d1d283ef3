// SPDX-License-Identifier: Apache-2.0
#include "engine/network_interfaces.h"

#include "base/log.h"
#include "domain/instance.h"
#include "engine/machine_spec.h"
#include "engine/network_specs.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/work.h"

#include <optional>

namespace pileus::engine {

using domain::InstanceState;
using domain::NetworkInterface;

namespace {

std::optional<NetworkInterface> find_row(store::Store& store, const std::string& id) {
    return store.read(
        [&](store::Transaction& tx) { return store::network_interfaces::find(tx, id); });
}

} // namespace

void clear_attachment(NetworkInterface& row) {
    row.instance_id.clear();
    row.attachment_id.clear();
    row.device_index = 0;
    row.detaching = false;
    row.attached_at.reset();
    row.delete_on_termination = false;
}

NetworkInterfaceController::NetworkInterfaceController(store::Store& store,
                                                       const Clock& clock,
                                                       drivers::Hypervisor& hypervisor,
                                                       drivers::Network& network,
                                                       VpcNetwork& vpc_network,
                                                       KeyedLocks& instances,
                                                       NetworkInterfaceControllerOptions options)
    : store_(store), clock_(clock), hypervisor_(hypervisor), network_(network),
      vpc_network_(vpc_network), instances_(instances), options_(std::move(options)) {}

Result<Outcome> NetworkInterfaceController::reconcile(const domain::WorkItem& item) {
    const auto seen = find_row(store_, item.resource_id);
    if (!seen) {
        PILEUS_TRY(vpc_network_.remove_interface_everywhere(item.resource_id));
        return Outcome::done();
    }
    const auto held = instances_.hold(seen->instance_id.empty() ? seen->id : seen->instance_id);
    const auto row = find_row(store_, item.resource_id);
    // Attached elsewhere, or gone, while we waited: whoever did that has enqueued it again.
    if (!row || row->instance_id != seen->instance_id)
        return Outcome::done();
    if (row->detaching)
        return unplug(*row, item.attempts >= options_.polite_attempts);
    const bool is_in_use =
        store_.read([&](store::Transaction& tx) { return engine::is_in_use(tx, *row); });
    if (!is_in_use)
        return take_away(*row);
    if (row->kind == domain::NetworkInterfaceKind::interface)
        return plug(*row);
    PILEUS_TRY(vpc_network_.ensure_interface(row->id));
    return Outcome::done();
}

// No guest is behind it. One of an instance that is stopped counts as attached nevertheless.
Result<Outcome> NetworkInterfaceController::take_away(const NetworkInterface& row) {
    PILEUS_TRY(vpc_network_.remove_interface(row.vpc_id, row.id));
    if (!row.instance_id.empty())
        PILEUS_TRY(mark_attached(row));
    return Outcome::done();
}

Result<Outcome> NetworkInterfaceController::plug(const NetworkInterface& row) {
    const auto instance = store_.read(
        [&](store::Transaction& tx) { return store::instances::find(tx, row.instance_id); });
    if (!instance || instance->state == InstanceState::pending)
        return Outcome::done(); // it gets it with its start
    PILEUS_TRY(vpc_network_.ensure_interface(row.id));
    // A guest that is going gets nothing more; what it has follows the rows to its end.
    if (row.attached_at || instance->state != InstanceState::running)
        return Outcome::done();
    const auto begun = clock_.monotonic();
    PILEUS_TRY(hypervisor_.attach_interface(row.instance_id,
                                            make_machine_interface(row, network_, options_.mtu)));
    PILEUS_TRY(mark_attached(row));
    log_info("interface attached",
             {{"interface", row.id},
              {"instance", row.instance_id},
              {"took_ms",
               std::to_string(
                   std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - begun)
                       .count())}});
    return Outcome::done();
}

Result<Outcome> NetworkInterfaceController::unplug(const NetworkInterface& row, bool force) {
    PILEUS_TRY(hypervisor_.detach_interface(row.instance_id, row.id, force));
    PILEUS_TRY(vpc_network_.remove_interface(row.vpc_id, row.id));
    PILEUS_TRY(mark_detached(row));
    return Outcome::done();
}

Result<void> NetworkInterfaceController::mark_attached(const NetworkInterface& seen) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::network_interfaces::find(tx, seen.id);
        if (!row || row->attached_at || row->attachment_id != seen.attachment_id)
            return {};
        row->attached_at = clock_.now();
        store::network_interfaces::update(tx, *row);
        return {};
    });
}

Result<void> NetworkInterfaceController::mark_detached(const NetworkInterface& seen) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::network_interfaces::find(tx, seen.id);
        if (!row || !row->detaching || row->attachment_id != seen.attachment_id)
            return {};
        clear_attachment(*row);
        store::network_interfaces::update(tx, *row);
        store::work::enqueue(tx, "vpc", row->vpc_id, options_.host_id, clock_.now());
        return {};
    });
}

} // namespace pileus::engine
