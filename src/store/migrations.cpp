// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.h"

#include "store/connection.h"

#include <fmt/core.h>

namespace pileus::store {

namespace {

constexpr std::string_view create_history = "CREATE TABLE IF NOT EXISTS schema_version ("
                                            " version INTEGER PRIMARY KEY,"
                                            " name TEXT NOT NULL,"
                                            " applied_at INTEGER NOT NULL)";
constexpr std::string_view last_version = "SELECT coalesce(max(version), 0) FROM schema_version";
constexpr std::string_view record =
    "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)";

void apply(Connection& connection, const Migration& migration, Time now) {
    connection.run_script("BEGIN IMMEDIATE");
    try {
        connection.run_script(migration.sql);
        execute(connection, record, migration.number, migration.name, now);
        connection.run_script("COMMIT");
    } catch (...) {
        connection.run_script("ROLLBACK");
        throw;
    }
}

} // namespace

int schema_version(Connection& connection) {
    execute(connection, create_history);
    return query_value<int>(connection, last_version).value_or(0);
}

Result<void> migrate(Connection& connection, const std::vector<Migration>& known, Time now) {
    const int newest = known.empty() ? 0 : known.back().number;
    const int version = schema_version(connection);
    if (version > newest)
        return fail(
            errors::unavailable,
            fmt::format(
                "the database has schema {}, this pileusd knows schemas up to {}: start the newer "
                "pileusd that wrote it, or restore the backup made before the upgrade",
                version,
                newest));
    for (const auto& migration : known) {
        if (migration.number <= version)
            continue;
        try {
            apply(connection, migration, now);
        } catch (const StoreFailure& failure) {
            return fail(errors::unavailable,
                        fmt::format("migration {} failed and was undone: {}",
                                    migration.name,
                                    failure.what()));
        }
    }
    return {};
}

} // namespace pileus::store
