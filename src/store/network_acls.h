// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/network_acl.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::network_acls {

void insert(Transaction& tx, const domain::NetworkAcl& acl);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::NetworkAcl> find(Transaction& tx, const std::string& id);
std::optional<domain::NetworkAcl> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::NetworkAcl> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::NetworkAcl> list_of_vpc(Transaction& tx, const std::string& vpc_id);
std::optional<domain::NetworkAcl> find_default(Transaction& tx, const std::string& vpc_id);

} // namespace pileus::store::network_acls

namespace pileus::store::network_acl_associations {

void insert(Transaction& tx, const domain::NetworkAclAssociation& association);
void update(Transaction& tx, const domain::NetworkAclAssociation& association);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::NetworkAclAssociation> find(Transaction& tx, const std::string& id);
std::optional<domain::NetworkAclAssociation> find_of_subnet(Transaction& tx,
                                                            const std::string& subnet_id);
std::vector<domain::NetworkAclAssociation> list_of_acl(Transaction& tx,
                                                       const std::string& network_acl_id);

} // namespace pileus::store::network_acl_associations

namespace pileus::store::network_acl_entries {

void insert(Transaction& tx, const domain::NetworkAclEntry& entry);
void erase(Transaction& tx, const std::string& network_acl_id, bool egress, int number);
void erase_of_acl(Transaction& tx, const std::string& network_acl_id);
std::optional<domain::NetworkAclEntry>
find(Transaction& tx, const std::string& network_acl_id, bool egress, int number);
std::vector<domain::NetworkAclEntry> list_of_acl(Transaction& tx,
                                                 const std::string& network_acl_id);

} // namespace pileus::store::network_acl_entries
