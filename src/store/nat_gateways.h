// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/routing.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::nat_gateways {

void insert(Transaction& tx, const domain::NatGateway& gateway);
void update(Transaction& tx, const domain::NatGateway& gateway);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::NatGateway> find(Transaction& tx, const std::string& id);
std::optional<domain::NatGateway> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::NatGateway> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::NatGateway> list_of_vpc(Transaction& tx, const std::string& vpc_id);
std::vector<domain::NatGateway> list_of_subnet(Transaction& tx, const std::string& subnet_id);

} // namespace pileus::store::nat_gateways
