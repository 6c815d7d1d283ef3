// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/security_group.h"
#include "domain/vpc.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct SecurityGroupView {
    domain::SecurityGroup group;
    std::vector<domain::SecurityGroupRule> rules;
    domain::Tags tags;
};

struct SecurityGroupRuleView {
    domain::SecurityGroupRule rule;
    std::string group_owner_id;
    domain::Tags tags;
};

struct SecurityGroupCreation {
    std::string name;
    std::string description;
    std::string vpc_id; // "" for the default VPC
    std::vector<TagSpecification> tag_specifications;
};

// A group named by id or, in the default VPC, by name.
struct SecurityGroupReference {
    std::string id;
    std::string name;
};

struct SecurityGroupQuery {
    std::vector<std::string> ids;
    std::vector<std::string> names;
    Filters filters;
    PageRequest page;
};

// Security groups and their rules. Every change enqueues work, by which the engine brings it to the running guests.
class SecurityGroups {
  public:
    explicit SecurityGroups(const Context& context) : context_(context) {}

    Result<SecurityGroupView> create(const domain::Caller& caller, const SecurityGroupCreation& request);
    Result<void> erase(const domain::Caller& caller, const SecurityGroupReference& group);
    Result<Listing<SecurityGroupView>> describe(const domain::Caller& caller, const SecurityGroupQuery& query);

    // `rules` carry no ids and no group id yet; returns the rules that were added.
    Result<std::vector<SecurityGroupRuleView>> authorize(const domain::Caller& caller,
                                                         const SecurityGroupReference& group,
                                                         std::vector<domain::SecurityGroupRule> rules,
                                                         const std::vector<TagSpecification>& tag_specifications);
    Result<std::vector<domain::SecurityGroupRule>> revoke(const domain::Caller& caller,
                                                          const SecurityGroupReference& group,
                                                          bool egress,
                                                          const std::vector<std::string>& rule_ids,
                                                          std::vector<domain::SecurityGroupRule> rules);
    Result<Listing<SecurityGroupRuleView>> describe_rules(const domain::Caller& caller,
                                                          const std::vector<std::string>& rule_ids,
                                                          const Filters& filters,
                                                          const PageRequest& page);

  private:
    const Context& context_;
};

// The "default" group that every VPC has: everything from its own members in, everything out.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
domain::SecurityGroup create_default_group(store::Transaction& tx, const Context& context, const domain::Vpc& vpc);

} // namespace pileus::cloud
