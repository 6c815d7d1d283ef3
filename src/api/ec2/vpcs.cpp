// SPDX-License-Identifier: Apache-2.0
//
// DescribeVpcs, DescribeSubnets: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_subnets.h"
#include "model/ec2/describe_vpcs.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace {

void write_vpc(const cloud::VpcView& view, model::Vpc out) {
    const auto& vpc = view.vpc;
    out.set_vpc_id(vpc.id)
        .set_owner_id(vpc.account_id)
        .set_state("available")
        .set_cidr_block(vpc.cidr_block)
        .set_dhcp_options_id(vpc.dhcp_options_id)
        .set_instance_tenancy("default")
        .set_is_default(vpc.is_default)
        .touch_ipv6_cidr_block_association_set();
    auto association = out.add_cidr_block_association_set();
    association.set_association_id(vpc.cidr_association_id).set_cidr_block(vpc.cidr_block);
    association.set_cidr_block_state().set_state("associated");
    write_tags(view.tags, out);
}

Result<void>
describe_vpcs(Call& call, model::DescribeVpcsRequest in, model::DescribeVpcsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.vpcs.describe(call.caller, texts(in.vpc_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_vpc(view, out.add_vpcs());
    write_next_token(listing.next_token, out);
    return {};
}

void write_subnet(const cloud::SubnetView& view, model::Subnet out) {
    const auto& subnet = view.subnet;
    out.set_subnet_id(subnet.id)
        .set_subnet_arn(
            fmt::format("arn:aws:ec2:{}:{}:subnet/{}", subnet.region, subnet.account_id, subnet.id))
        .set_owner_id(subnet.account_id)
        .set_vpc_id(subnet.vpc_id)
        .set_state("available")
        .set_availability_zone(subnet.zone)
        .set_availability_zone_id(subnet.zone_id)
        .set_cidr_block(subnet.cidr_block)
        .set_available_ip_address_count(view.available_addresses)
        .set_default_for_az(subnet.is_default)
        .set_map_public_ip_on_launch(subnet.map_public_ip_on_launch)
        .set_map_customer_owned_ip_on_launch(false)
        .set_assign_ipv6_address_on_creation(false)
        .set_enable_dns64(false)
        .set_ipv6_native(false)
        .touch_ipv6_cidr_block_association_set();
    out.set_private_dns_name_options_on_launch()
        .set_hostname_type("ip-name")
        .set_enable_resource_name_dns_a_record(false)
        .set_enable_resource_name_dns_aaaa_record(false);
    write_tags(view.tags, out);
}

Result<void>
describe_subnets(Call& call, model::DescribeSubnetsRequest in, model::DescribeSubnetsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.vpcs.describe_subnets(
                      call.caller, texts(in.subnet_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_subnet(view, out.add_subnets());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_vpcs(Registry& registry) {
    registry.add<model::operations::DescribeVpcs>(describe_vpcs);
    registry.add<model::operations::DescribeSubnets>(describe_subnets);
}

} // namespace pileus::api::ec2
