// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

// An Elastic IP address: the account's until it is released.
struct Address {
    std::string allocation_id;
    std::string account_id;
    std::string region;
    std::string public_ip;
    std::string association_id; // "" while it stands for nothing
    std::string network_interface_id;
    std::string private_ip;          // of that interface
    std::string domain_name;         // the reverse name that its owner gave it; "" when none
    bool is_service_managed = false; // a NAT gateway's, say: not to be disassociated by hand
    Time created_at{};
};

} // namespace pileus::domain
