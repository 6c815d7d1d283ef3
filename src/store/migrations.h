// SPDX-License-Identifier: Apache-2.0
#pragma once

// The schema's history: numbered files in store/migrations, applied forwards only, each in one
// transaction together with its row in schema_version. A crash in the middle of one leaves the
// version before it. Called once, by a Store that opens, before anybody else can use the database.

#include "base/clock.h"
#include "base/result.h"

#include <string_view>
#include <vector>

namespace pileus::store {

class Connection;

struct Migration {
    int number = 0; // 1, 2, 3 …
    std::string_view name;
    std::string_view sql;
};

// All that this binary knows, ascending.
const std::vector<Migration>& migrations();

// Brings the database to the last of `known`. A database that a newer binary has migrated is
// refused.
Result<void> migrate(Connection& connection, const std::vector<Migration>& known, Time now);

// The number of the last migration applied; 0 for an empty database.
int schema_version(Connection& connection);

} // namespace pileus::store
