// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/volume.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::volumes {

void insert(Transaction& tx, const domain::Volume& volume);
void update(Transaction& tx, const domain::Volume& volume);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::Volume> find(Transaction& tx, const std::string& id);
std::vector<domain::Volume> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Volume> list_of_instance(Transaction& tx, const std::string& instance_id);
std::vector<domain::Volume> list_of_host(Transaction& tx, const std::string& host_id);
std::vector<domain::Volume> list_of_snapshot(Transaction& tx, const std::string& snapshot_id);

// What an account has of one type in a region, for its quotas.
struct Total {
    std::string type;
    int64_t size_gib = 0;
    int64_t iops = 0;
};
Total total_of_type(Transaction& tx, const Scope& scope, const std::string& type);

} // namespace pileus::store::volumes

// At most one a volume: the last.
namespace pileus::store::volume_modifications {

// A new one: put(), and its start is remembered for a day.
void begin(Transaction& tx, const domain::VolumeModification& modification);
int count_begun_since(Transaction& tx, const std::string& volume_id, Time since);
void put(Transaction& tx, const domain::VolumeModification& modification);
void erase(Transaction& tx, const std::string& volume_id);
std::optional<domain::VolumeModification> find(Transaction& tx, const std::string& volume_id);
std::vector<domain::VolumeModification> list(Transaction& tx, const Scope& scope, const Page& page);

} // namespace pileus::store::volume_modifications
