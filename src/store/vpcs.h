// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/vpc.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::vpcs {

void insert(Transaction& tx, const domain::Vpc& vpc);
std::optional<domain::Vpc> find(Transaction& tx, const std::string& id);
std::optional<domain::Vpc> find(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<domain::Vpc> find_default(Transaction& tx, const Scope& scope);
std::vector<domain::Vpc> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Vpc> list_all(Transaction& tx);

} // namespace pileus::store::vpcs

namespace pileus::store::subnets {

void insert(Transaction& tx, const domain::Subnet& subnet);
std::optional<domain::Subnet> find(Transaction& tx, const std::string& id);
std::optional<domain::Subnet> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::Subnet> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Subnet> list_of_vpc(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::subnets
