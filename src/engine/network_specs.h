// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rows of the store say of a network, in the words of the network driver. Reading only: no
// driver, no clock, nothing kept; inside one transaction the answers belong together. The engine
// tells them to the driver, `pileus explain` judges packets by them.

#include "domain/network_interface.h"
#include "domain/vpc.h"
#include "drivers/network/network.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::engine {

// nullopt: there is no such row.
std::optional<drivers::VpcSpec> make_vpc_spec(store::Transaction& tx, const std::string& vpc_id);

drivers::InterfaceSpec make_interface_spec(const domain::NetworkInterface& row);

// What DHCP tells the guests of a VPC.
drivers::DhcpSpec make_dhcp_spec(store::Transaction& tx, const domain::Vpc& vpc);

// These groups and all that their rules name, directly or through each other: a VPC's groups
// together, those of peers before those of the VPC that the first group asked for is in. A group
// that is gone is left out; a rule that names one, or one of a VPC that no active peering leads to,
// allows nothing.
std::vector<drivers::SecurityGroupSpec>
make_security_group_specs(store::Transaction& tx, const std::vector<std::string>& group_ids);

// The groups in use in a VPC whose rules may name groups of another: what their rules mean changes
// with its peerings. None of a VPC that never had any.
std::vector<std::string> groups_across_peerings(store::Transaction& tx, const std::string& vpc_id);

// Whether the interface is to be in the network of this host now: a guest is, or is about to be,
// behind it, or a NAT gateway works with it.
bool is_in_use(store::Transaction& tx, const domain::NetworkInterface& row);
// Whether any interface of the VPC on this host is.
bool is_vpc_in_use(store::Transaction& tx, const std::string& vpc_id, const std::string& host_id);

} // namespace pileus::engine
