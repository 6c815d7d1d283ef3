// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/ledger.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::ledger {

void append(Transaction& tx, const domain::LedgerEvent& event); // `sequence` is given by the store
std::vector<domain::LedgerEvent> list(Transaction& tx, int64_t after_sequence, int limit);
std::vector<domain::LedgerEvent>
list(Transaction& tx, const std::string& account_id, int64_t after_sequence, int limit);

} // namespace pileus::store::ledger
