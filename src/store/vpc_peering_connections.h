// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/routing.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::vpc_peering_connections {

void insert(Transaction& tx, const domain::VpcPeeringConnection& peering);
void update(Transaction& tx, const domain::VpcPeeringConnection& peering);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::VpcPeeringConnection> find(Transaction& tx, const std::string& id);
// Either side's.
std::optional<domain::VpcPeeringConnection>
find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::VpcPeeringConnection>
list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::VpcPeeringConnection> list_of_vpc(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::vpc_peering_connections
