// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/operations.h"

namespace pileus::api::ec2 {

void register_all(Registry& registry) {
    register_account(registry);
    register_addresses(registry);
    register_dhcp_options(registry);
    register_ebs_defaults(registry);
    register_disk_tasks(registry);
    register_image_attributes(registry);
    register_images(registry);
    register_instance_attributes(registry);
    register_instance_types(registry);
    register_instances(registry);
    register_internet_gateways(registry);
    register_key_pairs(registry);
    register_nat_gateways(registry);
    register_network_acls(registry);
    register_network_interface_attributes(registry);
    register_network_interfaces(registry);
    register_prefix_lists(registry);
    register_route_tables(registry);
    register_security_groups(registry);
    register_snapshot_attributes(registry);
    register_snapshots(registry);
    register_subnets(registry);
    register_tags(registry);
    register_volume_status(registry);
    register_volumes(registry);
    register_vpc_endpoints(registry);
    register_vpc_peering_connections(registry);
    register_vpcs(registry);
}

} // namespace pileus::api::ec2
