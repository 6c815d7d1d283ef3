// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/options.h"
#include "drivers/network/linux/port.h"
#include "drivers/network/network.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

// The packet filter as text for `nft -f -`. Pure functions of checked values: addresses, numbers,
// and names that topology.h let through, so that nothing a tenant wrote reaches nft. Each text is a
// list of commands that one nft process carries out as one transaction.
// docs/adr/0001-routed-subnets.md says how a packet goes through them.

// Everything of a VPC but its groups and ports. Repeatable: it replaces the rules of the base
// chains and empties the maps, while packets keep being judged by the old ones until the
// transaction is done.
std::string vpc_rules(const VpcSpec& vpc, const LinuxNetworkOptions& options);

// The rules of a group; its members stay. Cost: the number of its rules.
std::string group_rules(const SecurityGroupSpec& group);
std::string empty_group_members(const std::string& group_id); // before a rebuild fills them again
std::string group_removal(const std::string& group_id);

// The guard at the tap (who may send what at all), the port's chains and its places in the maps.
// `before` is the port as the kernel has it, nullptr when it has none.
std::string port_rules(const Port& port, const Port* before, const AddressPlan& plan);
// `in_maps`: whether the maps and the members of groups still hold it.
std::string port_removal(const Port& port, bool in_maps, const AddressPlan& plan);

std::string edge_rules(const LinuxNetworkOptions& options);
// `closed_uplink`: a link on which only we switched forwarding on, so that nothing but our traffic
// is forwarded from it; or "".
std::string host_rules(const LinuxNetworkOptions& options, const std::string& closed_uplink);
std::string host_rules_removal(const LinuxNetworkOptions& options);

} // namespace pileus::drivers
