// SPDX-License-Identifier: Apache-2.0
//
// CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups, DescribeSecurityGroupRules, and
// Authorize, Revoke and UpdateDescriptions of both directions, ModifySecurityGroupRules: wire ↔
// cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "api/ec2/permissions.h"
#include "cloud/cloud.h"
#include "model/ec2/authorize_security_group_egress.h"
#include "model/ec2/authorize_security_group_ingress.h"
#include "model/ec2/create_security_group.h"
#include "model/ec2/delete_security_group.h"
#include "model/ec2/describe_security_group_references.h"
#include "model/ec2/describe_security_group_rules.h"
#include "model/ec2/describe_security_groups.h"
#include "model/ec2/describe_stale_security_groups.h"
#include "model/ec2/get_security_groups_for_vpc.h"
#include "model/ec2/modify_security_group_rules.h"
#include "model/ec2/revoke_security_group_egress.h"
#include "model/ec2/revoke_security_group_ingress.h"
#include "model/ec2/update_security_group_rule_descriptions_egress.h"
#include "model/ec2/update_security_group_rule_descriptions_ingress.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace {

std::string
group_arn(const std::string& region, const std::string& account_id, const std::string& group_id) {
    return fmt::format("arn:aws:ec2:{}:{}:security-group/{}", region, account_id, group_id);
}

// Egress requests know no group by name.
template <class Request> cloud::SecurityGroupReference group_of(const Request& in) {
    cloud::SecurityGroupReference group{text(in.group_id()), {}};
    if constexpr (requires { in.group_name(); })
        group.name = text(in.group_name());
    return group;
}

Result<void> create_security_group(Call& call,
                                   model::CreateSecurityGroupRequest in,
                                   model::CreateSecurityGroupResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.security_groups.create(call.caller,
                                                    {text(in.group_name()),
                                                     text(in.description()),
                                                     text(in.vpc_id()),
                                                     tag_specifications_of(in)}));
    const auto& group = view.group;
    out.set_group_id(group.id).set_security_group_arn(
        group_arn(group.region, group.account_id, group.id));
    write_tags(view.tags, out);
    return {};
}

Result<void> delete_security_group(Call& call,
                                   model::DeleteSecurityGroupRequest in,
                                   model::DeleteSecurityGroupResult out) {
    PILEUS_ASSIGN(const auto id, call.cloud.security_groups.erase(call.caller, group_of(in)));
    out.set_return_(true).set_group_id(id);
    return {};
}

Result<void> describe_security_groups(Call& call,
                                      model::DescribeSecurityGroupsRequest in,
                                      model::DescribeSecurityGroupsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.security_groups.describe(
            call.caller,
            {texts(in.group_ids()), texts(in.group_names()), filters_of(in), page_of(in)}));
    for (const auto& view : listing.items) {
        const auto& group = view.group;
        auto written = out.add_security_groups();
        written.set_group_id(group.id)
            .set_group_name(group.name)
            .set_description(group.description)
            .set_owner_id(group.account_id)
            .set_vpc_id(group.vpc_id)
            .set_security_group_arn(group_arn(group.region, group.account_id, group.id))
            .touch_ip_permissions()
            .touch_ip_permissions_egress();
        write_permissions(view, false, written);
        write_permissions(view, true, written);
        write_tags(view.tags, written);
    }
    write_next_token(listing.next_token, out);
    return {};
}

// What the two ways of writing a rule (SecurityGroupRule, RevokedSecurityGroupRule) share.
template <class View> void write_rule_traffic(const domain::SecurityGroupRule& rule, View& out) {
    out.set_security_group_rule_id(rule.id)
        .set_group_id(rule.security_group_id)
        .set_is_egress(rule.egress)
        .set_ip_protocol(rule.protocol)
        .set_from_port(rule.from_port)
        .set_to_port(rule.to_port);
    if (!rule.cidr_ipv4.empty())
        out.set_cidr_ipv4(rule.cidr_ipv4);
    if (!rule.cidr_ipv6.empty())
        out.set_cidr_ipv6(rule.cidr_ipv6);
    if (!rule.prefix_list_id.empty())
        out.set_prefix_list_id(rule.prefix_list_id);
    if (!rule.description.empty())
        out.set_description(rule.description);
}

