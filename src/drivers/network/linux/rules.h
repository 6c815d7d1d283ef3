// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/options.h"
#include "drivers/network/linux/port.h"
#include "drivers/network/network.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace pileus::drivers {

// The packet filter as text for `nft -f -`. Pure functions of checked values: addresses, numbers,
// and names that topology.h let through, so that nothing a tenant wrote reaches nft. Each text is a
// list of commands that one nft process carries out as one transaction.
// docs/adr/0001-routed-subnets.md says how a packet goes through them.

using Slots = std::map<std::string, uint32_t>; // by id

// Everything of a VPC but its groups and ports: repeatable, and packets keep being judged by what
// was there until the transaction is done. `before` is what the kernel has, so that what is gone
// from it goes; nullptr when nobody knows.
struct VpcShape {
    VpcSpec spec;
    Slots subnet_slots;
    Slots peering_slots;
};
std::string
vpc_rules(const VpcShape& vpc, const VpcShape* before, const LinuxNetworkOptions& options);
// Forgets all ports, in the transaction that tells them anew.
std::string no_ports();

// The rules of a group; its members stay. A packet's cost does not grow with their number but with
// the number of different prefix lengths and of groups that they name.
std::string group_rules(const SecurityGroupSpec& group);
std::string empty_group_members(const std::string& group_id); // before a rebuild fills them again
std::string group_removal(const std::string& group_id);

struct GroupMembers {
    std::set<Ipv4> ipv4;
    std::set<Ipv6> ipv6;
    friend bool operator==(const GroupMembers&, const GroupMembers&) = default;
};
// Exactly these, of a group of another VPC.
std::string foreign_group_members(const std::string& group_id, const GroupMembers& members);

// The guard at the tap (who may send what at all), the port's chains and its places in the maps.
// `before` is the port as the kernel has it, nullptr when it has none.
std::string port_rules(const Port& port, const Port* before, const AddressPlan& plan);
// `in_maps`: whether the maps and the members of groups still hold it.
std::string port_removal(const Port& port, bool in_maps, const AddressPlan& plan);
std::string guard_rules(const Port& port);

// The link-local address that a guest makes of its MAC address, and the only one that it may have.
Ipv6 link_local_of(const MacAddress& mac);

std::string nat_gateway_rules(const InterfaceSpec& interface);

std::string edge_rules(const LinuxNetworkOptions& options);
// `closed_uplink`: a link on which only we switched forwarding on, so that nothing but our traffic
// is forwarded from it; or "".
std::string host_rules(const LinuxNetworkOptions& options, const std::string& closed_uplink);
std::string host_rules_removal(const LinuxNetworkOptions& options);

} // namespace pileus::drivers
