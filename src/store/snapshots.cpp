// SPDX-License-Identifier: Apache-2.0
#include "store/snapshots.h"

#include "store/first_rows.h"
#include "store/table.h"
#include "store/wire_enums.h"

namespace pileus::store::snapshots {

namespace {

struct Columns {
    static constexpr std::string_view table = "snapshots";

    template <class Snapshot, class Visitor> static void visit(Snapshot& s, Visitor column) {
        column("id", s.id);
        column("account_id", s.account_id);
        column("region", s.region);
        column("host_id", s.host_id);
        column("volume_id", s.volume_id);
        column("size_gib", s.size_gib);
        column("description", s.description);
        column("state", s.state);
        column("state_message", s.state_message);
        column("progress_percent", s.progress_percent);
        column("encrypted", s.encrypted);
        column("kms_key_id", s.kms_key_id);
        column("source_snapshot_id", s.source_snapshot_id);
        column("source_path", s.source_path);
        column("set_id", s.set_id);
        column("started_at", s.started_at);
        column("taken_at", s.taken_at);
        column("completed_at", s.completed_at);
        column("full_bytes", s.full_bytes);
    }
};
using Rows = Table<domain::Snapshot, Columns>;

struct PermissionColumns {
    static constexpr std::string_view table = "snapshot_permissions";

    template <class Permission, class Visitor> static void visit(Permission& p, Visitor column) {
        column("snapshot_id", p.snapshot_id);
        column("grantee", p.grantee);
    }
};
using Permissions = Table<domain::SnapshotPermission, PermissionColumns>;

constexpr std::string_view everybody = "all";

// A page of the ids that were shared with a grantee.
std::vector<std::string>
shared_ids(Transaction& tx, std::string_view grantee, const Scope& scope, const Page& page) {
    return query_column<std::string>(
        tx.connection(),
        "SELECT snapshot_id FROM snapshot_permissions WHERE grantee = $1 AND snapshot_id > $3 AND "
        "EXISTS (SELECT 1 FROM snapshots s WHERE s.id = snapshot_id AND s.region = $2) "
        "ORDER BY snapshot_id LIMIT $4",
        grantee,
        scope.region,
        page.after_id,
        page.limit);
}

} // namespace

void insert(Transaction& tx, const domain::Snapshot& snapshot) {
    Rows::insert(tx, snapshot);
}

void update(Transaction& tx, const domain::Snapshot& snapshot) {
    Rows::update(tx, snapshot);
}

void erase(Transaction& tx, const std::string& id) {
    Permissions::erase(tx, id);
    Rows::erase(tx, id);
}

std::optional<domain::Snapshot> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::Snapshot>
find_visible(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find(tx,
                      "WHERE id = $3 AND region = $2 AND (account_id = $1 OR EXISTS (SELECT 1 FROM "
                      "snapshot_permissions p WHERE p.snapshot_id = snapshots.id AND p.grantee IN "
                      "($1, 'all')))",
                      scope.account_id,
                      scope.region,
                      id);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::vector<domain::Snapshot> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

// Each source has its own index in the order of ids, so that the snapshots of others, however
// many, cost nothing.
std::vector<domain::Snapshot> list_visible(Transaction& tx, const Scope& scope, const Page& page) {
    std::map<std::string, domain::Snapshot> by_id;
    for (auto& own : list(tx, scope, page))
        by_id.emplace(own.id, std::move(own));
    for (const std::string_view grantee : {std::string_view(scope.account_id), everybody})
        for (const auto& id : shared_ids(tx, grantee, scope, page))
            if (!by_id.contains(id))
                by_id.emplace(id, *find(tx, id));
    return first_rows(std::move(by_id), page.limit);
}

std::vector<domain::Snapshot> list_of_volume(Transaction& tx, const std::string& volume_id) {
    return Rows::list(tx, "WHERE volume_id = $1 ORDER BY id", volume_id);
}

std::vector<domain::Snapshot> list_of_set(Transaction& tx, const std::string& set_id) {
    return Rows::list(tx, "WHERE set_id = $1 AND set_id <> '' ORDER BY id", set_id);
}

std::vector<domain::Snapshot> list_of_host(Transaction& tx, const std::string& host_id) {
    return Rows::list(tx, "WHERE host_id = $1 ORDER BY id", host_id);
}

void permit(Transaction& tx, const domain::SnapshotPermission& permission) {
    withdraw(tx, permission);
    Permissions::insert(tx, permission);
}

void withdraw(Transaction& tx, const domain::SnapshotPermission& permission) {
    execute(tx.connection(),
            "DELETE FROM snapshot_permissions WHERE snapshot_id = $1 AND grantee = $2",
            permission.snapshot_id,
            permission.grantee);
}

std::vector<std::string> list_grantees(Transaction& tx, const std::string& snapshot_id) {
    std::vector<std::string> grantees;
    for (auto& row : Permissions::list(tx, "WHERE snapshot_id = $1 ORDER BY grantee", snapshot_id))
        grantees.push_back(std::move(row.grantee));
    return grantees;
}

} // namespace pileus::store::snapshots
