// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/routing.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::internet_gateways {

void insert(Transaction& tx, const domain::InternetGateway& gateway);
void update(Transaction& tx, const domain::InternetGateway& gateway);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::InternetGateway> find(Transaction& tx, const std::string& id);
std::optional<domain::InternetGateway>
find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::InternetGateway> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::optional<domain::InternetGateway> find_of_vpc(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::internet_gateways

namespace pileus::store::egress_only_internet_gateways {

void insert(Transaction& tx, const domain::EgressOnlyInternetGateway& gateway);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::EgressOnlyInternetGateway> find(Transaction& tx, const std::string& id);
std::optional<domain::EgressOnlyInternetGateway>
find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::EgressOnlyInternetGateway>
list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::EgressOnlyInternetGateway> list_of_vpc(Transaction& tx,
                                                           const std::string& vpc_id);

} // namespace pileus::store::egress_only_internet_gateways