void write_rule(const cloud::SecurityGroupRuleView& view, model::SecurityGroupRule out) {
    const auto& rule = view.rule;
    write_rule_traffic(rule, out);
    out.set_group_owner_id(view.group_owner_id)
        .set_security_group_rule_arn(fmt::format(
            "arn:aws:ec2:{}:{}:security-group-rule/{}", rule.region, rule.account_id, rule.id));
    if (!rule.referenced_group_id.empty()) {
        auto peer = out.set_referenced_group_info();
        peer.set_group_id(rule.referenced_group_id)
            .set_user_id(rule.peer_account_id.empty() ? rule.account_id : rule.peer_account_id);
        if (!rule.peering_connection_id.empty())
            peer.set_vpc_id(rule.peer_vpc_id)
                .set_vpc_peering_connection_id(rule.peering_connection_id)
                .set_peering_status(view.peering_state);
    }
    write_tags(view.tags, out);
}

template <class Request, class Response>
Result<void> authorize(Call& call, bool egress, Request in, Response out) {
    PILEUS_ASSIGN(
        const auto added,
        call.cloud.security_groups.authorize(
            call.caller, group_of(in), egress, permissions_of(in), tag_specifications_of(in)));
    out.set_return_(true);
    for (const auto& view : added)
        write_rule(view, out.add_security_group_rules());
    return {};
}

template <class Request, class Response>
Result<void> revoke(Call& call, bool egress, Request in, Response out) {
    PILEUS_ASSIGN(const auto revocation,
                  call.cloud.security_groups.revoke(
                      call.caller,
                      group_of(in),
                      egress,
                      {texts(in.security_group_rule_ids()), permissions_of(in)}));
    out.set_return_(true);
    for (const auto& rule : revocation.unknown)
        write_permission(rule, out.add_unknown_ip_permissions());
    for (const auto& rule : revocation.revoked) {
        auto written = out.add_revoked_security_group_rules();
        write_rule_traffic(rule, written);
        if (!rule.referenced_group_id.empty())
            written.set_referenced_group_id(rule.referenced_group_id);
    }
    return {};
}

template <class Request, class Response>
Result<void> update_descriptions(Call& call, bool egress, Request in, Response out) {
    std::vector<cloud::RuleDescription> descriptions;
    for (const auto description : in.security_group_rule_descriptions())
        descriptions.push_back(
            {text(description.security_group_rule_id()), text(description.description())});
    std::vector<cloud::Permission> permissions;
    for (const auto permission : in.ip_permissions())
        permissions.push_back(permission_of(permission));
    PILEUS_TRY(call.cloud.security_groups.update_descriptions(
        call.caller, group_of(in), egress, descriptions, permissions));
    out.set_return_(true);
    return {};
}

Result<void> authorize_ingress(Call& call,
                               model::AuthorizeSecurityGroupIngressRequest in,
                               model::AuthorizeSecurityGroupIngressResult out) {
    return authorize(call, false, in, out);
}

Result<void> authorize_egress(Call& call,
                              model::AuthorizeSecurityGroupEgressRequest in,
                              model::AuthorizeSecurityGroupEgressResult out) {
    return authorize(call, true, in, out);
}

Result<void> revoke_ingress(Call& call,
                            model::RevokeSecurityGroupIngressRequest in,
                            model::RevokeSecurityGroupIngressResult out) {
    return revoke(call, false, in, out);
}

Result<void> revoke_egress(Call& call,
                           model::RevokeSecurityGroupEgressRequest in,
                           model::RevokeSecurityGroupEgressResult out) {
    return revoke(call, true, in, out);
}

Result<void>
update_ingress_descriptions(Call& call,
                            model::UpdateSecurityGroupRuleDescriptionsIngressRequest in,
                            model::UpdateSecurityGroupRuleDescriptionsIngressResult out) {
    return update_descriptions(call, false, in, out);
}

Result<void>
update_egress_descriptions(Call& call,
                           model::UpdateSecurityGroupRuleDescriptionsEgressRequest in,
                           model::UpdateSecurityGroupRuleDescriptionsEgressResult out) {
    return update_descriptions(call, true, in, out);
}

