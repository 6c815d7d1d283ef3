// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

struct NetworkAcl {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    bool is_default = false;
    Time created_at{};
};

// Every subnet has exactly one.
struct NetworkAclAssociation {
    std::string id; // aclassoc-…
    std::string network_acl_id;
    std::string subnet_id;
};

// The last one, number 32767 ("*"), denies everything; it is implied and has no row.
struct NetworkAclEntry {
    std::string network_acl_id;
    bool egress = false;
    int number = 0; // 1 … 32766
    bool allow = false;
    int protocol = -1;      // IANA number; -1 is all
    std::string cidr_block; // of either family
    int from_port = -1;     // TCP and UDP: ports; ICMP: type; -1 is all
    int to_port = -1;       // ICMP: code
};

} // namespace pileus::domain
