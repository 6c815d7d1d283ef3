// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/address.h"
#include "domain/instance.h"
#include "domain/network_interface.h"
#include "domain/routing.h"
#include "domain/snapshot.h"
#include "domain/volume.h"
#include "store/store.h"

// The ledger rows of what cloud and engine do, written in the transaction that does it. Every
// change of a state that bears on a charge goes through here, so that nobody forgets one. The
// rules: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
// ("Instance billing"): running is charged, and stopping while it saves the memory; pending,
// stopping, stopped, shutting-down and terminated are not.
namespace pileus::store::charges {

// `was_charged`: what is_charged() said before the change.
void instance_changed(Transaction& tx, bool was_charged, const domain::Instance& after, Time at);
// Size and type; and the IOPS and throughput beyond what the type includes.
void volume_created(Transaction& tx, const domain::Volume& volume, Time at);
void volume_changed(Transaction& tx,
                    const domain::Volume& before,
                    const domain::Volume& after,
                    Time at);
void volume_deleted(Transaction& tx, const domain::Volume& volume, Time at);
// Not charged yet; the bytes of all its layers are noted.
void snapshot_completed(Transaction& tx, const domain::Snapshot& snapshot, Time at);
void snapshot_deleted(Transaction& tx, const domain::Snapshot& snapshot, Time at);
// An automatic address, while the interface has it (store/public_addresses.h).
void address_taken(Transaction& tx, const domain::NetworkInterface& interface, Time at);
void address_released(Transaction& tx, const domain::NetworkInterface& interface, Time at);
// An Elastic IP, from its allocation to its release, whether it stands for something or not.
void address_taken(Transaction& tx, const domain::Address& address, Time at);
void address_released(Transaction& tx, const domain::Address& address, Time at);
// A NAT gateway is charged while it is available. Called at every change of its state.
void nat_gateway_changed(Transaction& tx,
                         domain::NatGatewayState before,
                         const domain::NatGateway& after,
                         Time at);

} // namespace pileus::store::charges
