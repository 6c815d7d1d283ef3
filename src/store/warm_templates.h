// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/warm_template.h"
#include "store/store.h"

#include <optional>
#include <vector>

namespace pileus::store::warm_templates {

// At most one a host for an image, an instance type and an account ("" is everybody).
struct Key {
    std::string host_id;
    std::string image_id;
    std::string instance_type;
    std::string account_id;
};

void insert(Transaction& tx, const domain::WarmTemplate& warm_template);
void update(Transaction& tx, const domain::WarmTemplate& warm_template);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::WarmTemplate> find(Transaction& tx, const std::string& id);
std::optional<domain::WarmTemplate> find(Transaction& tx, const Key& key);
std::vector<domain::WarmTemplate> list_of_host(Transaction& tx, const std::string& host_id);

} // namespace pileus::store::warm_templates

namespace pileus::store::warm_launches {

void insert(Transaction& tx, const domain::WarmLaunch& launch);
void erase(Transaction& tx, const std::string& instance_id);
std::optional<domain::WarmLaunch> find(Transaction& tx, const std::string& instance_id);

} // namespace pileus::store::warm_launches
