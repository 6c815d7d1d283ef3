// SPDX-License-Identifier: Apache-2.0
#include "cloud/listing.h"
#include "cloud/security_group_peers.h"
#include "cloud/security_groups.h"
#include "domain/ids.h"
#include "store/security_groups.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace groups = store::security_groups;

namespace {

using Rule = domain::SecurityGroupRule;
using Rules = std::vector<Rule>;

constexpr FilterField<SecurityGroupRuleView> rule_filters[]{
    {"group-id",
     [](const SecurityGroupRuleView& v, const Emit& emit) { emit(v.rule.security_group_id); }},
    {"security-group-rule-id",
     [](const SecurityGroupRuleView& v, const Emit& emit) { emit(v.rule.id); }},
};

constexpr ListingKind<SecurityGroupRuleView> rule_listing{
    "DescribeSecurityGroupRules", rule_filters, [](const SecurityGroupRuleView& v) {
        return v.rule.id;
    }};

std::vector<SecurityGroupRuleView> view_rules(store::Transaction& tx, Rules rules) {
    std::vector<SecurityGroupRuleView> views;
    const auto states = peering_states_of(tx, rules);
    for (auto& rule : rules) {
        const auto state = states.find(rule.peering_connection_id);
        auto owner = rule.account_id;
        views.push_back({std::move(rule),
                         std::move(owner),
                         state == states.end() ? std::string() : state->second,
                         {}});
    }
    attach_tags(tx, views, [](const SecurityGroupRuleView& v) { return v.rule.id; });
    return views;
}

void enqueue_work(store::Transaction& tx, const Context& context, const std::string& group_id) {
    store::work::enqueue(
        tx, "security-group", group_id, context.settings.host.host_id, context.clock.now());
}

Result<Rules> resolve_all(store::Transaction& tx,
                          const domain::Caller& caller,
                          const domain::SecurityGroup& group,
                          const std::vector<RequestedRule>& requested) {
    Rules rules;
    for (const auto& one : requested) {
        PILEUS_ASSIGN(auto rule, resolve_rule(tx, caller, group, one));
        rules.push_back(std::move(rule));
    }
    return rules;
}

// Those that are there may name a peer that is gone.
Result<Rules> resolve_present(store::Transaction& tx,
                              const domain::Caller& caller,
                              const domain::SecurityGroup& group,
                              const std::vector<RequestedRule>& requested,
                              const Rules& present) {
    Rules rules;
    for (const auto& one : requested) {
        PILEUS_ASSIGN(auto rule, resolve_present_rule(tx, caller, group, one, present));
        rules.push_back(std::move(rule));
    }
    return rules;
}

const Rule* find_same(const Rules& rules, const Rule& wanted) {
    const auto found = std::find_if(
        rules.begin(), rules.end(), [&](const Rule& rule) { return rule.same_permission(wanted); });
    return found == rules.end() ? nullptr : &*found;
}

Result<void> refuse_duplicates(const Rules& present, const Rules& added) {
    for (const auto& rule : added)
        if (find_same(present, rule))
            return fail(codes::permission_duplicate,
                        "the specified rule \"" + permission_text(rule) + "\" already exists");
    return {};
}

// Each direction by itself; rules for IPv6 count apart.
Result<void> check_count(store::Transaction& tx,
                         const Context& context,
                         const Rules& present,
                         const Rules& added) {
    RuleWeight sums[2]; // by direction
    for (const auto* rules : {&present, &added})
        for (const auto& rule : *rules) {
            const auto weight = weight_of(tx, rule);
            sums[rule.egress].ipv4 += weight.ipv4;
            sums[rule.egress].ipv6 += weight.ipv6;
        }
    for (const auto& sum : sums)
        if (std::max(sum.ipv4, sum.ipv6) > context.settings.limits.rules_per_security_group)
            return fail(codes::rules_limit_exceeded,
                        "The maximum number of rules per security group has been reached.");
    return {};
}

Result<void> require_permissions(const std::vector<Permission>& permissions) {
    if (permissions.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter ipPermissions");
    return {};
}

// The rule of that id in this group and direction.
Result<Rule> find_rule(const Rules& present, bool egress, const std::string& id) {
    for (const auto& rule : present)
        if (rule.id == id && rule.egress == egress)
            return rule;
    return fail(missing_error(kinds::security_group_rule, id));
}

bool is_in_default_vpc(store::Transaction& tx, const domain::SecurityGroup& group) {
    const auto vpc = store::vpcs::find(tx, group.vpc_id);
    return vpc && vpc->is_default;
}

void erase_rule(store::Transaction& tx, const Rule& rule) {
    store::tags::erase_all(tx, rule.id);
    groups::erase_rule(tx, rule.id);
}

Result<void> check_selection(const RuleSelection& selection) {
    if (selection.rule_ids.empty() && selection.permissions.empty())
        return fail(codes::missing_parameter,
                    "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
    if (!selection.rule_ids.empty() && !selection.permissions.empty())
        return fail(codes::invalid_parameter_combination,
                    "'ipPermissions' and 'securityGroupRuleIds' cannot be used together.");
    return {};
}

// What to revoke of what is there, and what is not there.
Result<Revocation> select_rules(const Rules& present,
                                bool egress,
                                const std::vector<std::string>& ids,
                                const Rules& wanted) {
    Revocation selected;
    for (const auto& id : without_duplicates(ids)) {
        PILEUS_ASSIGN(auto rule, find_rule(present, egress, id));
        selected.revoked.push_back(std::move(rule));
    }
    for (const auto& rule : wanted)
        if (const auto* found = find_same(present, rule))
            selected.revoked.push_back(*found);
        else
            selected.unknown.push_back(rule);
    return selected;
}

// One rule in place of another: the id stays, the direction stays.
Result<Rule> replacement_of(store::Transaction& tx,
                            const domain::Caller& caller,
                            const domain::SecurityGroup& group,
                            const Rules& present,
                            const RuleModification& modification) {
    const auto old = std::find_if(present.begin(), present.end(), [&](const Rule& rule) {
        return rule.id == modification.rule_id;
    });
    if (old == present.end())
        return fail(missing_error(kinds::security_group_rule, modification.rule_id));
    PILEUS_ASSIGN(const auto requested, rules_of(old->egress, {modification.permission}));
    PILEUS_ASSIGN(auto rule, resolve_rule(tx, caller, group, requested.front()));
    rule.id = old->id;
    return rule;
}

// The rules as they will be: `present` with the modified ones in their places.
Result<Rules> modified_rules(store::Transaction& tx,
                             const domain::Caller& caller,
                             const domain::SecurityGroup& group,
                             const std::vector<RuleModification>& modifications) {
    auto rules = groups::list_rules(tx, group.id);
    for (const auto& modification : modifications) {
        PILEUS_ASSIGN(auto changed, replacement_of(tx, caller, group, rules, modification));
        Rules others = rules;
        std::erase_if(others, [&](const Rule& rule) { return rule.id == changed.id; });
        PILEUS_TRY(refuse_duplicates(others, {changed}));
        others.push_back(std::move(changed));
        rules = std::move(others);
    }
    return rules;
}

} // namespace

Result<std::vector<SecurityGroupRuleView>>
SecurityGroups::authorize(const domain::Caller& caller,
                          const SecurityGroupReference& reference,
                          bool egress,
                          const std::vector<Permission>& permissions,
                          const std::vector<TagSpecification>& tag_specifications) {
    PILEUS_TRY(require_permissions(permissions));
    PILEUS_ASSIGN(const auto requested, rules_of(egress, permissions));
    PILEUS_TRY(
        check_tag_specifications(context_, tag_specifications, {kinds::security_group_rule.type}));
    return context_.store.write(
        [&](store::Transaction& tx) -> Result<std::vector<SecurityGroupRuleView>> {
            PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, reference));
            PILEUS_ASSIGN(auto rules, resolve_all(tx, caller, group, requested));
            const auto present = groups::list_rules(tx, group.id);
            PILEUS_TRY(refuse_duplicates(present, rules));
            PILEUS_TRY(check_count(tx, context_, present, rules));
            PILEUS_TRY(end_if_dry_run(caller));
            for (auto& rule : rules) {
                rule.id = domain::new_id(context_.random, domain::prefix::security_group_rule);
                groups::insert_rule(tx, rule);
                write_tags(
                    tx, caller, tag_specifications, kinds::security_group_rule.type, rule.id);
            }
            enqueue_work(tx, context_, group.id);
            return view_rules(tx, std::move(rules));
        });
}

