// SPDX-License-Identifier: Apache-2.0
//
// CreateVpc, DeleteVpc, DescribeVpcs, CreateDefaultVpc, DescribeVpcAttribute, ModifyVpcAttribute,
// ModifyVpcTenancy, AssociateVpcCidrBlock, DisassociateVpcCidrBlock: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "api/ec2/vpc_views.h"
#include "cloud/cloud.h"
#include "model/ec2/associate_vpc_cidr_block.h"
#include "model/ec2/create_default_vpc.h"
#include "model/ec2/create_vpc.h"
#include "model/ec2/delete_vpc.h"
#include "model/ec2/describe_vpc_attribute.h"
#include "model/ec2/describe_vpcs.h"
#include "model/ec2/disassociate_vpc_cidr_block.h"
#include "model/ec2/modify_vpc_attribute.h"
#include "model/ec2/modify_vpc_tenancy.h"

namespace pileus::api::ec2 {

namespace {

// What only an address manager or an address range of the caller's own would serve.
template <class Request> std::string unsupported_block_parameter(const Request& in) {
    if (in.ipv6_pool())
        return "Ipv6Pool";
    if (in.ipv6_cidr_block())
        return "Ipv6CidrBlock";
    if (in.ipv4_ipam_pool_id())
        return "Ipv4IpamPoolId";
    if (in.ipv4_netmask_length())
        return "Ipv4NetmaskLength";
    if (in.ipv6_ipam_pool_id())
        return "Ipv6IpamPoolId";
    if (in.ipv6_netmask_length())
        return "Ipv6NetmaskLength";
    return "";
}

Result<void> create_vpc(Call& call, model::CreateVpcRequest in, model::CreateVpcResult out) {
    PILEUS_ASSIGN(auto view,
                  call.cloud.vpcs.create(call.caller,
                                         {text(in.cidr_block()),
                                          text(in.instance_tenancy()),
                                          in.amazon_provided_ipv6_cidr_block().value_or(false),
                                          unsupported_block_parameter(in),
                                          tag_specifications_of(in)}));
    auto vpc = out.set_vpc();
    write_vpc(view, "associating", vpc);
    vpc.set_state("pending"); // as EC2 answers; it is there at once
    return {};
}

Result<void> delete_vpc(Call& call, model::DeleteVpcRequest in, model::Unit) {
    return call.cloud.vpcs.erase(call.caller, text(in.vpc_id()));
}

Result<void>
describe_vpcs(Call& call, model::DescribeVpcsRequest in, model::DescribeVpcsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.vpcs.describe(call.caller, texts(in.vpc_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_vpc(view, "associated", out.add_vpcs());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void>
create_default_vpc(Call& call, model::CreateDefaultVpcRequest, model::CreateDefaultVpcResult out) {
    PILEUS_ASSIGN(const auto view, call.cloud.vpcs.create_default(call.caller));
    auto vpc = out.set_vpc();
    write_vpc(view, "associated", vpc);
    vpc.set_state("pending");
    return {};
}

Result<void> describe_vpc_attribute(Call& call,
                                    model::DescribeVpcAttributeRequest in,
                                    model::DescribeVpcAttributeResult out) {
    PILEUS_ASSIGN(const auto vpc, call.cloud.vpcs.find(call.caller, text(in.vpc_id())));
    const auto attribute = text(in.attribute());
    out.set_vpc_id(vpc.id);
    if (attribute == "enableDnsSupport")
        out.set_enable_dns_support().set_value(vpc.enable_dns_support);
    else if (attribute == "enableDnsHostnames")
        out.set_enable_dns_hostnames().set_value(vpc.enable_dns_hostnames);
    else
        out.set_enable_network_address_usage_metrics().set_value(
            vpc.enable_network_address_usage_metrics);
    return {};
}

Result<void> modify_vpc_attribute(Call& call, model::ModifyVpcAttributeRequest in, model::Unit) {
    return call.cloud.vpcs.modify_attributes(call.caller,
                                             text(in.vpc_id()),
                                             {in.enable_dns_support().value(),
                                              in.enable_dns_hostnames().value(),
                                              in.enable_network_address_usage_metrics().value()});
}

Result<void> modify_vpc_tenancy(Call& call,
                                model::ModifyVpcTenancyRequest in,
                                model::ModifyVpcTenancyResult out) {
    PILEUS_TRY(call.cloud.vpcs.modify_tenancy(
        call.caller, text(in.vpc_id()), text(in.instance_tenancy())));
    out.set_return_value(true);
    return {};
}

// Both answers hold the block under the name of its family.
template <class Response>
void write_block_change(const cloud::BlockChange& change,
                        const std::string& region,
                        const char* state,
                        Response out) {
    out.set_vpc_id(change.vpc_id);
    if (change.block.is_ipv6) {
        write_ipv6_block(change.block, region, state, out.set_ipv6_cidr_block_association());
        return;
    }
    auto association = out.set_cidr_block_association();
    association.set_association_id(change.block.association_id)
        .set_cidr_block(change.block.cidr_block);
    association.set_cidr_block_state().set_state(state);
}

Result<void> associate_vpc_cidr_block(Call& call,
                                      model::AssociateVpcCidrBlockRequest in,
                                      model::AssociateVpcCidrBlockResult out) {
    PILEUS_ASSIGN(
        const auto change,
        call.cloud.vpcs.associate_block(call.caller,
                                        text(in.vpc_id()),
                                        {text(in.cidr_block()),
                                         in.amazon_provided_ipv6_cidr_block().value_or(false),
                                         unsupported_block_parameter(in)}));
    write_block_change(change, call.caller.region, "associating", out);
    return {};
}

Result<void> disassociate_vpc_cidr_block(Call& call,
                                         model::DisassociateVpcCidrBlockRequest in,
                                         model::DisassociateVpcCidrBlockResult out) {
    PILEUS_ASSIGN(const auto change,
                  call.cloud.vpcs.disassociate_block(call.caller, text(in.association_id())));
    write_block_change(change, call.caller.region, "disassociating", out);
    return {};
}

} // namespace

void register_vpcs(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateVpc>(create_vpc);
    registry.add<operations::DeleteVpc>(delete_vpc);
    registry.add<operations::DescribeVpcs>(describe_vpcs);
    registry.add<operations::CreateDefaultVpc>(create_default_vpc);
    registry.add<operations::DescribeVpcAttribute>(describe_vpc_attribute);
    registry.add<operations::ModifyVpcAttribute>(modify_vpc_attribute);
    registry.add<operations::ModifyVpcTenancy>(modify_vpc_tenancy);
    registry.add<operations::AssociateVpcCidrBlock>(associate_vpc_cidr_block);
    registry.add<operations::DisassociateVpcCidrBlock>(disassociate_vpc_cidr_block);
}

} // namespace pileus::api::ec2
