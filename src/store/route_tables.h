// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/routing.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::route_tables {

void insert(Transaction& tx, const domain::RouteTable& table);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::RouteTable> find(Transaction& tx, const std::string& id);
std::optional<domain::RouteTable> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::RouteTable> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::RouteTable> list_of_vpc(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::route_tables

namespace pileus::store::route_table_associations {

void insert(Transaction& tx, const domain::RouteTableAssociation& association);
void update(Transaction& tx, const domain::RouteTableAssociation& association);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::RouteTableAssociation> find(Transaction& tx, const std::string& id);
std::vector<domain::RouteTableAssociation> list_of_table(Transaction& tx,
                                                         const std::string& route_table_id);
std::vector<domain::RouteTableAssociation> list_of_vpc(Transaction& tx, const std::string& vpc_id);
std::optional<domain::RouteTableAssociation>
find_of_subnet(Transaction& tx, const std::string& vpc_id, const std::string& subnet_id);
std::optional<domain::RouteTableAssociation> find_main(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::route_table_associations

namespace pileus::store::routes {

void insert(Transaction& tx, const domain::Route& route);
// Replaces the target of the route that is there.
void replace(Transaction& tx, const domain::Route& route);
void erase(Transaction& tx, const std::string& route_table_id, const std::string& destination);
void erase_of_table(Transaction& tx, const std::string& route_table_id);
std::optional<domain::Route>
find(Transaction& tx, const std::string& route_table_id, const std::string& destination);
std::vector<domain::Route> list_of_table(Transaction& tx, const std::string& route_table_id);
std::vector<domain::Route> list_to(Transaction& tx, const std::string& target_id);
std::vector<domain::Route> list_by_destination(Transaction& tx, const std::string& destination);

} // namespace pileus::store::routes
