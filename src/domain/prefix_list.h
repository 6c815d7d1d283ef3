// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

struct PrefixList {
    std::string id;
    std::string account_id;
    std::string region;
    std::string name;
    bool is_ipv6 = false; // all its entries are of one family
    int max_entries = 0;
    int64_t version = 1;
    std::string state; // "create-complete", "modify-complete": EC2's words
    Time created_at{};
};

// An entry belongs to the versions from `since` up to, but without, `until`.
struct PrefixListEntry {
    std::string prefix_list_id;
    std::string cidr;
    std::string description;
    int64_t since = 1;
    int64_t until = 0; // 0: still there
};

} // namespace pileus::domain
