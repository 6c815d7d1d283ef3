// SPDX-License-Identifier: Apache-2.0
//
// DescribeSecurityGroupReferences, DescribeStaleSecurityGroups, GetSecurityGroupsForVpc: groups as
// seen from a VPC and across its peerings.

#include "cloud/listing.h"
#include "cloud/security_group_peers.h"
#include "cloud/security_groups.h"
#include "store/security_groups.h"
#include "store/vpcs.h"

#include <algorithm>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace groups = store::security_groups;

namespace {

using View = SecurityGroupView;

constexpr FilterField<View> for_vpc_filters[]{
    {"description", [](const View& v, const Emit& emit) { emit(v.group.description); }},
    {"group-id", [](const View& v, const Emit& emit) { emit(v.group.id); }},
    {"group-name", [](const View& v, const Emit& emit) { emit(v.group.name); }},
    {"owner-id", [](const View& v, const Emit& emit) { emit(v.group.account_id); }},
    {"primary-vpc-id", [](const View& v, const Emit& emit) { emit(v.group.vpc_id); }},
};

constexpr ListingKind<View> for_vpc_listing{
    "GetSecurityGroupsForVpc", for_vpc_filters, [](const View& v) { return v.group.id; }};

constexpr ListingKind<View> stale_listing{"DescribeStaleSecurityGroups",
                                          FilterTable<View>{},
                                          [](const View& v) { return v.group.id; },
                                          {5, 255}};

// The groups of one VPC after the page before.
std::vector<domain::SecurityGroup>
groups_of_vpc(store::Transaction& tx, const std::string& vpc_id, const store::Page& page) {
    auto rows = groups::list_of_vpc(tx, vpc_id);
    std::erase_if(rows, [&](const auto& group) { return group.id <= page.after_id; });
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return rows;
}

Result<void>
require_vpc(const Context& context, const domain::Caller& caller, const std::string& vpc_id) {
    const bool is_there = context.store.read([&](store::Transaction& tx) {
        return store::vpcs::find(tx, scope_of(caller), vpc_id).has_value();
    });
    if (!is_there)
        return fail(missing_error(kinds::vpc, vpc_id));
    return {};
}

void add_uses(store::Transaction& tx,
              const std::string& group_id,
              std::vector<SecurityGroupUse>& uses) {
    for (const auto& rule : groups::list_rules_referencing(tx, group_id)) {
        const auto user = groups::find(tx, rule.security_group_id);
        if (rule.peer_vpc_id.empty() || !user)
            continue;
        const bool is_known = std::any_of(uses.begin(), uses.end(), [&](const auto& use) {
            return use.group_id == group_id &&
                   use.peering_connection_id == rule.peering_connection_id;
        });
        if (!is_known)
            uses.push_back({group_id, user->vpc_id, rule.peering_connection_id});
    }
}

} // namespace

Result<std::vector<SecurityGroupUse>>
SecurityGroups::describe_uses(const domain::Caller& caller,
                              const std::vector<std::string>& group_ids) {
    return context_.store.read(
        [&](store::Transaction& tx) -> Result<std::vector<SecurityGroupUse>> {
            std::vector<SecurityGroupUse> uses;
            for (const auto& id : without_duplicates(group_ids)) {
                PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, {id, ""}));
                add_uses(tx, group.id, uses);
            }
            PILEUS_TRY(end_if_dry_run(caller));
            return uses;
        });
}

Result<Listing<View>> SecurityGroups::describe_stale(const domain::Caller& caller,
                                                     const std::string& vpc_id,
                                                     const PageRequest& page) {
    PILEUS_TRY(require_vpc(context_, caller, vpc_id));
    return list_matching(
        context_,
        caller,
        stale_listing,
        {},
        page,
        [&](store::Transaction& tx, const store::Page& rows) {
            std::vector<View> views;
            for (auto& group : groups_of_vpc(tx, vpc_id, rows)) {
                auto rules = groups::list_rules(tx, group.id);
                std::erase_if(rules, [&](const auto& rule) { return !is_stale(tx, rule); });
                if (rules.empty())
                    continue;
                auto states = peering_states_of(tx, rules);
                views.push_back({std::move(group), std::move(rules), {}, std::move(states), {}});
            }
            return views;
        });
}

Result<Listing<View>> SecurityGroups::describe_for_vpc(const domain::Caller& caller,
                                                       const std::string& vpc_id,
                                                       const Filters& filters,
                                                       const PageRequest& page) {
    PILEUS_TRY(require_vpc(context_, caller, vpc_id));
    return list_matching(context_,
                         caller,
                         for_vpc_listing,
                         filters,
                         page,
                         [&](store::Transaction& tx, const store::Page& rows) {
                             std::vector<View> views;
                             for (auto& group : groups_of_vpc(tx, vpc_id, rows))
                                 views.push_back({std::move(group), {}, {}, {}, {}});
                             attach_tags(tx, views, [](const View& v) { return v.group.id; });
                             return views;
                         });
}

} // namespace pileus::cloud
