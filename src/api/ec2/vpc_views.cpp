// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/vpc_views.h"

#include "api/ec2/convert.h"
#include "cloud/resource_kind.h"

namespace pileus::api::ec2 {

void write_vpc(const cloud::VpcView& view, const char* block_state, model::Vpc out) {
    const auto& vpc = view.vpc;
    out.set_vpc_id(vpc.id)
        .set_owner_id(vpc.account_id)
        .set_state("available")
        .set_cidr_block(vpc.cidr_block)
        .set_dhcp_options_id(vpc.dhcp_options_id)
        .set_instance_tenancy(vpc.tenancy)
        .set_is_default(vpc.is_default)
        .touch_ipv6_cidr_block_association_set();
    const auto add_ipv4 = [&](const std::string& association_id, const std::string& cidr_block) {
        auto association = out.add_cidr_block_association_set();
        association.set_association_id(association_id).set_cidr_block(cidr_block);
        association.set_cidr_block_state().set_state("associated");
    };
    add_ipv4(vpc.cidr_association_id, vpc.cidr_block);
    for (const auto& block : view.blocks)
        if (block.is_ipv6)
            write_ipv6_block(
                block, vpc.region, block_state, out.add_ipv6_cidr_block_association_set());
        else
            add_ipv4(block.association_id, block.cidr_block);
    write_tags(view.tags, out);
}

void write_ipv6_block(const domain::VpcCidrBlock& block,
                      const std::string& region,
                      const char* state,
                      model::VpcIpv6CidrBlockAssociation out) {
    out.set_association_id(block.association_id)
        .set_ipv6_cidr_block(block.cidr_block)
        .set_network_border_group(region)
        .set_ipv6_pool("Amazon")
        .set_ip_source("amazon")
        .set_ipv6_address_attribute("public");
    out.set_ipv6_cidr_block_state().set_state(state);
}

void write_subnet(const cloud::SubnetView& view, model::Subnet out) {
    const auto& subnet = view.subnet;
    out.set_subnet_id(subnet.id)
        .set_subnet_arn(
            cloud::resource_arn(cloud::kinds::subnet, subnet.region, subnet.account_id, subnet.id))
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
        .set_assign_ipv6_address_on_creation(subnet.assign_ipv6_address_on_creation)
        .set_enable_dns64(subnet.enable_dns64)
        .set_ipv6_native(false)
        .touch_ipv6_cidr_block_association_set();
    if (!subnet.ipv6_cidr_block.empty())
        write_ipv6_block(subnet, "associated", out.add_ipv6_cidr_block_association_set());
    out.set_private_dns_name_options_on_launch()
        .set_hostname_type(subnet.host_name_type)
        .set_enable_resource_name_dns_a_record(subnet.resource_name_dns_a_record)
        .set_enable_resource_name_dns_aaaa_record(subnet.resource_name_dns_aaaa_record);
    write_tags(view.tags, out);
}

void write_ipv6_block(const domain::Subnet& subnet,
                      const char* state,
                      model::SubnetIpv6CidrBlockAssociation out) {
    out.set_association_id(subnet.ipv6_cidr_association_id)
        .set_ipv6_cidr_block(subnet.ipv6_cidr_block)
        .set_ip_source("amazon")
        .set_ipv6_address_attribute("public");
    out.set_ipv6_cidr_block_state().set_state(state);
}

} // namespace pileus::api::ec2
