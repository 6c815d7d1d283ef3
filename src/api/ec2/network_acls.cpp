// SPDX-License-Identifier: Apache-2.0
//
// CreateNetworkAcl … DescribeNetworkAcls, their entries and associations: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "cloud/protocol.h"
#include "model/ec2/create_network_acl.h"
#include "model/ec2/create_network_acl_entry.h"
#include "model/ec2/delete_network_acl.h"
#include "model/ec2/delete_network_acl_entry.h"
#include "model/ec2/describe_network_acls.h"
#include "model/ec2/replace_network_acl_association.h"
#include "model/ec2/replace_network_acl_entry.h"

namespace pileus::api::ec2 {

namespace {

namespace protocol = cloud::protocol;

void write_entry(const domain::NetworkAclEntry& entry, model::NetworkAclEntry out) {
    out.set_rule_number(entry.number)
        .set_protocol(std::to_string(entry.protocol))
        .set_rule_action(entry.allow ? "allow" : "deny")
        .set_egress(entry.egress);
    if (entry.cidr_block.find(':') == std::string::npos)
        out.set_cidr_block(entry.cidr_block);
    else
        out.set_ipv6_cidr_block(entry.cidr_block);
    if (entry.protocol == protocol::tcp || entry.protocol == protocol::udp)
        out.set_port_range().set_from(entry.from_port).set_to(entry.to_port);
    if (entry.protocol == protocol::icmp || entry.protocol == protocol::icmpv6)
        out.set_icmp_type_code().set_type(entry.from_port).set_code(entry.to_port);
}

void write_acl(const cloud::NetworkAclView& view, model::NetworkAcl out) {
    out.set_network_acl_id(view.acl.id)
        .set_vpc_id(view.acl.vpc_id)
        .set_owner_id(view.acl.account_id)
        .set_is_default(view.acl.is_default)
        .touch_associations()
        .touch_entries();
    for (const auto& entry : view.entries)
        write_entry(entry, out.add_entries());
    for (const auto& association : view.associations)
        out.add_associations()
            .set_network_acl_association_id(association.id)
            .set_network_acl_id(association.network_acl_id)
            .set_subnet_id(association.subnet_id);
    write_tags(view.tags, out);
}

Result<void> create_network_acl(Call& call,
                                model::CreateNetworkAclRequest in,
                                model::CreateNetworkAclResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.network_acls.create(
                      call.caller,
                      {text(in.vpc_id()), tag_specifications_of(in), client_token_of(call, in)}));
    write_acl(view, out.set_network_acl());
    if (in.client_token())
        out.set_client_token(text(in.client_token()));
    return {};
}

Result<void> delete_network_acl(Call& call, model::DeleteNetworkAclRequest in, model::Unit) {
    return call.cloud.network_acls.erase(call.caller, text(in.network_acl_id()));
}

Result<void> describe_network_acls(Call& call,
                                   model::DescribeNetworkAclsRequest in,
                                   model::DescribeNetworkAclsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.network_acls.describe(
                      call.caller, texts(in.network_acl_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_acl(view, out.add_network_acls());
    write_next_token(listing.next_token, out);
    return {};
}

template <class Request> cloud::NetworkAclEntryRequest entry_of(const Request& in) {
    cloud::NetworkAclEntryRequest request;
    request.network_acl_id = text(in.network_acl_id());
    request.number = in.rule_number().value_or(0);
    request.egress = in.egress().value_or(false);
    request.allow = text(in.rule_action()) == "allow";
    request.protocol = text(in.protocol());
    request.cidr_block = text(in.cidr_block());
    request.ipv6_cidr_block = text(in.ipv6_cidr_block());
    request.from_port = in.port_range().from();
    request.to_port = in.port_range().to();
    request.icmp_type = in.icmp_type_code().type();
    request.icmp_code = in.icmp_type_code().code();
    return request;
}

Result<void>
create_network_acl_entry(Call& call, model::CreateNetworkAclEntryRequest in, model::Unit) {
    return call.cloud.network_acls.create_entry(call.caller, entry_of(in));
}

Result<void>
replace_network_acl_entry(Call& call, model::ReplaceNetworkAclEntryRequest in, model::Unit) {
    return call.cloud.network_acls.replace_entry(call.caller, entry_of(in));
}

Result<void>
delete_network_acl_entry(Call& call, model::DeleteNetworkAclEntryRequest in, model::Unit) {
    return call.cloud.network_acls.erase_entry(call.caller,
                                               text(in.network_acl_id()),
                                               in.egress().value_or(false),
                                               in.rule_number().value_or(0));
}

Result<void> replace_network_acl_association(Call& call,
                                             model::ReplaceNetworkAclAssociationRequest in,
                                             model::ReplaceNetworkAclAssociationResult out) {
    PILEUS_ASSIGN(const auto association,
                  call.cloud.network_acls.replace_association(
                      call.caller, text(in.association_id()), text(in.network_acl_id())));
    out.set_new_association_id(association.id);
    return {};
}

} // namespace

void register_network_acls(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateNetworkAcl>(create_network_acl);
    registry.add<operations::DeleteNetworkAcl>(delete_network_acl);
    registry.add<operations::DescribeNetworkAcls>(describe_network_acls);
    registry.add<operations::CreateNetworkAclEntry>(create_network_acl_entry);
    registry.add<operations::ReplaceNetworkAclEntry>(replace_network_acl_entry);
    registry.add<operations::DeleteNetworkAclEntry>(delete_network_acl_entry);
    registry.add<operations::ReplaceNetworkAclAssociation>(replace_network_acl_association);
}

} // namespace pileus::api::ec2
