// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

// An elastic network interface. In this issue each is made with its instance and goes with it.
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
    std::string private_ip;
    std::vector<std::string> security_group_ids;
    bool source_dest_check = true;
    Time created_at{};

    // The address by which it is reached from outside; "" while there is none (a stopped instance gives it back).
    std::string public_ip;
    bool wants_public_ip = false; // from the subnet or AssociatePublicIpAddress: each start takes a new one

    // The attachment; instance_id is "" when there is none.
    std::string instance_id;
    std::string attachment_id;
    int device_index = 0;
    bool delete_on_termination = true;
    std::optional<Time> attached_at;
};

} // namespace pileus::domain
