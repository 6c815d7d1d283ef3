// SPDX-License-Identifier: Apache-2.0
#pragma once

// Enums are stored as the words that EC2 has for them, so that the database can be read by people
// and their numbers may change.

#include "domain/disk_task.h"
#include "domain/fork.h"
#include "domain/instance.h"
#include "domain/ledger.h"
#include "domain/network_interface.h"
#include "domain/routing.h"
#include "domain/snapshot.h"
#include "domain/volume.h"
#include "domain/warm_template.h"

#include <string_view>

namespace pileus::store {

std::string_view to_wire(domain::InstanceState value);
std::string_view to_wire(domain::ShutdownBehavior value);
std::string_view to_wire(domain::Hibernation value);
std::string_view to_wire(domain::ForkState value);
std::string_view to_wire(domain::VolumeState value);
std::string_view to_wire(domain::AttachmentState value);
std::string_view to_wire(domain::SnapshotState value);
std::string_view to_wire(domain::DiskTaskKind value);
std::string_view to_wire(domain::LedgerKind value);
std::string_view to_wire(domain::NetworkInterfaceKind value);
std::string_view to_wire(domain::NatGatewayState value);
std::string_view to_wire(domain::PeeringState value);
std::string_view to_wire(domain::WarmTemplateState value);

// StoreFailure for a word that this binary does not know.
template <class Enum> Enum from_wire(std::string_view text);
template <> domain::InstanceState from_wire(std::string_view text);
template <> domain::ShutdownBehavior from_wire(std::string_view text);
template <> domain::Hibernation from_wire(std::string_view text);
template <> domain::ForkState from_wire(std::string_view text);
template <> domain::VolumeState from_wire(std::string_view text);
template <> domain::AttachmentState from_wire(std::string_view text);
template <> domain::SnapshotState from_wire(std::string_view text);
template <> domain::DiskTaskKind from_wire(std::string_view text);
template <> domain::LedgerKind from_wire(std::string_view text);
template <> domain::NetworkInterfaceKind from_wire(std::string_view text);
template <> domain::NatGatewayState from_wire(std::string_view text);
template <> domain::PeeringState from_wire(std::string_view text);
template <> domain::WarmTemplateState from_wire(std::string_view text);

} // namespace pileus::store
