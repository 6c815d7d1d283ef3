// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/tag.h"
#include "store/scope.h"
#include "store/store.h"

#include <map>
#include <vector>

namespace pileus::store::tags {

void put(Transaction& tx, const domain::ResourceTag& tag); // a tag of the same key is replaced
// What these change and return is the resource's owner's, but for a peering connection: each side
// has tags of its own on it, which only the functions with a scope tell apart.
void erase(Transaction& tx,
           const Scope& scope,
           const std::string& resource_id,
           const std::string& key);
void erase_all(Transaction& tx, const std::string& resource_id);
domain::Tags list_of(Transaction& tx, const std::string& resource_id);
domain::Tags list_of(Transaction& tx, const Scope& scope, const std::string& resource_id);
// Of many resources at once: those without tags are absent from the map.
std::map<std::string, domain::Tags> list_of(Transaction& tx,
                                            const std::vector<std::string>& resource_ids);
// In ascending order of (resource id, key), after `after_resource_id`, `after_key`.
std::vector<domain::ResourceTag> list(Transaction& tx,
                                      const Scope& scope,
                                      const std::string& after_resource_id,
                                      const std::string& after_key,
                                      int limit);

} // namespace pileus::store::tags
