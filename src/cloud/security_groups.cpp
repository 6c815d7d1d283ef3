// SPDX-License-Identifier: Apache-2.0
#include "cloud/security_groups.h"

#include "cloud/listing.h"
#include "cloud/security_group_peers.h"
#include "domain/ids.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace groups = store::security_groups;

namespace {

using Rule = domain::SecurityGroupRule;

constexpr std::string_view default_name = "default";
constexpr std::string_view anywhere = "0.0.0.0/0";
constexpr std::string_view anywhere_ipv6 = "::/0";

template <bool egress, class Visit> void each_rule(const SecurityGroupView& v, Visit visit) {
    for (const auto& rule : v.rules)
        if (rule.egress == egress)
            visit(rule);
}
template <bool egress, std::string Rule::*member>
void emit_text(const SecurityGroupView& v, const Emit& emit) {
    each_rule<egress>(v, [&](const Rule& rule) {
        if (!(rule.*member).empty())
            emit(rule.*member);
    });
}
template <bool egress, int Rule::*member>
void emit_port(const SecurityGroupView& v, const Emit& emit) {
    each_rule<egress>(v, [&](const Rule& rule) { emit(std::to_string(rule.*member)); });
}
template <bool egress> void emit_peer_name(const SecurityGroupView& v, const Emit& emit) {
    each_rule<egress>(v, [&](const Rule& rule) {
        if (const auto name = v.peer_names.find(rule.referenced_group_id);
            name != v.peer_names.end())
            emit(name->second);
    });
}
template <bool egress> void emit_peer_owner(const SecurityGroupView& v, const Emit& emit) {
    each_rule<egress>(v, [&](const Rule& rule) {
        if (!rule.referenced_group_id.empty())
            emit(rule.peer_account_id.empty() ? rule.account_id : rule.peer_account_id);
    });
}

constexpr FilterField<SecurityGroupView> group_filters[]{
    {"description",
     [](const SecurityGroupView& v, const Emit& emit) { emit(v.group.description); }},
    {"egress.ip-permission.cidr", emit_text<true, &Rule::cidr_ipv4>},
    {"egress.ip-permission.from-port", emit_port<true, &Rule::from_port>},
    {"egress.ip-permission.group-id", emit_text<true, &Rule::referenced_group_id>},
    {"egress.ip-permission.group-name", emit_peer_name<true>},
    {"egress.ip-permission.ipv6-cidr", emit_text<true, &Rule::cidr_ipv6>},
    {"egress.ip-permission.prefix-list-id", emit_text<true, &Rule::prefix_list_id>},
    {"egress.ip-permission.protocol", emit_text<true, &Rule::protocol>},
    {"egress.ip-permission.to-port", emit_port<true, &Rule::to_port>},
    {"egress.ip-permission.user-id", emit_peer_owner<true>},
    {"group-id", [](const SecurityGroupView& v, const Emit& emit) { emit(v.group.id); }},
    {"group-name", [](const SecurityGroupView& v, const Emit& emit) { emit(v.group.name); }},
    {"ip-permission.cidr", emit_text<false, &Rule::cidr_ipv4>},
    {"ip-permission.from-port", emit_port<false, &Rule::from_port>},
    {"ip-permission.group-id", emit_text<false, &Rule::referenced_group_id>},
    {"ip-permission.group-name", emit_peer_name<false>},
    {"ip-permission.ipv6-cidr", emit_text<false, &Rule::cidr_ipv6>},
    {"ip-permission.prefix-list-id", emit_text<false, &Rule::prefix_list_id>},
    {"ip-permission.protocol", emit_text<false, &Rule::protocol>},
    {"ip-permission.to-port", emit_port<false, &Rule::to_port>},
    {"ip-permission.user-id", emit_peer_owner<false>},
    {"owner-id", [](const SecurityGroupView& v, const Emit& emit) { emit(v.group.account_id); }},
    {"vpc-id", [](const SecurityGroupView& v, const Emit& emit) { emit(v.group.vpc_id); }},
};

constexpr ListingKind<SecurityGroupView> group_listing{
    "DescribeSecurityGroups", group_filters, [](const SecurityGroupView& v) { return v.group.id; }};

bool asks_for_peer_names(const Filters& filters) {
    return std::any_of(filters.begin(), filters.end(), [](const Filter& filter) {
        return filter.name.ends_with("ip-permission.group-name");
    });
}

void add_peer_names(store::Transaction& tx, SecurityGroupView& view) {
    for (const auto& rule : view.rules)
        if (!rule.referenced_group_id.empty())
            if (const auto peer = groups::find(tx, rule.referenced_group_id))
                view.peer_names[peer->id] = peer->name;
}

std::vector<SecurityGroupView>
view_groups(store::Transaction& tx, std::vector<domain::SecurityGroup> rows, bool with_peer_names) {
    std::vector<SecurityGroupView> views;
    for (auto& row : rows) {
        SecurityGroupView view{std::move(row), {}, {}, {}, {}};
        view.rules = groups::list_rules(tx, view.group.id);
        view.peering_states = peering_states_of(tx, view.rules);
        if (with_peer_names)
            add_peer_names(tx, view);
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const SecurityGroupView& v) { return v.group.id; });
    return views;
}

