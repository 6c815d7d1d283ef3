// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/routing.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// A route as it is seen: what its target is now, and whether packets reach it.
struct RouteView {
    std::string destination; // a block of either family, or the id of a prefix list
    std::string target_id;   // "local" for the VPC's own blocks
    std::string instance_id; // of a target that is an instance's interface
    std::string instance_owner_id;
    bool is_active = true; // else a black hole

    bool is_local() const { return target_id == "local"; }
};

struct RouteTableView {
    domain::RouteTable table;
    std::vector<domain::RouteTableAssociation> associations; // the main one first
    std::vector<RouteView> routes;                           // the local ones first
    domain::Tags tags;
};

struct RouteTableCreation {
    std::string vpc_id;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

// Exactly one of each group is given; what is not supported is named, so that it can be refused by
// its name.
struct RouteRequest {
    std::string route_table_id;

    std::string cidr_block;
    std::string ipv6_cidr_block;
    std::string prefix_list_id;

    std::string gateway_id; // an internet gateway's; EC2 takes a NAT gateway's here too
    std::string egress_only_internet_gateway_id;
    std::string nat_gateway_id;
    std::string network_interface_id;
    std::string instance_id; // stands for its one interface
    std::string vpc_peering_connection_id;
    bool local_target = false;         // of ReplaceRoute
    std::string unsupported_parameter; // "TransitGatewayId"
};

// Route tables, their associations with subnets, and their routes. Every change of what a packet
// would follow enqueues work for the VPC.
class RouteTables {
  public:
    explicit RouteTables(const Context& context) : context_(context) {}

    Result<RouteTableView> create(const domain::Caller& caller, const RouteTableCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<RouteTableView>> describe(const domain::Caller& caller,
                                             const std::vector<std::string>& ids,
                                             const Filters& filters,
                                             const PageRequest& page);

    Result<domain::RouteTableAssociation> associate(const domain::Caller& caller,
                                                    const std::string& route_table_id,
                                                    const std::string& subnet_id);
    Result<void> disassociate(const domain::Caller& caller, const std::string& association_id);
    // Another table in the association's place, which gets a new id; the main one too.
    Result<domain::RouteTableAssociation> replace_association(const domain::Caller& caller,
                                                              const std::string& association_id,
                                                              const std::string& route_table_id);

    Result<void> create_route(const domain::Caller& caller, const RouteRequest& request);
    Result<void> replace_route(const domain::Caller& caller, const RouteRequest& request);
    Result<void> erase_route(const domain::Caller& caller, const RouteRequest& request);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
