// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/security_group_permissions.h"
#include "cloud/tags.h"
#include "domain/security_group.h"
#include "domain/vpc.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pileus::cloud {

struct SecurityGroupView {
    domain::SecurityGroup group;
    std::vector<domain::SecurityGroupRule> rules;
    std::map<std::string, std::string>
        peer_names; // of the groups in its rules; only filled for filters
    std::map<std::string, std::string> peering_states; // of the peerings in its rules
    domain::Tags tags;
};

struct SecurityGroupRuleView {
    domain::SecurityGroupRule rule;
    std::string group_owner_id;
    std::string peering_state; // of a rule with a group in a peered VPC
    domain::Tags tags;
};

// A VPC whose rules name a group from across a peering.
struct SecurityGroupUse {
    std::string group_id;
    std::string referencing_vpc_id;
    std::string peering_connection_id;
};

struct SecurityGroupCreation {
    std::string name;
    std::string description;
    std::string vpc_id; // "" for the default VPC
    std::vector<TagSpecification> tag_specifications;
};

struct SecurityGroupQuery {
    std::vector<std::string> ids;
    std::vector<std::string> names; // in the default VPC
    Filters filters;
    PageRequest page;
};

// The rules that an operation is about: by id, or by what they let pass. One of both.
struct RuleSelection {
    std::vector<std::string> rule_ids;
    std::vector<Permission> permissions;
};

struct Revocation {
    std::vector<domain::SecurityGroupRule> revoked;
    // Asked for but not there: no error in a default VPC, as EC2 documents it.
    std::vector<domain::SecurityGroupRule> unknown;
};

struct RuleModification {
    std::string rule_id;
    Permission permission; // one peer
};

struct RuleDescription {
    std::string rule_id;
    std::string description;
};

// Security groups and their rules. Every change enqueues work, by which the engine brings it to the
// running guests.
class SecurityGroups {
  public:
    explicit SecurityGroups(const Context& context) : context_(context) {}

    Result<SecurityGroupView> create(const domain::Caller& caller,
                                     const SecurityGroupCreation& request);
    // The id of what was deleted.
    Result<std::string> erase(const domain::Caller& caller, const SecurityGroupReference& group);
    Result<Listing<SecurityGroupView>> describe(const domain::Caller& caller,
                                                const SecurityGroupQuery& query);

    Result<std::vector<SecurityGroupRuleView>>
    authorize(const domain::Caller& caller,
              const SecurityGroupReference& group,
              bool egress,
              const std::vector<Permission>& permissions,
              const std::vector<TagSpecification>& tag_specifications);
    Result<Revocation> revoke(const domain::Caller& caller,
                              const SecurityGroupReference& group,
                              bool egress,
                              const RuleSelection& selection);
    Result<void> modify_rules(const domain::Caller& caller,
                              const std::string& group_id,
                              const std::vector<RuleModification>& modifications);
    Result<void> update_descriptions(const domain::Caller& caller,
                                     const SecurityGroupReference& group,
                                     bool egress,
                                     const std::vector<RuleDescription>& descriptions,
                                     const std::vector<Permission>& permissions);
    // Of each of these groups, the VPCs on the other side of a peering whose rules name it.
    Result<std::vector<SecurityGroupUse>> describe_uses(const domain::Caller& caller,
                                                        const std::vector<std::string>& group_ids);
    // The groups of a VPC with rules that name a group of a peered VPC that is gone, or whose
    // peering is; with those rules only.
    Result<Listing<SecurityGroupView>> describe_stale(const domain::Caller& caller,
                                                      const std::string& vpc_id,
                                                      const PageRequest& page);
    // The groups that interfaces of a VPC can have.
    Result<Listing<SecurityGroupView>> describe_for_vpc(const domain::Caller& caller,
                                                        const std::string& vpc_id,
                                                        const Filters& filters,
                                                        const PageRequest& page);
    Result<Listing<SecurityGroupRuleView>> describe_rules(const domain::Caller& caller,
                                                          const std::vector<std::string>& rule_ids,
                                                          const Filters& filters,
                                                          const PageRequest& page);

  private:
    const Context& context_;
};

// The "default" group that every VPC has: everything from its own members in, everything out.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
domain::SecurityGroup
create_default_group(store::Transaction& tx, const Context& context, const domain::Vpc& vpc);
// When a VPC gets its first IPv6 block: everything out for IPv6 too, unless its owner has changed
// what may leave.
void add_ipv6_to_default_group(store::Transaction& tx,
                               const Context& context,
                               const std::string& vpc_id);

// By id, or by name in the default VPC; InvalidGroup.NotFound and its kin.
Result<domain::SecurityGroup> find_security_group(store::Transaction& tx,
                                                  const domain::Caller& caller,
                                                  const SecurityGroupReference& reference);

} // namespace pileus::cloud
