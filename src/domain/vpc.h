// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

struct Vpc {
    std::string id;
    std::string account_id;
    std::string region;
    std::string cidr_block; // "172.31.0.0/16"
    std::string cidr_association_id;
    std::string dhcp_options_id;
    bool is_default = false;
    Time created_at{};
};

struct Subnet {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    std::string zone;    // "us-east-1a"
    std::string zone_id; // "use1-az1"
    std::string cidr_block;
    bool is_default = false; // the default subnet of its zone
    bool map_public_ip_on_launch = false;
    Time created_at{};
};

} // namespace pileus::domain
