// SPDX-License-Identifier: Apache-2.0
#include "store/ledger.h"

#include "store/table.h"

namespace pileus::store::ledger {

namespace {

struct Columns {
    static constexpr std::string_view table = "ledger";

    template <class Event, class Visitor> static void visit(Event& e, Visitor column) {
        column("sequence", e.sequence);
        column("at", e.at);
        column("account_id", e.account_id);
        column("region", e.region);
        column("resource_id", e.resource_id);
        column("instance_id", e.instance_id);
        column("kind", e.kind);
        column("quantity", e.quantity);
        column("detail", e.detail);
    }
};
using Rows = Table<domain::LedgerEvent, Columns>;

constexpr std::string_view append_one =
    "INSERT INTO ledger "
    "(at, account_id, region, resource_id, instance_id, kind, quantity, detail) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

} // namespace

void append(Transaction& tx, const domain::LedgerEvent& event) {
    execute(tx.connection(),
            append_one,
            event.at,
            event.account_id,
            event.region,
            event.resource_id,
            event.instance_id,
            event.kind,
            event.quantity,
            event.detail);
}

std::vector<domain::LedgerEvent> list(Transaction& tx, int64_t after_sequence, int limit) {
    return Rows::list(tx, "WHERE sequence > $1 ORDER BY sequence LIMIT $2", after_sequence, limit);
}

std::vector<domain::LedgerEvent>
list(Transaction& tx, const std::string& account_id, int64_t after_sequence, int limit) {
    return Rows::list(tx,
                      "WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
                      account_id,
                      after_sequence,
                      limit);
}

} // namespace pileus::store::ledger
