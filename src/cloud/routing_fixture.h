// SPDX-License-Identifier: Apache-2.0
#pragma once

// A VPC with a main route table, a default network ACL and one subnet, beside the default VPC; what
// routes can lead to. Written by hand, so that these tests stand on their own folder's tables only.
// For tests only.

#include "cloud/cloud_fixture.h"
#include "cloud/vpc_parts.h"
#include "domain/ids.h"
#include "store/addresses.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <string>
#include <vector>

namespace pileus::cloud {

class RoutingFixture : public CloudFixture {
  protected:
    RoutingFixture() {
        vpc_ = add_vpc(caller_, "10.0.0.0/16");
        subnet_ = add_subnet(vpc_, "10.0.1.0/24");
        take_work();
    }

    domain::Vpc add_vpc(const domain::Caller& owner, const std::string& block) {
        domain::Vpc vpc;
        vpc.id = domain::new_id(random_, domain::prefix::vpc);
        vpc.account_id = owner.account_id;
        vpc.region = owner.region;
        vpc.cidr_block = block;
        write([&](auto& tx) {
            store::vpcs::insert(tx, vpc);
            create_main_route_table(tx, context_, vpc);
            create_default_network_acl(tx, context_, vpc);
        });
        return vpc;
    }
    domain::Subnet add_subnet(const domain::Vpc& vpc, const std::string& block) {
        domain::Subnet subnet;
        subnet.id = domain::new_id(random_, domain::prefix::subnet);
        subnet.account_id = vpc.account_id;
        subnet.region = vpc.region;
        subnet.vpc_id = vpc.id;
        subnet.zone = "us-east-1a";
        subnet.zone_id = "use1-az1";
        subnet.cidr_block = block;
        write([&](auto& tx) {
            store::subnets::insert(tx, subnet);
            associate_default_acl(tx, context_, subnet);
        });
        return subnet;
    }
    void add_block(const domain::Vpc& vpc, const std::string& block) {
        write([&](auto& tx) {
            store::vpc_cidr_blocks::insert(
                tx,
                {domain::new_id(random_, domain::prefix::vpc_cidr_association),
                 vpc.id,
                 block,
                 block.find(':') != std::string::npos});
        });
    }
    domain::NetworkInterface add_interface(const domain::Subnet& subnet,
                                           const std::string& private_ip,
                                           const std::string& instance_id = "") {
        domain::NetworkInterface interface;
        interface.id = domain::new_id(random_, domain::prefix::network_interface);
        interface.account_id = subnet.account_id;
        interface.region = subnet.region;
        interface.vpc_id = subnet.vpc_id;
        interface.subnet_id = subnet.id;
        interface.private_ip = private_ip;
        interface.instance_id = instance_id;
        write([&](auto& tx) { store::network_interfaces::insert(tx, interface); });
        return interface;
    }
    std::string add_instance(domain::InstanceState state = domain::InstanceState::running) {
        domain::Instance instance;
        instance.id = domain::new_id(random_, domain::prefix::instance);
        instance.account_id = caller_.account_id;
        instance.region = caller_.region;
        instance.state = state;
        write([&](auto& tx) { store::instances::insert(tx, instance); });
        return instance.id;
    }
    std::string add_address(const domain::Caller& owner, const std::string& public_ip) {
        domain::Address address;
        address.allocation_id = domain::new_id(random_, domain::prefix::allocation);
        address.account_id = owner.account_id;
        address.region = owner.region;
        address.public_ip = public_ip;
        write([&](auto& tx) { store::addresses::insert(tx, address); });
        return address.allocation_id;
    }
    std::string add_prefix_list(bool is_ipv6, int max_entries) {
        domain::PrefixList list;
        list.id = domain::new_id(random_, domain::prefix::prefix_list);
        list.account_id = caller_.account_id;
        list.region = caller_.region;
        list.name = "list";
        list.is_ipv6 = is_ipv6;
        list.max_entries = max_entries;
        list.state = "create-complete";
        write([&](auto& tx) { store::prefix_lists::insert(tx, list); });
        return list.id;
    }
    domain::VpcPeeringConnection add_peering(const domain::Vpc& requester,
                                             const domain::Vpc& accepter,
                                             domain::PeeringState state) {
        domain::VpcPeeringConnection peering;
        peering.id = domain::new_id(random_, domain::prefix::vpc_peering_connection);
        peering.requester_account_id = requester.account_id;
        peering.requester_region = requester.region;
        peering.requester_vpc_id = requester.id;
        peering.accepter_account_id = accepter.account_id;
        peering.accepter_region = accepter.region;
        peering.accepter_vpc_id = accepter.id;
        peering.state = state;
        write([&](auto& tx) { store::vpc_peering_connections::insert(tx, peering); });
        return peering;
    }

    // "vpc vpc-…" for each thing that the engine is to look at; they are forgotten.
    std::vector<std::string> take_work() {
        std::vector<std::string> items;
        write([&](auto& tx) {
            for (const auto& item : store::work::lease(tx,
                                                       "host-1",
                                                       "test",
                                                       clock_.now(),
                                                       clock_.now() + std::chrono::minutes{1},
                                                       100)) {
                items.push_back(item.kind + " " + item.resource_id);
                store::work::complete(tx, item);
            }
        });
        return items;
    }

    domain::Vpc vpc_;
    domain::Subnet subnet_;
};

} // namespace pileus::cloud
