// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.h"

#include <optional>
#include <string>

// The texts of the price lists that the ledger names. Never changed and never deleted.
namespace pileus::store::price_lists {

// Its id: the SHA-256 of the text.
std::string put(Transaction& tx, const std::string& text);
std::optional<std::string> find(Transaction& tx, const std::string& id);

} // namespace pileus::store::price_lists
