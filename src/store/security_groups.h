// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/security_group.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::security_groups {

void insert(Transaction& tx, const domain::SecurityGroup& group);
void erase(Transaction& tx, const std::string& id); // its rules too
std::optional<domain::SecurityGroup> find(Transaction& tx, const std::string& id);
std::optional<domain::SecurityGroup>
find(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<domain::SecurityGroup>
find_by_name(Transaction& tx, const std::string& vpc_id, const std::string& name);
std::vector<domain::SecurityGroup> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);
std::vector<domain::SecurityGroup> list_of_vpc(Transaction& tx, const std::string& vpc_id);

void insert_rule(Transaction& tx, const domain::SecurityGroupRule& rule);
void update_rule(Transaction& tx, const domain::SecurityGroupRule& rule);
void erase_rule(Transaction& tx, const std::string& rule_id);
std::optional<domain::SecurityGroupRule>
find_rule(Transaction& tx, const Scope& scope, const std::string& rule_id);
std::vector<domain::SecurityGroupRule> list_rules(Transaction& tx, const std::string& group_id);
std::vector<domain::SecurityGroupRule>
list_rules(Transaction& tx, const Scope& scope, const Page& page);
// Rules of other groups that name this one as their peer.
std::vector<domain::SecurityGroupRule> list_rules_referencing(Transaction& tx,
                                                              const std::string& group_id);
// In whatever account and region.
std::vector<domain::SecurityGroupRule> list_rules_with_prefix_list(Transaction& tx,
                                                                   const std::string& list_id);

} // namespace pileus::store::security_groups
