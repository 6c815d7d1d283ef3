// SPDX-License-Identifier: Apache-2.0
#include "store/charges.h"

#include "domain/ledger.h"
#include "store/ledger.h"

namespace pileus::store::charges {

namespace {

using domain::InstanceState;
using domain::LedgerKind;

template <class Resource>
void append(Transaction& tx,
            const Resource& resource,
            const std::string& instance_id,
            LedgerKind kind,
            Time at,
            int64_t quantity,
            const std::string& detail) {
    ledger::append(tx,
                   {.at = at,
                    .account_id = resource.account_id,
                    .region = resource.region,
                    .resource_id = resource.id,
                    .instance_id = instance_id,
                    .kind = kind,
                    .quantity = quantity,
                    .detail = detail});
}

} // namespace

void instance_changed(Transaction& tx,
                      InstanceState before,
                      const domain::Instance& after,
                      Time at) {
    const bool was_charged = before == InstanceState::running;
    const bool is_charged = after.state == InstanceState::running;
    if (was_charged == is_charged)
        return;
    const auto kind = is_charged ? LedgerKind::instance_started : LedgerKind::instance_ended;
    append(tx, after, after.id, kind, at, 1, after.type);
}

void volume_created(Transaction& tx, const domain::Volume& volume, Time at) {
    append(tx,
           volume,
           volume.instance_id,
           LedgerKind::volume_created,
           at,
           volume.size_gib,
           volume.type);
}

void volume_deleted(Transaction& tx, const domain::Volume& volume, Time at) {
    append(tx,
           volume,
           volume.instance_id,
           LedgerKind::volume_deleted,
           at,
           volume.size_gib,
           volume.type);
}

void address_taken(Transaction& tx, const domain::NetworkInterface& interface, Time at) {
    append(tx,
           interface,
           interface.instance_id,
           LedgerKind::address_taken,
           at,
           1,
           interface.public_ip);
}

void address_released(Transaction& tx, const domain::NetworkInterface& interface, Time at) {
    append(tx,
           interface,
           interface.instance_id,
           LedgerKind::address_released,
           at,
           1,
           interface.public_ip);
}

namespace {

void append_allocation(Transaction& tx, const domain::Address& address, LedgerKind kind, Time at) {
    ledger::append(tx,
                   {.at = at,
                    .account_id = address.account_id,
                    .region = address.region,
                    .resource_id = address.allocation_id,
                    .instance_id = "", // it outlives every instance that it stands for
                    .kind = kind,
                    .quantity = 1,
                    .detail = address.public_ip});
}

} // namespace

void address_taken(Transaction& tx, const domain::Address& address, Time at) {
    append_allocation(tx, address, LedgerKind::address_taken, at);
}

void address_released(Transaction& tx, const domain::Address& address, Time at) {
    append_allocation(tx, address, LedgerKind::address_released, at);
}

void nat_gateway_changed(Transaction& tx,
                         domain::NatGatewayState before,
                         const domain::NatGateway& after,
                         Time at) {
    const bool was_charged = before == domain::NatGatewayState::available;
    const bool is_charged = after.state == domain::NatGatewayState::available;
    if (was_charged == is_charged)
        return;
    const auto kind = is_charged ? LedgerKind::nat_gateway_started : LedgerKind::nat_gateway_ended;
    append(tx, after, "", kind, at, 1, after.is_public ? "public" : "private");
}

} // namespace pileus::store::charges
