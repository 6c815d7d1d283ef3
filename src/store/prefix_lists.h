// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/prefix_list.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::prefix_lists {

void insert(Transaction& tx, const domain::PrefixList& list);
void update(Transaction& tx, const domain::PrefixList& list);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::PrefixList> find(Transaction& tx, const std::string& id);
std::optional<domain::PrefixList> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::PrefixList> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);

} // namespace pileus::store::prefix_lists

namespace pileus::store::prefix_list_entries {

void insert(Transaction& tx, const domain::PrefixListEntry& entry);
// Ends the entry: `until` is the first version without it.
void end(Transaction& tx,
         const std::string& prefix_list_id,
         const std::string& cidr,
         int64_t until);
void erase_of_list(Transaction& tx, const std::string& prefix_list_id);
// Erases the entries that only versions before this one had.
void forget_before(Transaction& tx, const std::string& prefix_list_id, int64_t version);
std::vector<domain::PrefixListEntry>
list_of_version(Transaction& tx, const std::string& prefix_list_id, int64_t version);

} // namespace pileus::store::prefix_list_entries
