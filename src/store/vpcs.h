// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/vpc.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::vpcs {

void insert(Transaction& tx, const domain::Vpc& vpc);
void update(Transaction& tx, const domain::Vpc& vpc);
void erase(Transaction& tx, const std::string& id);
int count(Transaction& tx, const Scope& scope);
bool has_dhcp_options(Transaction& tx, const std::string& dhcp_options_id); // whether any VPC does
std::optional<domain::Vpc> find(Transaction& tx, const std::string& id);
std::optional<domain::Vpc> find(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<domain::Vpc> find_default(Transaction& tx, const Scope& scope);
std::vector<domain::Vpc> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Vpc> list_all(Transaction& tx);

} // namespace pileus::store::vpcs

namespace pileus::store::subnets {

void insert(Transaction& tx, const domain::Subnet& subnet);
void update(Transaction& tx, const domain::Subnet& subnet);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::Subnet> find(Transaction& tx, const std::string& id);
std::optional<domain::Subnet> find(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<domain::Subnet> find_by_ipv6_association(Transaction& tx,
                                                       const std::string& association_id);
std::vector<domain::Subnet> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::Subnet> list_of_vpc(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::subnets

namespace pileus::store::vpc_cidr_blocks {

void insert(Transaction& tx, const domain::VpcCidrBlock& block);
void erase(Transaction& tx, const std::string& association_id);
std::optional<domain::VpcCidrBlock> find(Transaction& tx, const std::string& association_id);
std::vector<domain::VpcCidrBlock> list_of_vpc(Transaction& tx, const std::string& vpc_id);
bool has_ipv6(Transaction& tx, const std::string& cidr_block); // over all accounts

} // namespace pileus::store::vpc_cidr_blocks
