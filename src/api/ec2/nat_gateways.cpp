// SPDX-License-Identifier: Apache-2.0
//
// CreateNatGateway, DeleteNatGateway, DescribeNatGateways: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/create_nat_gateway.h"
#include "model/ec2/delete_nat_gateway.h"
#include "model/ec2/describe_nat_gateways.h"

namespace pileus::api::ec2 {

namespace {

namespace codes = domain::codes;

std::string_view address_status(domain::NatGatewayState state) {
    using State = domain::NatGatewayState;
    switch (state) {
    case State::pending:
        return "associating";
    case State::failed:
        return "failed";
    case State::deleting:
        return "disassociating";
    default:
        return "succeeded";
    }
}

void write_address(const cloud::NatGatewayView& view, model::NatGatewayAddress out) {
    const auto& gateway = view.gateway;
    const auto put = [](const std::string& value, auto set) {
        if (!value.empty())
            set(value);
    };
    put(gateway.allocation_id, [&](const auto& value) { out.set_allocation_id(value); });
    put(gateway.association_id, [&](const auto& value) { out.set_association_id(value); });
    put(gateway.network_interface_id,
        [&](const auto& value) { out.set_network_interface_id(value); });
    put(gateway.private_ip, [&](const auto& value) { out.set_private_ip(value); });
    put(gateway.public_ip, [&](const auto& value) { out.set_public_ip(value); });
    put(gateway.failure_message, [&](const auto& value) { out.set_failure_message(value); });
    put(view.zone, [&](const auto& value) { out.set_availability_zone(value); });
    put(view.zone_id, [&](const auto& value) { out.set_availability_zone_id(value); });
    out.set_is_primary(true).set_status(address_status(gateway.state));
}

void write_gateway(const cloud::NatGatewayView& view, model::NatGateway out) {
    const auto& gateway = view.gateway;
    out.set_nat_gateway_id(gateway.id)
        .set_vpc_id(gateway.vpc_id)
        .set_subnet_id(gateway.subnet_id)
        .set_state(domain::to_string(gateway.state))
        .set_connectivity_type(gateway.is_public ? "public" : "private")
        .set_availability_mode("zonal")
        .set_create_time(gateway.created_at)
        .set_delete_time(gateway.deleted_at);
    if (!gateway.failure_code.empty())
        out.set_failure_code(gateway.failure_code).set_failure_message(gateway.failure_message);
    write_address(view, out.add_nat_gateway_addresses());
    write_tags(view.tags, out);
}

Result<void> refuse_what_is_missing(const model::CreateNatGatewayRequest& in) {
    if (text(in.availability_mode()) == "regional" || in.vpc_id() ||
        in.availability_zone_addresses().size() != 0)
        return fail(codes::unsupported_operation,
                    "Regional NAT gateways are not supported: give SubnetId, and neither VpcId nor "
                    "AvailabilityZoneAddresses.");
    if (in.secondary_allocation_ids().size() != 0 ||
        in.secondary_private_ip_addresses().size() != 0 ||
        in.secondary_private_ip_address_count().value_or(0) != 0)
        return fail(codes::unsupported_operation,
                    "Secondary addresses of NAT gateways are not supported: leave "
                    "SecondaryAllocationIds and SecondaryPrivateIpAddresses out.");
    if (!in.subnet_id())
        return fail(codes::missing_parameter, "The request must contain the parameter subnetId");
    return {};
}

Result<void> create_nat_gateway(Call& call,
                                model::CreateNatGatewayRequest in,
                                model::CreateNatGatewayResult out) {
    PILEUS_TRY(refuse_what_is_missing(in));
    PILEUS_ASSIGN(const auto view,
                  call.cloud.nat_gateways.create(call.caller,
                                                 {text(in.subnet_id()),
                                                  text(in.connectivity_type()) != "private",
                                                  text(in.allocation_id()),
                                                  text(in.private_ip_address()),
                                                  tag_specifications_of(in),
                                                  client_token_of(call, in)}));
    write_gateway(view, out.set_nat_gateway());
    if (in.client_token())
        out.set_client_token(text(in.client_token()));
    return {};
}

Result<void> delete_nat_gateway(Call& call,
                                model::DeleteNatGatewayRequest in,
                                model::DeleteNatGatewayResult out) {
    PILEUS_TRY(call.cloud.nat_gateways.erase(call.caller, text(in.nat_gateway_id())));
    out.set_nat_gateway_id(text(in.nat_gateway_id()));
    return {};
}

// The one operation that calls its filters Filter.
cloud::Filters filters_of(const model::DescribeNatGatewaysRequest& in) {
    cloud::Filters filters;
    for (const auto filter : in.filter())
        filters.push_back({text(filter.name()), texts(filter.values())});
    return filters;
}

Result<void> describe_nat_gateways(Call& call,
                                   model::DescribeNatGatewaysRequest in,
                                   model::DescribeNatGatewaysResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.nat_gateways.describe(
                      call.caller, texts(in.nat_gateway_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_gateway(view, out.add_nat_gateways());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_nat_gateways(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateNatGateway>(create_nat_gateway);
    registry.add<operations::DeleteNatGateway>(delete_nat_gateway);
    registry.add<operations::DescribeNatGateways>(describe_nat_gateways);
}

} // namespace pileus::api::ec2
