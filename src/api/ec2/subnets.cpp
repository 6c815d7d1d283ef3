// SPDX-License-Identifier: Apache-2.0
//
// CreateSubnet, CreateDefaultSubnet, DeleteSubnet, DescribeSubnets, ModifySubnetAttribute,
// AssociateSubnetCidrBlock, DisassociateSubnetCidrBlock: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "api/ec2/vpc_views.h"
#include "cloud/cloud.h"
#include "model/ec2/associate_subnet_cidr_block.h"
#include "model/ec2/create_default_subnet.h"
#include "model/ec2/create_subnet.h"
#include "model/ec2/delete_subnet.h"
#include "model/ec2/describe_subnets.h"
#include "model/ec2/disassociate_subnet_cidr_block.h"
#include "model/ec2/modify_subnet_attribute.h"

namespace pileus::api::ec2 {

namespace {

std::string unsupported_parameter(const model::CreateSubnetRequest& in) {
    if (in.ipv6_native().value_or(false))
        return "Ipv6Native";
    if (in.outpost_arn())
        return "OutpostArn";
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

Result<void>
create_subnet(Call& call, model::CreateSubnetRequest in, model::CreateSubnetResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.subnets.create(call.caller,
                                            {text(in.vpc_id()),
                                             text(in.availability_zone()),
                                             text(in.availability_zone_id()),
                                             text(in.cidr_block()),
                                             text(in.ipv6_cidr_block()),
                                             unsupported_parameter(in),
                                             tag_specifications_of(in)}));
    write_subnet(view, out.set_subnet());
    return {};
}

Result<void> create_default_subnet(Call& call,
                                   model::CreateDefaultSubnetRequest in,
                                   model::CreateDefaultSubnetResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.subnets.create_default(call.caller,
                                                    {text(in.availability_zone()),
                                                     text(in.availability_zone_id()),
                                                     in.ipv6_native().value_or(false)}));
    write_subnet(view, out.set_subnet());
    return {};
}

Result<void> delete_subnet(Call& call, model::DeleteSubnetRequest in, model::Unit) {
    return call.cloud.subnets.erase(call.caller, text(in.subnet_id()));
}

Result<void>
describe_subnets(Call& call, model::DescribeSubnetsRequest in, model::DescribeSubnetsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.subnets.describe(
                      call.caller, texts(in.subnet_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_subnet(view, out.add_subnets());
    write_next_token(listing.next_token, out);
    return {};
}

std::string unsupported_attribute(const model::ModifySubnetAttributeRequest& in) {
    if (in.map_customer_owned_ip_on_launch())
        return "MapCustomerOwnedIpOnLaunch";
    if (in.customer_owned_ipv4_pool())
        return "CustomerOwnedIpv4Pool";
    if (in.enable_lni_at_device_index())
        return "EnableLniAtDeviceIndex";
    if (in.disable_lni_at_device_index())
        return "DisableLniAtDeviceIndex";
    return "";
}

Result<void>
modify_subnet_attribute(Call& call, model::ModifySubnetAttributeRequest in, model::Unit) {
    return call.cloud.subnets.modify(call.caller,
                                     text(in.subnet_id()),
                                     {in.assign_ipv6_address_on_creation().value(),
                                      in.map_public_ip_on_launch().value(),
                                      in.enable_dns64().value(),
                                      text(in.private_dns_hostname_type_on_launch()),
                                      in.enable_resource_name_dns_a_record_on_launch().value(),
                                      in.enable_resource_name_dns_aaaa_record_on_launch().value(),
                                      unsupported_attribute(in)});
}

Result<void> associate_subnet_cidr_block(Call& call,
                                         model::AssociateSubnetCidrBlockRequest in,
                                         model::AssociateSubnetCidrBlockResult out) {
    PILEUS_ASSIGN(const auto subnet,
                  call.cloud.subnets.associate_block(
                      call.caller, text(in.subnet_id()), text(in.ipv6_cidr_block())));
    out.set_subnet_id(subnet.id);
    write_ipv6_block(subnet, "associating", out.set_ipv6_cidr_block_association());
    return {};
}

Result<void> disassociate_subnet_cidr_block(Call& call,
                                            model::DisassociateSubnetCidrBlockRequest in,
                                            model::DisassociateSubnetCidrBlockResult out) {
    PILEUS_ASSIGN(const auto subnet,
                  call.cloud.subnets.disassociate_block(call.caller, text(in.association_id())));
    out.set_subnet_id(subnet.id);
    write_ipv6_block(subnet, "disassociating", out.set_ipv6_cidr_block_association());
    return {};
}

} // namespace

void register_subnets(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateSubnet>(create_subnet);
    registry.add<operations::CreateDefaultSubnet>(create_default_subnet);
    registry.add<operations::DeleteSubnet>(delete_subnet);
    registry.add<operations::DescribeSubnets>(describe_subnets);
    registry.add<operations::ModifySubnetAttribute>(modify_subnet_attribute);
    registry.add<operations::AssociateSubnetCidrBlock>(associate_subnet_cidr_block);
    registry.add<operations::DisassociateSubnetCidrBlock>(disassociate_subnet_cidr_block);
}

} // namespace pileus::api::ec2
