// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/ledger.h"
#include "store/scope.h"
#include "store/store.h"

#include <string>
#include <vector>

// What was charged, for ever: rows are only added. Each carries a hash over itself and the hash of
// the row before it, so that a row that was changed, put in or taken out is found.
namespace pileus::store::ledger {

void append(Transaction& tx, const domain::LedgerEvent& event); // `sequence` is given by the store
std::vector<domain::LedgerEvent> list(Transaction& tx, int64_t after_sequence, int limit);
std::vector<domain::LedgerEvent>
list(Transaction& tx, const std::string& account_id, int64_t after_sequence, int limit);

// A line for a person of each place where the chain does not hold; of a broken chain only the
// first place. Reads the whole ledger.
std::vector<std::string> check(Transaction& tx);

} // namespace pileus::store::ledger
