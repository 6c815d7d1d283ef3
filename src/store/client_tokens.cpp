// SPDX-License-Identifier: Apache-2.0
#include "store/client_tokens.h"

#include "store/table.h"

namespace pileus::store::client_tokens {

namespace {

struct Columns {
    static constexpr std::string_view table = "client_tokens";

    template <class Token, class Visitor> static void visit(Token& t, Visitor column) {
        column("operation", t.operation);
        column("token", t.token);
        column("parameters_hash", t.parameters_hash);
        column("resource_id", t.resource_id);
        column("created_at", t.created_at);
    }
};
using Rows = Table<ClientToken, Columns>;

constexpr std::string_view insert_one = "INSERT INTO client_tokens (account_id, region, operation, "
                                        "token, parameters_hash, resource_id, created_at) "
                                        "VALUES ($1, $2, $3, $4, $5, $6, $7)";

} // namespace

std::optional<ClientToken>
find(Transaction& tx, const Scope& scope, const std::string& operation, const std::string& token) {
    return Rows::find(tx,
                      "WHERE account_id = $1 AND region = $2 AND operation = $3 AND token = $4",
                      scope.account_id,
                      scope.region,
                      operation,
                      token);
}

void insert(Transaction& tx, const Scope& scope, const ClientToken& token) {
    execute(tx.connection(),
            insert_one,
            scope.account_id,
            scope.region,
            token.operation,
            token.token,
            token.parameters_hash,
            token.resource_id,
            token.created_at);
}

void erase_before(Transaction& tx, Time before) {
    execute(tx.connection(), "DELETE FROM client_tokens WHERE created_at < $1", before);
}

} // namespace pileus::store::client_tokens

namespace pileus::store::settings {

std::optional<std::string> get(Transaction& tx, const std::string& name) {
    return query_value<std::string>(
        tx.connection(), "SELECT value FROM settings WHERE name = $1", name);
}

void put(Transaction& tx, const std::string& name, const std::string& value) {
    execute(tx.connection(),
            "INSERT INTO settings (name, value) VALUES ($1, $2) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value);
}

} // namespace pileus::store::settings
