// SPDX-License-Identifier: Apache-2.0
#include "store/key_pairs.h"

#include "store/table.h"

namespace pileus::store::key_pairs {

namespace {

struct Columns {
    static constexpr std::string_view table = "key_pairs";

    template <class KeyPair, class Visitor> static void visit(KeyPair& k, Visitor column) {
        column("id", k.id);
        column("account_id", k.account_id);
        column("region", k.region);
        column("name", k.name);
        column("type", k.type);
        column("fingerprint", k.fingerprint);
        column("public_key", k.public_key);
        column("created_at", k.created_at);
    }
};
using Rows = Table<domain::KeyPair, Columns>;

} // namespace

void insert(Transaction& tx, const domain::KeyPair& key) {
    Rows::insert(tx, key);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::KeyPair>
find_by_id(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::optional<domain::KeyPair>
find_by_name(Transaction& tx, const Scope& scope, const std::string& name) {
    return Rows::find(tx,
                      "WHERE account_id = $1 AND region = $2 AND name = $3",
                      scope.account_id,
                      scope.region,
                      name);
}

std::vector<domain::KeyPair> list(Transaction& tx, const Scope& scope) {
    return Rows::list(
        tx, "WHERE account_id = $1 AND region = $2 ORDER BY name", scope.account_id, scope.region);
}

} // namespace pileus::store::key_pairs
