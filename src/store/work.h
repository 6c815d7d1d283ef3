// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/work.h"
#include "store/store.h"

#include <optional>
#include <vector>

namespace pileus::store::work {

// Makes the resource due (at once, or not before `due`); an item that is there keeps the earlier
// time. Wakes the engine after the commit.
void enqueue(Transaction& tx,
             const std::string& kind,
             const std::string& resource_id,
             const std::string& host_id,
             Time due);
// Due and not leased by another: leased to `owner` until `lease_until`.
std::vector<domain::WorkItem> lease(Transaction& tx,
                                    const std::string& host_id,
                                    const std::string& owner,
                                    Time now,
                                    Time lease_until,
                                    int limit);
// Removes the item unless it was enqueued again since it was leased; then it is due again when that
// asked for (at once, if it asked for now). `item` is what lease() gave: a copy from an earlier
// lease changes nothing, here and in retry().
void complete(Transaction& tx, const domain::WorkItem& item);
// Gives the lease back; the item is due again at `due`, or earlier if it was enqueued for earlier
// meanwhile. `error` is kept for a person to read. Wakes the engine after the commit.
void retry(Transaction& tx, const domain::WorkItem& item, Time due, const std::string& error);
// All leases of an owner that is gone (the daemon before this one) are given back.
void release_leases(Transaction& tx, const std::string& host_id);
// When the next item is due, or its lease ends if it is leased; nullopt when there is none.
std::optional<Time> next_due(Transaction& tx, const std::string& host_id);
std::vector<domain::WorkItem> list(Transaction& tx, int limit);

} // namespace pileus::store::work
