// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/snapshot.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::snapshots {

void insert(Transaction& tx, const domain::Snapshot& snapshot);
void update(Transaction& tx, const domain::Snapshot& snapshot);
// With its permissions.
void erase(Transaction& tx, const std::string& id);
std::optional<domain::Snapshot> find(Transaction& tx, const std::string& id);
// Those that the caller may make volumes of: its own, those shared with it, and public ones.
std::optional<domain::Snapshot>
find_visible(Transaction& tx, const Scope& scope, const std::string& id);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::Snapshot> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Snapshot> list_visible(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Snapshot> list_of_volume(Transaction& tx, const std::string& volume_id);
std::vector<domain::Snapshot> list_of_set(Transaction& tx, const std::string& set_id);
std::vector<domain::Snapshot> list_of_host(Transaction& tx, const std::string& host_id);

void permit(Transaction& tx, const domain::SnapshotPermission& permission);
void withdraw(Transaction& tx, const domain::SnapshotPermission& permission);
// Accounts, and "all".
std::vector<std::string> list_grantees(Transaction& tx, const std::string& snapshot_id);

} // namespace pileus::store::snapshots
