// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

enum class NetworkInterfaceKind { interface, nat_gateway };

// A further private IPv4 address of an interface; the primary one is in the interface itself.
struct SecondaryAddress {
    std::string private_ip;
    std::string public_ip; // of the Elastic IP that stands for it; "" when none
};

// An elastic network interface: made with an instance, by itself, or by a NAT gateway.
struct NetworkInterface {
    std::string id;
    std::string account_id;
    std::string region;
    std::string zone;
    std::string host_id;
    std::string vpc_id;
    std::string subnet_id;
    std::string description;
    std::string mac;
    std::string private_ip; // the primary one
    std::vector<SecondaryAddress> secondary_addresses;
    std::vector<std::string> ipv6_addresses;
    std::vector<std::string> security_group_ids;
    NetworkInterfaceKind kind = NetworkInterfaceKind::interface;
    std::string client_token;
    bool source_dest_check = true;
    Time created_at{};

    // The address by which its primary one is reached from outside: an Elastic IP, or one that a
    // stopped instance gives back;
    // "" while there is none.
    std::string public_ip;
    std::string allocation_id; // of that Elastic IP; "" for an address of the other sort
    bool wants_public_ip =
        false; // from the subnet or AssociatePublicIpAddress: each start takes a new one

    // The attachment; instance_id is "" when there is none.
    std::string instance_id;
    bool detaching = false; // still in the guest; attached while false
    std::string attachment_id;
    int device_index = 0;
    bool delete_on_termination = true;
    std::optional<Time> attached_at;
};

} // namespace pileus::domain
