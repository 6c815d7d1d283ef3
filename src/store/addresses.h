// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/address.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::addresses {

void insert(Transaction& tx, const domain::Address& address);
void update(Transaction& tx, const domain::Address& address);
void erase(Transaction& tx, const std::string& allocation_id);
std::optional<domain::Address> find(Transaction& tx, const std::string& allocation_id);
std::optional<domain::Address>
find(Transaction& tx, const Scope& scope, const std::string& allocation_id);
std::vector<domain::Address> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::optional<domain::Address> find_by_public_ip(Transaction& tx, const std::string& public_ip);
std::optional<domain::Address> find_by_association(Transaction& tx,
                                                   const std::string& association_id);
std::vector<domain::Address> list_of_interface(Transaction& tx,
                                               const std::string& network_interface_id);

} // namespace pileus::store::addresses
