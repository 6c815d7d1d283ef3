// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/key_pair.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::key_pairs {

void insert(Transaction& tx, const domain::KeyPair& key);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::KeyPair>
find_by_id(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<domain::KeyPair>
find_by_name(Transaction& tx, const Scope& scope, const std::string& name);
std::vector<domain::KeyPair> list(Transaction& tx, const Scope& scope);

} // namespace pileus::store::key_pairs
