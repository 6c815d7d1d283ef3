// SPDX-License-Identifier: Apache-2.0
#include "store/work.h"

#include "store/table.h"

#include <algorithm>

namespace pileus::store::work {

namespace {

struct Columns {
    static constexpr std::string_view table = "work_items";

    template <class Item, class Visitor> static void visit(Item& i, Visitor column) {
        column("kind", i.kind);
        column("resource_id", i.resource_id);
        column("host_id", i.host_id);
        column("due", i.due);
        column("generation", i.generation);
        column("attempts", i.attempts);
        column("last_error", i.last_error);
        column("lease", i.lease);
    }
};
using Rows = Table<domain::WorkItem, Columns>;

// An item that is leased keeps its lease; when it is wanted again waits in again_due. (due and
// ready_at of a leased item stay as they are, so that a lease which ends with its owner brings back
// what that owner did not finish.)
constexpr std::string_view enqueue_one = R"(
INSERT INTO work_items (kind, resource_id, host_id, due, ready_at, generation, attempts, last_error, lease, lease_owner)
VALUES ($1, $2, $3, $4, $4, 1, 0, '', 0, '')
ON CONFLICT (kind, resource_id) DO UPDATE SET
    host_id = excluded.host_id,
    generation = work_items.generation + 1,
    attempts = 0,
    due = CASE WHEN work_items.lease_owner = '' AND excluded.due < work_items.due
               THEN excluded.due ELSE work_items.due END,
    ready_at = CASE WHEN work_items.lease_owner = '' AND excluded.due < work_items.due
                    THEN excluded.due ELSE work_items.ready_at END,
    again_due = CASE WHEN work_items.lease_owner = '' THEN work_items.again_due
                     WHEN work_items.again_due <= excluded.due THEN work_items.again_due
                     ELSE excluded.due END)";

// What was asked for until now is done by this lease; what was asked for later stays.
constexpr std::string_view lease_some = R"(
UPDATE work_items SET
    lease = lease + 1,
    lease_owner = $3,
    ready_at = $4,
    attempts = attempts + 1,
    again_due = CASE WHEN again_due <= $2 THEN NULL ELSE again_due END
WHERE (kind, resource_id) IN (
    SELECT kind, resource_id FROM work_items WHERE host_id = $1 AND ready_at <= $2 ORDER BY ready_at LIMIT $5)
RETURNING )";

constexpr std::string_view remove_finished =
    "DELETE FROM work_items WHERE kind = $1 AND resource_id = $2 AND lease = $3 AND lease_owner <> "
    "'' "
    "AND again_due IS NULL";
constexpr std::string_view make_due_again =
    "UPDATE work_items SET due = again_due, ready_at = again_due, again_due = NULL, lease_owner = "
    "'' "
    "WHERE kind = $1 AND resource_id = $2 AND lease = $3 AND lease_owner <> ''";

constexpr std::string_view give_back = R"(
UPDATE work_items SET
    due = CASE WHEN again_due < $4 THEN again_due ELSE $4 END,
    ready_at = CASE WHEN again_due < $4 THEN again_due ELSE $4 END,
    again_due = NULL,
    lease_owner = '',
    last_error = $5
WHERE kind = $1 AND resource_id = $2 AND lease = $3 AND lease_owner <> '')";

constexpr std::string_view release_host =
    "UPDATE work_items SET lease = lease + 1, lease_owner = '', ready_at = due WHERE host_id = $1 "
    "AND lease_owner <> ''";

} // namespace

void enqueue(Transaction& tx,
             const std::string& kind,
             const std::string& resource_id,
             const std::string& host_id,
             Time due) {
    execute(tx.connection(), enqueue_one, kind, resource_id, host_id, due);
    tx.connection().note_work();
}

std::vector<domain::WorkItem> lease(Transaction& tx,
                                    const std::string& host_id,
                                    const std::string& owner,
                                    Time now,
                                    Time lease_until,
                                    int limit) {
    auto items = Rows::returned(tx, lease_some, host_id, now, owner, lease_until, limit);
    std::sort(
        items.begin(), items.end(), [](const auto& a, const auto& b) { return a.due < b.due; });
    return items;
}

void complete(Transaction& tx, const domain::WorkItem& item) {
    if (execute(tx.connection(), remove_finished, item.kind, item.resource_id, item.lease) > 0)
        return;
    if (execute(tx.connection(), make_due_again, item.kind, item.resource_id, item.lease) > 0)
        tx.connection().note_work();
}

void retry(Transaction& tx, const domain::WorkItem& item, Time due, const std::string& error) {
    execute(tx.connection(), give_back, item.kind, item.resource_id, item.lease, due, error);
    tx.connection().note_work();
}

void release_leases(Transaction& tx, const std::string& host_id) {
    execute(tx.connection(), release_host, host_id);
    tx.connection().note_work();
}

std::optional<Time> next_due(Transaction& tx, const std::string& host_id) {
    return query_value<Time>(
        tx.connection(),
        "SELECT ready_at FROM work_items WHERE host_id = $1 ORDER BY ready_at LIMIT 1",
        host_id);
}

std::vector<domain::WorkItem> list(Transaction& tx, int limit) {
    return Rows::list(tx, "ORDER BY kind, resource_id LIMIT $1", limit);
}

} // namespace pileus::store::work
