// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/registry.h"

namespace pileus::api::ec2 {

// Each is in the file of its name.
void register_account(Registry& registry); // regions, zones, account attributes
void register_addresses(Registry& registry);
void register_dhcp_options(Registry& registry);
void register_ebs_defaults(Registry& registry); // encryption by default
void register_disk_tasks(Registry& registry);
void register_image_attributes(Registry& registry);
void register_images(Registry& registry);
void register_instance_attributes(Registry& registry);
void register_instance_types(Registry& registry);
void register_instances(Registry& registry);
void register_internet_gateways(Registry& registry); // egress-only ones too
void register_key_pairs(Registry& registry);
void register_nat_gateways(Registry& registry);
void register_network_acls(Registry& registry);
void register_network_interface_attributes(Registry& registry);
void register_network_interfaces(Registry& registry);
void register_prefix_lists(Registry& registry);
void register_route_tables(Registry& registry);
void register_security_groups(Registry& registry);
void register_snapshot_attributes(Registry& registry);
void register_snapshots(Registry& registry);
void register_subnets(Registry& registry);
void register_tags(Registry& registry);
void register_volume_status(Registry& registry); // attributes too
void register_volumes(Registry& registry);
void register_vpc_endpoints(Registry& registry); // flow logs too
void register_vpc_peering_connections(Registry& registry);
void register_vpcs(Registry& registry);

// Every operation of EC2 that this build implements.
void register_all(Registry& registry);

} // namespace pileus::api::ec2