domain::SecurityGroup make_group(const Context& context,
                                 const domain::Vpc& vpc,
                                 std::string_view name,
                                 std::string_view description) {
    domain::SecurityGroup group;
    group.id = domain::new_id(context.random, domain::prefix::security_group);
    group.account_id = vpc.account_id;
    group.region = vpc.region;
    group.vpc_id = vpc.id;
    group.name = name;
    group.description = description;
    group.created_at = context.clock.now();
    return group;
}

Rule make_rule_for_all(const Context& context, const domain::SecurityGroup& group, bool egress) {
    Rule rule;
    rule.id = domain::new_id(context.random, domain::prefix::security_group_rule);
    rule.account_id = group.account_id;
    rule.region = group.region;
    rule.security_group_id = group.id;
    rule.egress = egress;
    rule.protocol = "-1";
    return rule;
}

bool has_ipv6(store::Transaction& tx, const std::string& vpc_id) {
    const auto blocks = store::vpc_cidr_blocks::list_of_vpc(tx, vpc_id);
    return std::any_of(
        blocks.begin(), blocks.end(), [](const auto& block) { return block.is_ipv6; });
}

void allow_ipv6_out(store::Transaction& tx,
                    const Context& context,
                    const domain::SecurityGroup& group) {
    auto rule = make_rule_for_all(context, group, true);
    rule.cidr_ipv6 = anywhere_ipv6;
    groups::insert_rule(tx, rule);
}

// What every new group has: everything may leave.
void insert_with_egress(store::Transaction& tx,
                        const Context& context,
                        const domain::SecurityGroup& group) {
    groups::insert(tx, group);
    auto rule = make_rule_for_all(context, group, true);
    rule.cidr_ipv4 = anywhere;
    groups::insert_rule(tx, rule);
    if (has_ipv6(tx, group.vpc_id))
        allow_ipv6_out(tx, context, group);
}

bool is_everything_out(const Rule& rule) {
    return rule.egress && rule.protocol == "-1" && rule.cidr_ipv4 == anywhere;
}

// A group of the same VPC that names this one holds it; one across a peering only becomes stale.
bool is_named_in_its_vpc(store::Transaction& tx, const std::string& group_id) {
    const auto rules = groups::list_rules_referencing(tx, group_id);
    return std::any_of(
        rules.begin(), rules.end(), [](const Rule& rule) { return rule.peer_vpc_id.empty(); });
}

Result<void> check_creation(const Context& context, const SecurityGroupCreation& request) {
    if (request.name.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter GroupName");
    if (request.name == default_name)
        return fail(codes::group_reserved, "The security group 'default' is reserved");
    if (request.name.starts_with(domain::prefix::security_group))
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter GroupName is invalid. Group names may not be "
                        "in the format sg-*.",
                        request.name));
    if (!is_group_text(request.name))
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter GroupName is invalid. Valid names are strings "
                        "less than 256 characters from the following set:  a-zA-Z0-9. "
                        "_-:/()#,@[]+=&;{{}}!$*",
                        request.name));
    if (request.description.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter GroupDescription");
    if (!is_group_text(request.description))
        return fail(
            codes::invalid_parameter_value,
            "Invalid security group description. Valid descriptions are strings less than 256 "
            "characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    return check_tag_specifications(
        context, request.tag_specifications, {kinds::security_group.type});
}

Result<domain::Vpc>
find_vpc(store::Transaction& tx, const store::Scope& scope, const std::string& vpc_id) {
    if (vpc_id.empty()) {
        if (auto vpc = store::vpcs::find_default(tx, scope))
            return std::move(*vpc);
        return fail(codes::vpc_id_not_specified, "No default VPC for this user");
    }
    if (auto vpc = store::vpcs::find(tx, scope, vpc_id))
        return std::move(*vpc);
    return fail(missing_error(kinds::vpc, vpc_id));
}

Result<void> check_unused(store::Transaction& tx, const domain::SecurityGroup& group) {
    if (group.name == default_name)
        return fail(
            codes::cannot_delete,
            fmt::format("the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                        group.id));
    if (!store::network_interfaces::list_of_security_group(tx, group.id).empty() ||
        is_named_in_its_vpc(tx, group.id))
        return fail(codes::dependency_violation,
                    fmt::format("resource {} has a dependent object", group.id));
    return {};
}

// The ids of what a query names by name.
Result<std::vector<std::string>>
named_ids(const Context& context, const domain::Caller& caller, const SecurityGroupQuery& query) {
    if (query.names.empty())
        return query.ids;
    return context.store.read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        auto ids = query.ids;
        for (const auto& name : query.names) {
            PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, {"", name}));
            ids.push_back(group.id);
        }
        return ids;
    });
}

} // namespace

