// SPDX-License-Identifier: Apache-2.0
#include "store/ledger.h"

#include "auth/digest.h"
#include "base/text.h"
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
    "INSERT INTO ledger (sequence, at, account_id, region, resource_id, instance_id, kind, "
    "quantity, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr std::string_view read_head = "SELECT sequence, hash FROM ledger_head WHERE id = 1";
constexpr std::string_view put_head =
    "INSERT INTO ledger_head (id, sequence, hash) VALUES (1, $1, $2) "
    "ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
constexpr std::string_view hashes_after =
    "SELECT hash FROM ledger WHERE sequence > $1 ORDER BY sequence LIMIT $2";
constexpr int rows_at_once = 10000;

struct Head {
    int64_t sequence = 0;
    std::string hash;
};

// Each field with its length before it: no two rows have the same text.
std::string hash_of(const std::string& hash_before, const domain::LedgerEvent& e) {
    std::string text = hash_before;
    const auto add = [&](std::string_view field) {
        text += fmt::format("{}:{},", field.size(), field);
    };
    add(fmt::format("{}", e.sequence));
    add(fmt::format("{}", to_microseconds(e.at)));
    add(e.account_id);
    add(e.region);
    add(e.resource_id);
    add(e.instance_id);
    add(to_string(e.kind));
    add(fmt::format("{}", e.quantity));
    add(e.detail);
    return hex_encode(auth::as_text(auth::sha256(text)));
}

std::optional<Head> find_head(Transaction& tx) {
    std::optional<Head> head;
    tx.connection().run(read_head, {}, [&](const Row& row) {
        head = Head{row.integer(0), std::string(row.text(1))};
    });
    return head;
}

// Rows that are older than the chain get their hashes.
Head chain_old_rows(Transaction& tx) {
    Head head;
    for (;;) {
        const auto rows = list(tx, head.sequence, rows_at_once);
        for (const auto& event : rows) {
            head.hash = hash_of(head.hash, event);
            head.sequence = event.sequence;
            execute(tx.connection(),
                    "UPDATE ledger SET hash = $1 WHERE sequence = $2",
                    head.hash,
                    head.sequence);
        }
        if (static_cast<int>(rows.size()) < rows_at_once)
            return head;
    }
}

} // namespace

void append(Transaction& tx, const domain::LedgerEvent& event) {
    auto head = find_head(tx);
    if (!head)
        head = chain_old_rows(tx);
    auto row = event;
    row.sequence = head->sequence + 1;
    const auto hash = hash_of(head->hash, row);
    execute(tx.connection(),
            append_one,
            row.sequence,
            row.at,
            row.account_id,
            row.region,
            row.resource_id,
            row.instance_id,
            row.kind,
            row.quantity,
            row.detail,
            hash);
    execute(tx.connection(), put_head, row.sequence, hash);
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

std::vector<std::string> check(Transaction& tx) {
    const auto head = find_head(tx);
    Head seen;
    for (;;) {
        const auto rows = list(tx, seen.sequence, rows_at_once);
        const auto hashes =
            query_column<std::string>(tx.connection(), hashes_after, seen.sequence, rows_at_once);
        if (!head && !rows.empty())
            return {}; // older than the chain; the next row begins it
        for (size_t i = 0; i < rows.size(); ++i) {
            const auto& row = rows[i];
            if (hash_of(seen.hash, row) != hashes[i])
                return {fmt::format("ledger: row {} ({} of {}) is not what was written, or a row "
                                    "before it was taken out: compare with a backup",
                                    row.sequence,
                                    to_string(row.kind),
                                    row.resource_id)};
            seen = {row.sequence, hashes[i]};
        }
        if (static_cast<int>(rows.size()) < rows_at_once)
            break;
    }
    if (head && (head->sequence != seen.sequence || head->hash != seen.hash))
        return {fmt::format("ledger: it ends at row {}, and row {} was the last that was written",
                            seen.sequence,
                            head->sequence)};
    return {};
}

} // namespace pileus::store::ledger