Result<void> modify_security_group_rules(Call& call,
                                         model::ModifySecurityGroupRulesRequest in,
                                         model::ModifySecurityGroupRulesResult out) {
    std::vector<cloud::RuleModification> modifications;
    for (const auto update : in.security_group_rules()) {
        const auto rule = update.security_group_rule();
        cloud::PermissionPeer peer;
        peer.cidr_ipv4 = text(rule.cidr_ipv4());
        peer.cidr_ipv6 = text(rule.cidr_ipv6());
        peer.prefix_list_id = text(rule.prefix_list_id());
        peer.group.id = text(rule.referenced_group_id());
        peer.description = text(rule.description());
        modifications.push_back(
            {text(update.security_group_rule_id()),
             {text(rule.ip_protocol()), rule.from_port(), rule.to_port(), {std::move(peer)}}});
    }
    PILEUS_TRY(
        call.cloud.security_groups.modify_rules(call.caller, text(in.group_id()), modifications));
    out.set_return_(true);
    return {};
}

Result<void> describe_security_group_rules(Call& call,
                                           model::DescribeSecurityGroupRulesRequest in,
                                           model::DescribeSecurityGroupRulesResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.security_groups.describe_rules(
            call.caller, texts(in.security_group_rule_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_rule(view, out.add_security_group_rules());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_security_group_references(Call& call,
                                                model::DescribeSecurityGroupReferencesRequest in,
                                                model::DescribeSecurityGroupReferencesResult out) {
    PILEUS_ASSIGN(const auto uses,
                  call.cloud.security_groups.describe_uses(call.caller, texts(in.group_id())));
    for (const auto& use : uses)
        out.add_security_group_reference_set()
            .set_group_id(use.group_id)
            .set_referencing_vpc_id(use.referencing_vpc_id)
            .set_vpc_peering_connection_id(use.peering_connection_id);
    return {};
}

Result<void> describe_stale_security_groups(Call& call,
                                            model::DescribeStaleSecurityGroupsRequest in,
                                            model::DescribeStaleSecurityGroupsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.security_groups.describe_stale(call.caller, text(in.vpc_id()), page_of(in)));
    for (const auto& view : listing.items) {
        auto written = out.add_stale_security_group_set();
        written.set_group_id(view.group.id)
            .set_group_name(view.group.name)
            .set_description(view.group.description)
            .set_vpc_id(view.group.vpc_id)
            .touch_stale_ip_permissions()
            .touch_stale_ip_permissions_egress();
        write_stale_permissions(view, false, written);
        write_stale_permissions(view, true, written);
    }
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> get_security_groups_for_vpc(Call& call,
                                         model::GetSecurityGroupsForVpcRequest in,
                                         model::GetSecurityGroupsForVpcResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.security_groups.describe_for_vpc(
                      call.caller, text(in.vpc_id()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items) {
        auto written = out.add_security_group_for_vpcs();
        written.set_group_id(view.group.id)
            .set_group_name(view.group.name)
            .set_description(view.group.description)
            .set_owner_id(view.group.account_id)
            .set_primary_vpc_id(view.group.vpc_id);
        write_tags(view.tags, written);
    }
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_security_groups(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateSecurityGroup>(create_security_group);
    registry.add<operations::DeleteSecurityGroup>(delete_security_group);
    registry.add<operations::DescribeSecurityGroups>(describe_security_groups);
    registry.add<operations::DescribeSecurityGroupRules>(describe_security_group_rules);
    registry.add<operations::DescribeSecurityGroupReferences>(describe_security_group_references);
    registry.add<operations::DescribeStaleSecurityGroups>(describe_stale_security_groups);
    registry.add<operations::GetSecurityGroupsForVpc>(get_security_groups_for_vpc);
    registry.add<operations::AuthorizeSecurityGroupIngress>(authorize_ingress);
    registry.add<operations::AuthorizeSecurityGroupEgress>(authorize_egress);
    registry.add<operations::RevokeSecurityGroupIngress>(revoke_ingress);
    registry.add<operations::RevokeSecurityGroupEgress>(revoke_egress);
    registry.add<operations::ModifySecurityGroupRules>(modify_security_group_rules);
    registry.add<operations::UpdateSecurityGroupRuleDescriptionsIngress>(
        update_ingress_descriptions);
    registry.add<operations::UpdateSecurityGroupRuleDescriptionsEgress>(update_egress_descriptions);
}

} // namespace pileus::api::ec2