domain::SecurityGroup
create_default_group(store::Transaction& tx, const Context& context, const domain::Vpc& vpc) {
    auto group = make_group(context, vpc, default_name, "default VPC security group");
    insert_with_egress(tx, context, group);
    auto from_members = make_rule_for_all(context, group, false);
    from_members.referenced_group_id = group.id;
    groups::insert_rule(tx, from_members);
    return group;
}

void add_ipv6_to_default_group(store::Transaction& tx,
                               const Context& context,
                               const std::string& vpc_id) {
    const auto group = groups::find_by_name(tx, vpc_id, std::string(default_name));
    if (!group)
        return;
    auto rules = groups::list_rules(tx, group->id);
    std::erase_if(rules, [](const Rule& rule) { return !rule.egress; });
    if (rules.size() != 1 || !is_everything_out(rules.front()))
        return;
    allow_ipv6_out(tx, context, *group);
    store::work::enqueue(
        tx, "security-group", group->id, context.settings.host.host_id, context.clock.now());
}

Result<domain::SecurityGroup> find_security_group(store::Transaction& tx,
                                                  const domain::Caller& caller,
                                                  const SecurityGroupReference& reference) {
    const auto scope = scope_of(caller);
    if (!reference.id.empty() && !reference.name.empty())
        return fail(codes::invalid_parameter_combination,
                    "The parameter groupName cannot be used with the parameter groupId");
    if (!reference.id.empty()) {
        if (auto group = groups::find(tx, scope, reference.id))
            return std::move(*group);
        return fail(missing_error(kinds::security_group, reference.id));
    }
    if (reference.name.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter groupName or groupId");
    PILEUS_ASSIGN(const auto vpc, find_vpc(tx, scope, ""));
    if (auto group = groups::find_by_name(tx, vpc.id, reference.name))
        return std::move(*group);
    return fail(codes::group_not_found,
                fmt::format("The security group '{}' does not exist in default VPC '{}'",
                            reference.name,
                            vpc.id));
}

Result<SecurityGroupView> SecurityGroups::create(const domain::Caller& caller,
                                                 const SecurityGroupCreation& request) {
    PILEUS_TRY(check_creation(context_, request));
    return context_.store.write([&](store::Transaction& tx) -> Result<SecurityGroupView> {
        PILEUS_ASSIGN(const auto vpc, find_vpc(tx, scope_of(caller), request.vpc_id));
        if (groups::find_by_name(tx, vpc.id, request.name))
            return fail(codes::group_duplicate,
                        fmt::format("The security group '{}' already exists for VPC '{}'",
                                    request.name,
                                    vpc.id));
        if (groups::count(tx, scope_of(caller)) >= context_.settings.limits.security_groups)
            return fail(
                codes::group_limit_exceeded,
                "The maximum number of security groups for this account and region has been "
                "reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        // No work for the engine: nothing can be a member yet.
        const auto group = make_group(context_, vpc, request.name, request.description);
        insert_with_egress(tx, context_, group);
        write_tags(tx, caller, request.tag_specifications, kinds::security_group.type, group.id);
        return std::move(view_groups(tx, {group}, false).front());
    });
}

Result<std::string> SecurityGroups::erase(const domain::Caller& caller,
                                          const SecurityGroupReference& reference) {
    return context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
        PILEUS_ASSIGN(const auto group, find_security_group(tx, caller, reference));
        PILEUS_TRY(check_unused(tx, group));
        PILEUS_TRY(end_if_dry_run(caller));
        for (const auto& rule : groups::list_rules(tx, group.id))
            store::tags::erase_all(tx, rule.id);
        store::tags::erase_all(tx, group.id);
        groups::erase(tx, group.id);
        store::work::enqueue(
            tx, "security-group", group.id, context_.settings.host.host_id, context_.clock.now());
        return group.id;
    });
}

Result<Listing<SecurityGroupView>> SecurityGroups::describe(const domain::Caller& caller,
                                                            const SecurityGroupQuery& query) {
    const auto scope = scope_of(caller);
    const bool with_peer_names = asks_for_peer_names(query.filters);
    const auto view = [&](store::Transaction& tx, std::vector<domain::SecurityGroup> rows) {
        return view_groups(tx, std::move(rows), with_peer_names);
    };
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, groups::find(tx, scope, id), view);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& page) {
        return view(tx, groups::list(tx, scope, page));
    };
    PILEUS_ASSIGN(const auto ids, named_ids(context_, caller, query));
    if (!ids.empty())
        return list_named(context_,
                          caller,
                          group_listing,
                          kinds::security_group,
                          ids,
                          query.filters,
                          query.page,
                          find);
    return list_matching(context_, caller, group_listing, query.filters, query.page, batch);
}

} // namespace pileus::cloud
