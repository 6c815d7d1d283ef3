// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/image.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::images {

void insert(Transaction& tx, const domain::Image& image);
void update(Transaction& tx, const domain::Image& image);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::Image> find(Transaction& tx, const std::string& id);
// Those that the caller may launch in the region: its own, those shared with it, and public ones.
std::optional<domain::Image>
find_visible(Transaction& tx, const Scope& scope, const std::string& id);
// Of the caller's own.
std::optional<domain::Image>
find_by_name(Transaction& tx, const Scope& scope, const std::string& name);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::Image> list_visible(Transaction& tx, const Scope& scope, const Page& page);
// Those that a snapshot belongs to: while there is one, the snapshot stays.
std::vector<domain::Image> list_using_snapshot(Transaction& tx, const std::string& snapshot_id);

void permit(Transaction& tx, const domain::LaunchPermission& permission);
void withdraw(Transaction& tx, const domain::LaunchPermission& permission);
std::vector<std::string> list_permitted(Transaction& tx, const std::string& image_id);

} // namespace pileus::store::images
