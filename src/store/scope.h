// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pileus::store {

// Whose rows: every look-up on behalf of a caller is scoped by account and region.
struct Scope {
    std::string account_id;
    std::string region;
};

// A page of rows in ascending order of id.
struct Page {
    std::string after_id; // "" from the start
    int limit = 1000;
};

} // namespace pileus::store
