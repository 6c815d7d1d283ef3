// SPDX-License-Identifier: Apache-2.0
#include "engine/nat_gateways.h"

#include "base/log.h"
#include "store/charges.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/tags.h"
#include "store/work.h"

namespace pileus::engine {

using domain::NatGateway;
using domain::NatGatewayState;

Result<Outcome> NatGatewayController::reconcile(const domain::WorkItem& item) {
    const auto gateway = store_.read(
        [&](store::Transaction& tx) { return store::nat_gateways::find(tx, item.resource_id); });
    if (!gateway)
        return Outcome::done();
    switch (gateway->state) {
    case NatGatewayState::pending:
        return make(*gateway, item);
    case NatGatewayState::available:
        PILEUS_TRY(network_.ensure_interface(gateway->network_interface_id));
        return Outcome::done();
    case NatGatewayState::deleting:
        return remove(*gateway);
    case NatGatewayState::failed:
    case NatGatewayState::deleted:
        return expire(*gateway);
    }
    return Outcome::done();
}

template <class Change>
Result<void> NatGatewayController::advance(const NatGateway& seen, Change change) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::nat_gateways::find(tx, seen.id);
        if (!row || row->state != seen.state)
            return {};
        change(tx, *row);
        store::nat_gateways::update(tx, *row);
        store::charges::nat_gateway_changed(tx, seen.state, *row, clock_.now());
        // The routes to it lead somewhere else now; and there may be work for the next state.
        store::work::enqueue(tx, "vpc", row->vpc_id, options_.host_id, clock_.now());
        store::work::enqueue(tx, "nat-gateway", row->id, options_.host_id, clock_.now());
        return {};
    });
}

// ---- pending → available ------------------------------------------------------------------------

Result<Outcome> NatGatewayController::make(const NatGateway& gateway,
                                           const domain::WorkItem& item) {
    if (const auto missing = what_is_missing(gateway))
        return give_up(gateway, *missing);
    if (const auto made = network_.ensure_interface(gateway.network_interface_id); !made) {
        if (item.attempts + 1 < options_.attempts)
            return fail(made.error());
        log_error("NAT gateway cannot be made",
                  {{"gateway", gateway.id}, {"error", made.error().message}});
        return give_up(gateway, {"InternalError", made.error().message});
    }
    PILEUS_TRY(advance(gateway, [](store::Transaction&, NatGateway& row) {
        row.state = NatGatewayState::available;
    }));
    return Outcome::done();
}

// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
std::optional<NatGatewayController::Failure>
NatGatewayController::what_is_missing(const NatGateway& gateway) {
    const bool has_way_out = store_.read([&](store::Transaction& tx) {
        return store::internet_gateways::find_of_vpc(tx, gateway.vpc_id).has_value();
    });
    if (gateway.is_public && !has_way_out)
        return Failure{"Gateway.NotAttached",
                       "Network " + gateway.vpc_id + " has no Internet gateway attached"};
    return std::nullopt;
}

Result<Outcome> NatGatewayController::give_up(const NatGateway& gateway, const Failure& failure) {
    PILEUS_TRY(take_down(gateway));
    PILEUS_TRY(advance(gateway, [&](store::Transaction& tx, NatGateway& row) {
        erase_interface(tx, row);
        row.state = NatGatewayState::failed;
        row.failure_code = failure.code;
        row.failure_message = failure.message;
        row.deleted_at = clock_.now();
    }));
    return Outcome::done();
}

// ---- deleting → deleted -------------------------------------------------------------------------

Result<Outcome> NatGatewayController::remove(const NatGateway& gateway) {
    PILEUS_TRY(take_down(gateway));
    PILEUS_TRY(advance(gateway, [&](store::Transaction& tx, NatGateway& row) {
        erase_interface(tx, row);
        row.state = NatGatewayState::deleted;
        row.deleted_at = clock_.now();
    }));
    return Outcome::done();
}

Result<void> NatGatewayController::take_down(const NatGateway& gateway) {
    if (gateway.network_interface_id.empty())
        return {};
    return network_.remove_interface(gateway.vpc_id, gateway.network_interface_id);
}

// Its Elastic IP stays its owner's.
void NatGatewayController::erase_interface(store::Transaction& tx, const NatGateway& gateway) {
    auto interface = store::network_interfaces::find(tx, gateway.network_interface_id);
    if (!interface)
        return;
    store::public_addresses::disassociate_all(tx, *interface);
    store::network_interfaces::erase(tx, interface->id);
    store::tags::erase_all(tx, interface->id);
}

Result<Outcome> NatGatewayController::expire(const NatGateway& gateway) {
    const auto until = gateway.deleted_at.value_or(clock_.now()) + options_.deleted_visible;
    if (clock_.now() < until)
        return Outcome::again(until);
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::nat_gateways::erase(tx, gateway.id);
        store::tags::erase_all(tx, gateway.id);
        return {};
    }));
    return Outcome::done();
}

} // namespace pileus::engine
