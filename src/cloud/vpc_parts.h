// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a VPC and a subnet have from their creation and lose with their deletion: main route table,
// default network ACL, associations. Called inside the transaction of that creation or deletion;
// each is the whole of its effect but for the work (see vpc_work.h), which the caller enqueues.
// The classes of route_tables.h, network_acls.h and internet_gateways.h do everything else.

#include "cloud/context.h"
#include "domain/network_acl.h"
#include "domain/routing.h"
#include "domain/vpc.h"

#include <string>

namespace pileus::cloud {

domain::RouteTable
create_main_route_table(store::Transaction& tx, const Context& context, const domain::Vpc& vpc);

// Rule 100 lets everything in and out; 101 the same for IPv6, of a VPC that has it.
domain::NetworkAcl
create_default_network_acl(store::Transaction& tx, const Context& context, const domain::Vpc& vpc);
// When a VPC gets its first IPv6 block: rule 101 of the default network ACL. Numbers that its owner
// has given to something else are left alone.
void add_ipv6_to_default_network_acl(store::Transaction& tx, const std::string& vpc_id);
void associate_default_acl(store::Transaction& tx,
                           const Context& context,
                           const domain::Subnet& subnet);

// The default VPC's: attached, and the way out (0.0.0.0/0) of its main route table.
domain::InternetGateway create_default_internet_gateway(store::Transaction& tx,
                                                        const Context& context,
                                                        const domain::Vpc& vpc);

// At the deletion of a subnet: its associations with a route table and a network ACL.
void erase_subnet_parts(store::Transaction& tx, const domain::Subnet& subnet);

// Whether something of routing keeps a VPC from being deleted: an attached gateway, a route table
// that is not the main one, a network ACL that is not the default one. Subnets, interfaces,
// security groups and peerings are for the caller to look at.
bool has_vpc_dependents(store::Transaction& tx, const std::string& vpc_id);
// At the deletion of a VPC without dependents: main route table and default network ACL, with all
// that is in them and their tags.
void erase_vpc_parts(store::Transaction& tx, const std::string& vpc_id);

} // namespace pileus::cloud
