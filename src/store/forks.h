// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/fork.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::forks {

void insert(Transaction& tx, const domain::Fork& fork, const std::vector<domain::ForkDisk>& disks);
void update(Transaction& tx, const domain::Fork& fork);
// With its disks.
void erase(Transaction& tx, const std::string& id);

std::optional<domain::Fork> find(Transaction& tx, const std::string& id);
std::vector<domain::ForkDisk> list_disks(Transaction& tx, const std::string& fork_id);
std::vector<domain::Fork> list_of_host(Transaction& tx, const std::string& host_id);

} // namespace pileus::store::forks
