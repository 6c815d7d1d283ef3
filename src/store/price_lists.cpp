// SPDX-License-Identifier: Apache-2.0
#include "store/price_lists.h"

#include "auth/digest.h"
#include "base/text.h"
#include "store/connection.h"

namespace pileus::store::price_lists {

std::string put(Transaction& tx, const std::string& text) {
    const auto id = hex_encode(auth::as_text(auth::sha256(text)));
    execute(tx.connection(),
            "INSERT INTO price_lists (id, text) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            id,
            text);
    return id;
}

std::optional<std::string> find(Transaction& tx, const std::string& id) {
    return query_value<std::string>(
        tx.connection(), "SELECT text FROM price_lists WHERE id = $1", id);
}

} // namespace pileus::store::price_lists
