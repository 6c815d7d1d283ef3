// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/tag.h"
#include "store/store.h"

#include <map>
#include <string>
#include <vector>

// The tags of what is or was charged, for the bill: they stay when the resource goes. Written by
// store/tags.h.
namespace pileus::store::charged_tags {

bool is_charged(const std::string& resource_id); // its kind is on bills
void put(Transaction& tx, const domain::ResourceTag& tag);
void erase(Transaction& tx,
           const std::string& account_id,
           const std::string& resource_id,
           const std::string& key);
// Values by resource.
std::map<std::string, std::string, std::less<>>
list(Transaction& tx, const std::string& account_id, const std::string& key);
std::vector<std::string> keys(Transaction& tx, const std::string& account_id);

} // namespace pileus::store::charged_tags
