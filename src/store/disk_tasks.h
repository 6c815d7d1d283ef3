// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/disk_task.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <vector>

namespace pileus::store::disk_tasks {

void insert(Transaction& tx, const domain::DiskTask& task);
void update(Transaction& tx, const domain::DiskTask& task);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::DiskTask> find(Transaction& tx, const std::string& id);
std::vector<domain::DiskTask> list(Transaction& tx, const Scope& scope, const Page& page);
// Those that have not ended.
std::vector<domain::DiskTask> list_active(Transaction& tx, const std::string& host_id);

} // namespace pileus::store::disk_tasks