Result<Revocation> SecurityGroups::revoke(const domain::Caller& caller,
                                          const SecurityGroupReference& reference,
                                          bool egress,
                                          const RuleSelection& selection) {
    PILEUS_TRY(check_selection(selection));
    PILEUS_ASSIGN(const auto requested, rules_of(egress, selection.permissions));
    return context_.store.write([&](store::Transaction& tx) -> Result<Revocation> {
        PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, reference));
        const auto present = groups::list_rules(tx, group.id);
        PILEUS_ASSIGN(const auto wanted, resolve_present(tx, caller, group, requested, present));
        PILEUS_ASSIGN(auto selected, select_rules(present, egress, selection.rule_ids, wanted));
        if (!selected.unknown.empty() && !is_in_default_vpc(tx, group))
            return fail(codes::permission_not_found,
                        "The specified rule does not exist in this security group.");
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& rule : selected.revoked)
            erase_rule(tx, rule);
        if (!selected.revoked.empty())
            enqueue_work(tx, context_, group.id);
        return selected;
    });
}

Result<void> SecurityGroups::modify_rules(const domain::Caller& caller,
                                          const std::string& group_id,
                                          const std::vector<RuleModification>& modifications) {
    for (const auto& modification : modifications)
        if (modification.permission.peers.size() != 1)
            return fail(
                codes::invalid_parameter_value,
                "A security group rule has exactly one source or destination: a CIDR block, a "
                "prefix list or a security group.");
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, {group_id, ""}));
        PILEUS_ASSIGN(const auto rules, modified_rules(tx, caller, group, modifications));
        PILEUS_TRY(check_count(tx, context_, rules, {}));
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& rule : rules)
            groups::update_rule(tx, rule);
        enqueue_work(tx, context_, group.id);
        return {};
    });
}

