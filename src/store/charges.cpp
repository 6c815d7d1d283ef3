// SPDX-License-Identifier: Apache-2.0
#include "store/charges.h"

#include "domain/ledger.h"
#include "store/ledger.h"

#include <algorithm>

namespace pileus::store::charges {

namespace {

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

void instance_changed(Transaction& tx, bool was_charged, const domain::Instance& after, Time at) {
    if (was_charged == after.is_charged())
        return;
    const auto kind =
        after.is_charged() ? LedgerKind::instance_started : LedgerKind::instance_ended;
    append(tx, after, after.id, kind, at, 1, after.type);
}

namespace {

// https://aws.amazon.com/ebs/pricing: gp3 includes 3,000 IOPS and 125 MiB/s; of io1 and io2 every
// provisioned IOPS is charged; of the others none.
int64_t charged_iops(const domain::Volume& volume) {
    static constexpr int64_t gp3_included = 3000;
    if (volume.type == "gp3")
        return std::max<int64_t>(volume.iops - gp3_included, 0);
    return volume.type == "io1" || volume.type == "io2" ? volume.iops : 0;
}
int64_t charged_throughput(const domain::Volume& volume) {
    static constexpr int64_t gp3_included = 125;
    return volume.type == "gp3" ? std::max<int64_t>(volume.throughput_mib_s - gp3_included, 0) : 0;
}

void append_volume(
    Transaction& tx, const domain::Volume& volume, LedgerKind kind, Time at, int64_t quantity) {
    append(tx, volume, volume.instance_id, kind, at, quantity, volume.type);
}

} // namespace

void volume_created(Transaction& tx, const domain::Volume& volume, Time at) {
    append_volume(tx, volume, LedgerKind::volume_created, at, volume.size_gib);
    if (const auto iops = charged_iops(volume))
        append_volume(tx, volume, LedgerKind::volume_iops_set, at, iops);
    if (const auto throughput = charged_throughput(volume))
        append_volume(tx, volume, LedgerKind::volume_throughput_set, at, throughput);
}

void volume_changed(Transaction& tx,
                    const domain::Volume& before,
                    const domain::Volume& after,
                    Time at) {
    const bool is_other_type = before.type != after.type;
    const auto differs = [&](int64_t was, int64_t is) {
        return was != is || (is_other_type && is != 0);
    };
    if (is_other_type)
        append_volume(tx, after, LedgerKind::volume_retyped, at, after.size_gib);
    else if (before.size_gib != after.size_gib)
        append_volume(tx, after, LedgerKind::volume_resized, at, after.size_gib);
    if (differs(charged_iops(before), charged_iops(after)))
        append_volume(tx, after, LedgerKind::volume_iops_set, at, charged_iops(after));
    if (differs(charged_throughput(before), charged_throughput(after)))
        append_volume(tx, after, LedgerKind::volume_throughput_set, at, charged_throughput(after));
}

void volume_deleted(Transaction& tx, const domain::Volume& volume, Time at) {
    append_volume(tx, volume, LedgerKind::volume_deleted, at, volume.size_gib);
}

void snapshot_completed(Transaction& tx, const domain::Snapshot& snapshot, Time at) {
    append(tx,
           snapshot,
           "",
           LedgerKind::snapshot_completed,
           at,
           snapshot.full_bytes,
           snapshot.volume_id);
}

void snapshot_deleted(Transaction& tx, const domain::Snapshot& snapshot, Time at) {
    append(tx,
           snapshot,
           "",
           LedgerKind::snapshot_deleted,
           at,
           snapshot.full_bytes,
           snapshot.volume_id);
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
