// SPDX-License-Identifier: Apache-2.0
#include "store/tags.h"

#include "store/charged_tags.h"
#include "store/table.h"

namespace pileus::store::tags {

namespace {

struct Columns {
    static constexpr std::string_view table = "tags";

    template <class ResourceTag, class Visitor> static void visit(ResourceTag& t, Visitor column) {
        column("resource_id", t.resource_id);
        column("key", t.tag.key);
        column("account_id", t.account_id);
        column("region", t.region);
        column("resource_type", t.resource_type);
        column("value", t.tag.value);
    }
};
using Rows = Table<domain::ResourceTag, Columns>;

constexpr std::string_view put_one =
    "INSERT INTO tags (resource_id, key, account_id, region, resource_type, value) VALUES ($1, $2, "
    "$3, $4, $5, $6) "
    "ON CONFLICT (resource_id, account_id, region, key) DO UPDATE SET value = excluded.value";

} // namespace

void put(Transaction& tx, const domain::ResourceTag& tag) {
    execute(tx.connection(),
            put_one,
            tag.resource_id,
            tag.tag.key,
            tag.account_id,
            tag.region,
            tag.resource_type,
            tag.tag.value);
    if (charged_tags::is_charged(tag.resource_id))
        charged_tags::put(tx, tag);
}

void erase(Transaction& tx,
           const Scope& scope,
           const std::string& resource_id,
           const std::string& key) {
    execute(tx.connection(),
            "DELETE FROM tags WHERE resource_id = $1 AND account_id = $2 AND region = $3 AND "
            "key = $4",
            resource_id,
            scope.account_id,
            scope.region,
            key);
    if (charged_tags::is_charged(resource_id))
        charged_tags::erase(tx, scope.account_id, resource_id, key);
}

void erase_all(Transaction& tx, const std::string& resource_id) {
    execute(tx.connection(), "DELETE FROM tags WHERE resource_id = $1", resource_id);
}

domain::Tags list_of(Transaction& tx, const std::string& resource_id) {
    domain::Tags tags;
    for (auto& row : Rows::list(tx, "WHERE resource_id = $1 ORDER BY key", resource_id))
        tags.push_back(std::move(row.tag));
    return tags;
}

domain::Tags list_of(Transaction& tx, const Scope& scope, const std::string& resource_id) {
    domain::Tags tags;
    for (auto& row :
         Rows::list(tx,
                    "WHERE resource_id = $1 AND account_id = $2 AND region = $3 ORDER BY key",
                    resource_id,
                    scope.account_id,
                    scope.region))
        tags.push_back(std::move(row.tag));
    return tags;
}

std::map<std::string, domain::Tags> list_of(Transaction& tx,
                                            const std::vector<std::string>& resource_ids) {
    std::map<std::string, domain::Tags> all;
    for (const auto& id : resource_ids)
        if (auto tags = list_of(tx, id); !tags.empty())
            all.emplace(id, std::move(tags));
    return all;
}

std::vector<domain::ResourceTag> list(Transaction& tx,
                                      const Scope& scope,
                                      const std::string& after_resource_id,
                                      const std::string& after_key,
                                      int limit) {
    return Rows::list(tx,
                      "WHERE account_id = $1 AND region = $2 AND (resource_id, key) > ($3, $4) "
                      "ORDER BY resource_id, key LIMIT $5",
                      scope.account_id,
                      scope.region,
                      after_resource_id,
                      after_key,
                      limit);
}

} // namespace pileus::store::tags
