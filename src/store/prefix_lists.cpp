// SPDX-License-Identifier: Apache-2.0
#include "store/prefix_lists.h"

#include "store/table.h"

namespace pileus::store::prefix_lists {

namespace {

struct Columns {
    static constexpr std::string_view table = "prefix_lists";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("name", r.name);
        column("is_ipv6", r.is_ipv6);
        column("max_entries", r.max_entries);
        column("version", r.version);
        column("state", r.state);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::PrefixList, Columns>;

} // namespace

void insert(Transaction& tx, const domain::PrefixList& list) {
    Rows::insert(tx, list);
}

void update(Transaction& tx, const domain::PrefixList& list) {
    Rows::update(tx, list);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::PrefixList> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::PrefixList> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::PrefixList> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

} // namespace pileus::store::prefix_lists

namespace pileus::store::prefix_list_entries {

namespace {

struct Columns {
    static constexpr std::string_view table = "prefix_list_entries";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("prefix_list_id", r.prefix_list_id);
        column("cidr", r.cidr);
        column("description", r.description);
        column("since", r.since);
        column("until", r.until);
    }
};
using Rows = Table<domain::PrefixListEntry, Columns>;

} // namespace

void insert(Transaction& tx, const domain::PrefixListEntry& entry) {
    Rows::insert(tx, entry);
}

void end(Transaction& tx,
         const std::string& prefix_list_id,
         const std::string& cidr,
         int64_t until) {
    execute(tx.connection(),
            "UPDATE prefix_list_entries SET until = $3 WHERE prefix_list_id = $1 AND cidr = $2 AND "
            "until = 0",
            prefix_list_id,
            cidr,
            until);
}

void erase_of_list(Transaction& tx, const std::string& prefix_list_id) {
    execute(tx.connection(),
            "DELETE FROM prefix_list_entries WHERE prefix_list_id = $1",
            prefix_list_id);
}

void forget_before(Transaction& tx, const std::string& prefix_list_id, int64_t version) {
    execute(tx.connection(),
            "DELETE FROM prefix_list_entries WHERE prefix_list_id = $1 AND until <> 0 AND "
            "until <= $2",
            prefix_list_id,
            version);
}

std::vector<domain::PrefixListEntry>
list_of_version(Transaction& tx, const std::string& prefix_list_id, int64_t version) {
    return Rows::list(
        tx,
        "WHERE prefix_list_id = $1 AND since <= $2 AND (until = 0 OR until > $2) ORDER BY cidr",
        prefix_list_id,
        version);
}

} // namespace pileus::store::prefix_list_entries
