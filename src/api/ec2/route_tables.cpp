// SPDX-License-Identifier: Apache-2.0
//
// CreateRouteTable … DescribeRouteTables, AssociateRouteTable and its kin, CreateRoute,
// ReplaceRoute, DeleteRoute: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "domain/ids.h"
#include "model/ec2/associate_route_table.h"
#include "model/ec2/create_route.h"
#include "model/ec2/create_route_table.h"
#include "model/ec2/delete_route.h"
#include "model/ec2/delete_route_table.h"
#include "model/ec2/describe_route_tables.h"
#include "model/ec2/disassociate_route_table.h"
#include "model/ec2/replace_route.h"
#include "model/ec2/replace_route_table_association.h"

namespace pileus::api::ec2 {

namespace {

namespace codes = domain::codes;
namespace prefix = domain::prefix;

void write_association(const domain::RouteTableAssociation& association,
                       model::RouteTableAssociation out) {
    out.set_route_table_association_id(association.id)
        .set_route_table_id(association.route_table_id)
        .set_main(association.subnet_id.empty());
    if (!association.subnet_id.empty())
        out.set_subnet_id(association.subnet_id);
    out.set_association_state().set_state("associated");
}

void write_destination(const std::string& destination, model::Route& out) {
    if (destination.starts_with(prefix::prefix_list))
        out.set_destination_prefix_list_id(destination);
    else if (destination.find(':') != std::string::npos)
        out.set_destination_ipv6_cidr_block(destination);
    else
        out.set_destination_cidr_block(destination);
}

void write_target(const cloud::RouteView& route, model::Route& out) {
    const auto& id = route.target_id;
    if (route.is_local() || id.starts_with(prefix::internet_gateway))
        out.set_gateway_id(id);
    else if (id.starts_with(prefix::egress_only_internet_gateway))
        out.set_egress_only_internet_gateway_id(id);
    else if (id.starts_with(prefix::nat_gateway))
        out.set_nat_gateway_id(id);
    else if (id.starts_with(prefix::vpc_peering_connection))
        out.set_vpc_peering_connection_id(id);
    else
        out.set_network_interface_id(id);
    if (!route.instance_id.empty())
        out.set_instance_id(route.instance_id).set_instance_owner_id(route.instance_owner_id);
}

void write_table(const cloud::RouteTableView& view, model::RouteTable out) {
    out.set_route_table_id(view.table.id)
        .set_vpc_id(view.table.vpc_id)
        .set_owner_id(view.table.account_id)
        .touch_associations()
        .touch_propagating_vgws()
        .touch_routes();
    for (const auto& association : view.associations)
        write_association(association, out.add_associations());
    for (const auto& route : view.routes) {
        auto written = out.add_routes();
        write_destination(route.destination, written);
        write_target(route, written);
        written.set_origin(route.is_local() ? "CreateRouteTable" : "CreateRoute")
            .set_state(route.is_active ? "active" : "blackhole");
    }
    write_tags(view.tags, out);
}

Result<void> create_route_table(Call& call,
                                model::CreateRouteTableRequest in,
                                model::CreateRouteTableResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.route_tables.create(
                      call.caller,
                      {text(in.vpc_id()), tag_specifications_of(in), client_token_of(call, in)}));
    write_table(view, out.set_route_table());
    if (in.client_token())
        out.set_client_token(text(in.client_token()));
    return {};
}

Result<void> delete_route_table(Call& call, model::DeleteRouteTableRequest in, model::Unit) {
    return call.cloud.route_tables.erase(call.caller, text(in.route_table_id()));
}

Result<void> describe_route_tables(Call& call,
                                   model::DescribeRouteTablesRequest in,
                                   model::DescribeRouteTablesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.route_tables.describe(
                      call.caller, texts(in.route_table_ids()), filters_of(in), page_of(in)));
    out.touch_route_tables();
    for (const auto& view : listing.items)
        write_table(view, out.add_route_tables());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> associate_route_table(Call& call,
                                   model::AssociateRouteTableRequest in,
                                   model::AssociateRouteTableResult out) {
    if (in.gateway_id() || in.public_ipv4_pool())
        return fail(codes::unsupported_operation,
                    "Route tables can be associated with subnets here, not with gateways or "
                    "address pools: leave GatewayId and PublicIpv4Pool out.");
    if (!in.subnet_id())
        return fail(codes::missing_parameter, "The request must contain the parameter subnetId");
    PILEUS_ASSIGN(const auto association,
                  call.cloud.route_tables.associate(
                      call.caller, text(in.route_table_id()), text(in.subnet_id())));
    out.set_association_id(association.id).set_association_state().set_state("associated");
    return {};
}

Result<void>
disassociate_route_table(Call& call, model::DisassociateRouteTableRequest in, model::Unit) {
    return call.cloud.route_tables.disassociate(call.caller, text(in.association_id()));
}

Result<void> replace_route_table_association(Call& call,
                                             model::ReplaceRouteTableAssociationRequest in,
                                             model::ReplaceRouteTableAssociationResult out) {
    PILEUS_ASSIGN(const auto association,
                  call.cloud.route_tables.replace_association(
                      call.caller, text(in.association_id()), text(in.route_table_id())));
    out.set_new_association_id(association.id).set_association_state().set_state("associated");
    return {};
}

template <class Request> cloud::RouteRequest destination_of(const Request& in) {
    cloud::RouteRequest request;
    request.route_table_id = text(in.route_table_id());
    request.cidr_block = text(in.destination_cidr_block());
    request.ipv6_cidr_block = text(in.destination_ipv6_cidr_block());
    request.prefix_list_id = text(in.destination_prefix_list_id());
    return request;
}

template <class Request> std::string unsupported_target_of(const Request& in) {
    if (in.transit_gateway_id())
        return "TransitGatewayId";
    if (in.local_gateway_id())
        return "LocalGatewayId";
    if (in.carrier_gateway_id())
        return "CarrierGatewayId";
    if (in.vpc_endpoint_id())
        return "VpcEndpointId";
    if (in.core_network_arn())
        return "CoreNetworkArn";
    if (in.odb_network_arn())
        return "OdbNetworkArn";
    return {};
}

template <class Request> cloud::RouteRequest route_of(const Request& in) {
    auto request = destination_of(in);
    request.gateway_id = text(in.gateway_id());
    request.egress_only_internet_gateway_id = text(in.egress_only_internet_gateway_id());
    request.nat_gateway_id = text(in.nat_gateway_id());
    request.network_interface_id = text(in.network_interface_id());
    request.instance_id = text(in.instance_id());
    request.vpc_peering_connection_id = text(in.vpc_peering_connection_id());
    request.unsupported_parameter = unsupported_target_of(in);
    return request;
}

Result<void> create_route(Call& call, model::CreateRouteRequest in, model::CreateRouteResult out) {
    PILEUS_TRY(call.cloud.route_tables.create_route(call.caller, route_of(in)));
    out.set_return_(true);
    return {};
}

Result<void> replace_route(Call& call, model::ReplaceRouteRequest in, model::Unit) {
    auto request = route_of(in);
    request.local_target = in.local_target().value_or(false);
    return call.cloud.route_tables.replace_route(call.caller, request);
}

Result<void> delete_route(Call& call, model::DeleteRouteRequest in, model::Unit) {
    return call.cloud.route_tables.erase_route(call.caller, destination_of(in));
}

} // namespace

void register_route_tables(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateRouteTable>(create_route_table);
    registry.add<operations::DeleteRouteTable>(delete_route_table);
    registry.add<operations::DescribeRouteTables>(describe_route_tables);
    registry.add<operations::AssociateRouteTable>(associate_route_table);
    registry.add<operations::DisassociateRouteTable>(disassociate_route_table);
    registry.add<operations::ReplaceRouteTableAssociation>(replace_route_table_association);
    registry.add<operations::CreateRoute>(create_route);
    registry.add<operations::ReplaceRoute>(replace_route);
    registry.add<operations::DeleteRoute>(delete_route);
}

} // namespace pileus::api::ec2