Result<void> SecurityGroups::update_descriptions(const domain::Caller& caller,
                                                 const SecurityGroupReference& reference,
                                                 bool egress,
                                                 const std::vector<RuleDescription>& descriptions,
                                                 const std::vector<Permission>& permissions) {
    PILEUS_ASSIGN(const auto requested, rules_of(egress, permissions));
    for (const auto& description : descriptions)
        PILEUS_TRY(check_rule_description(description.description));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, reference));
        const auto present = groups::list_rules(tx, group.id);
        PILEUS_ASSIGN(const auto wanted, resolve_present(tx, caller, group, requested, present));
        Rules changed;
        for (const auto& description : descriptions) {
            PILEUS_ASSIGN(auto rule, find_rule(present, egress, description.rule_id));
            rule.description = description.description;
            changed.push_back(std::move(rule));
        }
        for (const auto& rule : wanted) {
            const auto* found = find_same(present, rule);
            if (found == nullptr)
                return fail(codes::permission_not_found,
                            "The specified rule does not exist in this security group.");
            changed.push_back(*found);
            changed.back().description = rule.description;
        }
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& rule : changed)
            groups::update_rule(tx, rule);
        return {}; // descriptions let nothing pass: the engine has nothing to do
    });
}

Result<Listing<SecurityGroupRuleView>>
SecurityGroups::describe_rules(const domain::Caller& caller,
                               const std::vector<std::string>& rule_ids,
                               const Filters& filters,
                               const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* of_groups = exact_filter(filters, "group-id");
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, groups::find_rule(tx, scope, id), view_rules);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        if (!of_groups)
            return view_rules(tx, groups::list_rules(tx, scope, rows));
        return view_rules(tx,
                          own_of_each(of_groups->values, scope, rows, [&](const std::string& id) {
                              return groups::list_rules(tx, id);
                          }));
    };
    if (!rule_ids.empty())
        return list_named(context_,
                          caller,
                          rule_listing,
                          kinds::security_group_rule,
                          rule_ids,
                          filters,
                          page,
                          find);
    return list_matching(context_, caller, rule_listing, filters, page, batch);
}

} // namespace pileus::cloud
