// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/account.h"
#include "cloud/addresses.h"
#include "cloud/dhcp_options.h"
#include "cloud/disk_tasks.h"
#include "cloud/ebs_defaults.h"
#include "cloud/forks.h"
#include "cloud/images.h"
#include "cloud/instance_types.h"
#include "cloud/instances.h"
#include "cloud/internet_gateways.h"
#include "cloud/key_pairs.h"
#include "cloud/nat_gateways.h"
#include "cloud/network_acls.h"
#include "cloud/network_interfaces.h"
#include "cloud/prefix_lists.h"
#include "cloud/public_parameters.h"
#include "cloud/route_tables.h"
#include "cloud/security_groups.h"
#include "cloud/snapshots.h"
#include "cloud/subnets.h"
#include "cloud/tags.h"
#include "cloud/volumes.h"
#include "cloud/vpc_peering_connections.h"
#include "cloud/vpcs.h"

namespace pileus::cloud {

// Everything that the API can ask for, one member a resource. Owned by the daemon's root; the
// context outlives it.
struct Cloud {
    explicit Cloud(const Context& context)
        : account(context), addresses(context), dhcp_options(context), ebs_defaults(context),
          disk_tasks(context), egress_only_internet_gateways(context), forks(context),
          images(context), instance_types(context), instances(context), internet_gateways(context),
          key_pairs(context), nat_gateways(context), network_acls(context),
          network_interfaces(context), prefix_lists(context), public_parameters(context),
          route_tables(context), security_groups(context), snapshots(context), subnets(context),
          tags(context), volumes(context), vpc_peering_connections(context), vpcs(context) {}

    Account account;
    Addresses addresses;
    DhcpOptionsSets dhcp_options;
    EbsDefaults ebs_defaults;
    DiskTasks disk_tasks;
    EgressOnlyInternetGateways egress_only_internet_gateways;
    Forks forks;
    Images images;
    InstanceTypes instance_types;
    Instances instances;
    InternetGateways internet_gateways;
    KeyPairs key_pairs;
    NatGateways nat_gateways;
    NetworkAcls network_acls;
    NetworkInterfaces network_interfaces;
    PrefixLists prefix_lists;
    PublicParameters public_parameters;
    RouteTables route_tables;
    SecurityGroups security_groups;
    Snapshots snapshots;
    Subnets subnets;
    Tags tags;
    Volumes volumes;
    VpcPeeringConnections vpc_peering_connections;
    Vpcs vpcs;
};

} // namespace pileus::cloud
