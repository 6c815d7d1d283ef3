// SPDX-License-Identifier: Apache-2.0
#include "store/charged_tags.h"

#include "store/connection.h"

#include <algorithm>
#include <array>

namespace pileus::store::charged_tags {

bool is_charged(const std::string& resource_id) {
    static constexpr std::array<std::string_view, 6> prefixes{
        "i-", "vol-", "snap-", "eni-", "eipalloc-", "nat-"};
    return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) {
        return resource_id.starts_with(prefix);
    });
}

void put(Transaction& tx, const domain::ResourceTag& tag) {
    execute(tx.connection(),
            "INSERT INTO charged_tags (resource_id, key, account_id, value) "
            "VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (resource_id, account_id, key) DO UPDATE SET value = excluded.value",
            tag.resource_id,
            tag.tag.key,
            tag.account_id,
            tag.tag.value);
}

void erase(Transaction& tx,
           const std::string& account_id,
           const std::string& resource_id,
           const std::string& key) {
    execute(tx.connection(),
            "DELETE FROM charged_tags WHERE resource_id = $1 AND account_id = $2 AND key = $3",
            resource_id,
            account_id,
            key);
}

std::map<std::string, std::string, std::less<>>
list(Transaction& tx, const std::string& account_id, const std::string& key) {
    std::map<std::string, std::string, std::less<>> values;
    const std::array<Parameter, 2> bound{to_parameter(account_id), to_parameter(key)};
    tx.connection().run(
        "SELECT resource_id, value FROM charged_tags WHERE account_id = $1 AND key = $2",
        bound,
        [&](const Row& row) { values.emplace(row.text(0), row.text(1)); });
    return values;
}

std::vector<std::string> keys(Transaction& tx, const std::string& account_id) {
    return query_column<std::string>(
        tx.connection(),
        "SELECT DISTINCT key FROM charged_tags WHERE account_id = $1 ORDER BY key",
        account_id);
}

} // namespace pileus::store::charged_tags
