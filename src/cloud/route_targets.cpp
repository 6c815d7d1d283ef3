// SPDX-License-Identifier: Apache-2.0
#include "cloud/route_targets.h"

#include "base/net.h"
#include "cloud/listing.h"
#include "domain/ids.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

// Link-local services of EC2: not to be routed anywhere else.
constexpr std::string_view reserved_block = "169.254.168.0/22";
constexpr std::string_view reserved_ipv6_block = "fd00:ec2::/32";

struct Check {
    store::Transaction& tx;
    const domain::Caller& caller;
    const domain::RouteTable& table;
    const std::string& destination;

    bool is_ipv6() const { return destination.find(':') != std::string::npos; }
};

template <class Block> bool contains(std::string_view outer, const Block& inner) {
    const auto block = parse_cidr(outer);
    const auto* same_family = block ? std::get_if<Block>(&*block) : nullptr;
    return same_family != nullptr && same_family->contains(inner);
}

Result<std::string> normal_block(const std::string& given, std::string_view parameter) {
    const bool wants_ipv6 = parameter == "destinationIpv6CidrBlock";
    const auto block = parse_cidr(given);
    if (!block || pileus::is_ipv6(*block) != wants_ipv6)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter {} is invalid. This is not a valid {}CIDR block.",
                        given,
                        parameter,
                        wants_ipv6 ? "IPv6 " : ""));
    for (const auto reserved : {reserved_block, reserved_ipv6_block})
        if (std::visit([&](const auto& inner) { return contains(reserved, inner); }, *block))
            return fail(codes::invalid_parameter_value,
                        fmt::format("The destination {} is in {}, which is reserved.",
                                    to_string(*block),
                                    reserved));
    return to_string(*block);
}

Error belong_to_different_networks(const Check& check,
                                   std::string_view what,
                                   const std::string& target_id) {
    return {codes::invalid_parameter_value,
            fmt::format("route table {} and {} {} belong to different networks",
                        check.table.id,
                        what,
                        target_id)};
}

Error no_such_gateway(const std::string& id) {
    return {codes::gateway_not_found, fmt::format("The gateway ID '{}' does not exist", id)};
}

bool is_usable(const domain::NatGateway& gateway) {
    return gateway.state == domain::NatGatewayState::pending ||
           gateway.state == domain::NatGatewayState::available;
}

Result<std::string> find_nat_gateway(const Check& check, const std::string& id) {
    const auto gateway = store::nat_gateways::find(check.tx, scope_of(check.caller), id);
    if (!gateway || !is_usable(*gateway))
        return fail(codes::nat_gateway_id_not_found,
                    fmt::format("The natGateway ID '{}' does not exist", id));
    if (gateway->vpc_id != check.table.vpc_id)
        return fail(belong_to_different_networks(check, "NAT gateway", id));
    if (check.is_ipv6())
        return fail(codes::invalid_parameter_value,
                    "A NAT gateway translates IPv4: IPv6 goes out by an internet gateway or an "
                    "egress-only internet gateway. (NAT64 is not supported.)");
    return id;
}

Result<std::string> find_gateway(const Check& check, const std::string& id) {
    if (id.starts_with(domain::prefix::nat_gateway))
        return find_nat_gateway(check, id);
    if (id.starts_with("vgw-") || id.starts_with("vpce-"))
        return fail(codes::unsupported_operation,
                    "Routes to virtual private gateways and VPC endpoints are not supported.");
    const auto gateway = store::internet_gateways::find(check.tx, scope_of(check.caller), id);
    if (!gateway)
        return fail(no_such_gateway(id));
    if (gateway->vpc_id != check.table.vpc_id)
        return fail(belong_to_different_networks(check, "network gateway", id));
    return id;
}

Result<std::string> find_egress_only_gateway(const Check& check, const std::string& id) {
    const auto gateway =
        store::egress_only_internet_gateways::find(check.tx, scope_of(check.caller), id);
    if (!gateway)
        return fail(no_such_gateway(id));
    if (gateway->vpc_id != check.table.vpc_id)
        return fail(belong_to_different_networks(check, "egress-only internet gateway", id));
    if (!check.is_ipv6())
        return fail(codes::invalid_parameter_value,
                    "An egress-only internet gateway is for IPv6: give DestinationIpv6CidrBlock.");
    return id;
}

Result<std::string> find_interface(const Check& check, const std::string& id) {
    const auto interface =
        own(store::network_interfaces::find(check.tx, id), scope_of(check.caller));
    if (!interface)
        return fail(missing_error(kinds::network_interface, id));
    if (interface->vpc_id != check.table.vpc_id)
        return fail(belong_to_different_networks(check, "interface", id));
    return id;
}

Result<std::string> find_instance(const Check& check, const std::string& id) {
    const auto instance = store::instances::find(check.tx, scope_of(check.caller), id);
    if (!instance || instance->state == domain::InstanceState::terminated)
        return fail(missing_error(kinds::instance, id));
    const auto interfaces = store::network_interfaces::list_of_instance(check.tx, id);
    if (interfaces.size() > 1)
        return fail(codes::invalid_instance_id,
                    fmt::format("There are multiple interfaces attached to instance '{}'. Please "
                                "specify an interface ID for the operation instead.",
                                id));
    if (interfaces.empty())
        return fail(codes::invalid_instance_id,
                    fmt::format("The instance '{}' has no network interface.", id));
    return find_interface(check, interfaces.front().id);
}

Result<std::string> find_peering(const Check& check, const std::string& id) {
    using State = domain::PeeringState;
    const auto peering = store::vpc_peering_connections::find(check.tx, scope_of(check.caller), id);
    const bool can_be_routed =
        peering && (peering->state == State::active || peering->state == State::pending_acceptance);
    if (!can_be_routed)
        return fail(codes::peering_not_found,
                    fmt::format("The vpcPeeringConnection ID '{}' does not exist", id));
    if (peering->requester_vpc_id != check.table.vpc_id &&
        peering->accepter_vpc_id != check.table.vpc_id)
        return fail(belong_to_different_networks(check, "vpc peering connection", id));
    return id;
}

// Inside the VPC's own blocks packets go where they are addressed, but for a whole subnet whose
// traffic an appliance is to see.
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html#route-tables-concepts
Result<void> check_inside_vpc(const Check& check, const std::string& target_id) {
    const auto destination = parse_cidr(check.destination);
    if (!destination)
        return {}; // a prefix list
    const auto blocks = blocks_of(check.tx, check.table.vpc_id);
    const bool is_inside = std::any_of(blocks.begin(), blocks.end(), [&](const std::string& block) {
        return std::visit([&](const auto& inner) { return contains(block, inner); }, *destination);
    });
    if (!is_inside)
        return {};
    if (!target_id.starts_with(domain::prefix::network_interface))
        return fail(
            codes::invalid_parameter_value,
            fmt::format("The destination CIDR block {} is equal to or more specific than one of "
                        "this VPC's CIDR blocks. This route can target only an interface or an "
                        "instance.",
                        check.destination));
    const auto subnets = store::subnets::list_of_vpc(check.tx, check.table.vpc_id);
    const bool is_subnet = std::any_of(subnets.begin(), subnets.end(), [&](const auto& subnet) {
        return subnet.cidr_block == check.destination ||
               subnet.ipv6_cidr_block == check.destination;
    });
    if (!is_subnet)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The destination CIDR block {} is more specific than one of this "
                                "VPC's CIDR blocks: it must be the whole block of a subnet.",
                                check.destination));
    return {};
}

bool is_taking_packets(store::Transaction& tx, const domain::NetworkInterface& interface) {
    if (interface.kind != domain::NetworkInterfaceKind::interface)
        return true;
    if (interface.instance_id.empty())
        return false;
    const auto instance = store::instances::find(tx, interface.instance_id);
    return instance && (instance->state == domain::InstanceState::pending ||
                        instance->state == domain::InstanceState::running);
}

void view_interface(store::Transaction& tx, RouteView& view) {
    const auto interface = store::network_interfaces::find(tx, view.target_id);
    view.is_active = interface && is_taking_packets(tx, *interface);
    if (interface && !interface->instance_id.empty()) {
        view.instance_id = interface->instance_id;
        view.instance_owner_id = interface->account_id;
    }
}

} // namespace

Result<std::string> find_destination(store::Transaction& tx,
                                     const domain::Caller& caller,
                                     const RouteRequest& request) {
    const int given = !request.cidr_block.empty() + !request.ipv6_cidr_block.empty() +
                      !request.prefix_list_id.empty();
    if (given == 0)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter destinationCidrBlock or "
                    "destinationIpv6CidrBlock or destinationPrefixListId");
    if (given > 1)
        return fail(codes::invalid_parameter_combination,
                    "The request must contain exactly one of destinationCidrBlock, "
                    "destinationIpv6CidrBlock and destinationPrefixListId.");
    if (!request.cidr_block.empty())
        return normal_block(request.cidr_block, "destinationCidrBlock");
    if (!request.ipv6_cidr_block.empty())
        return normal_block(request.ipv6_cidr_block, "destinationIpv6CidrBlock");
    if (!store::prefix_lists::find(tx, scope_of(caller), request.prefix_list_id))
        return fail(missing_error(kinds::prefix_list, request.prefix_list_id));
    return request.prefix_list_id;
}

Result<std::string> find_target(store::Transaction& tx,
                                const domain::Caller& caller,
                                const domain::RouteTable& table,
                                const std::string& destination,
                                const RouteRequest& request) {
    using Find = Result<std::string> (*)(const Check&, const std::string&);
    struct Candidate {
        const std::string& id;
        Find find;
    };
    if (!request.unsupported_parameter.empty())
        return fail(codes::unsupported_operation,
                    fmt::format("Routes with {} are not supported: the target may be an internet "
                                "gateway, an egress-only internet gateway, a NAT gateway, a "
                                "network interface, an instance or a VPC peering connection.",
                                request.unsupported_parameter));
    const std::array candidates{
        Candidate{request.gateway_id, find_gateway},
        Candidate{request.egress_only_internet_gateway_id, find_egress_only_gateway},
        Candidate{request.nat_gateway_id, find_nat_gateway},
        Candidate{request.network_interface_id, find_interface},
        Candidate{request.instance_id, find_instance},
        Candidate{request.vpc_peering_connection_id, find_peering}};
    const Candidate* chosen = nullptr;
    for (const auto& candidate : candidates) {
        if (candidate.id.empty())
            continue;
        if (chosen != nullptr)
            return fail(codes::invalid_parameter_combination,
                        "A route has one target: give one of GatewayId, "
                        "EgressOnlyInternetGatewayId, NatGatewayId, NetworkInterfaceId, "
                        "InstanceId and VpcPeeringConnectionId.");
        chosen = &candidate;
    }
    if (chosen == nullptr)
        return fail(codes::missing_parameter,
                    "The request must contain exactly one of gatewayId, natGatewayId, "
                    "networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId or "
                    "instanceId");
    const Check check{tx, caller, table, destination};
    PILEUS_ASSIGN(auto target_id, chosen->find(check, chosen->id));
    PILEUS_TRY(check_inside_vpc(check, target_id));
    return target_id;
}

std::vector<std::string> blocks_of(store::Transaction& tx, const std::string& vpc_id) {
    std::vector<std::string> blocks;
    if (const auto vpc = store::vpcs::find(tx, vpc_id))
        blocks.push_back(vpc->cidr_block);
    const auto others = store::vpc_cidr_blocks::list_of_vpc(tx, vpc_id);
    for (const bool is_ipv6 : {false, true})
        for (const auto& block : others)
            if (block.is_ipv6 == is_ipv6)
                blocks.push_back(block.cidr_block);
    return blocks;
}

RouteView
view_route(store::Transaction& tx, const domain::RouteTable& table, const domain::Route& route) {
    RouteView view{route.destination, route.target_id, {}, {}, false};
    const auto is = [&](std::string_view prefix) { return view.target_id.starts_with(prefix); };
    if (is(domain::prefix::network_interface)) {
        view_interface(tx, view);
    } else if (is(domain::prefix::internet_gateway)) {
        const auto gateway = store::internet_gateways::find(tx, view.target_id);
        view.is_active = gateway && gateway->vpc_id == table.vpc_id;
    } else if (is(domain::prefix::egress_only_internet_gateway)) {
        view.is_active = store::egress_only_internet_gateways::find(tx, view.target_id).has_value();
    } else if (is(domain::prefix::nat_gateway)) {
        const auto gateway = store::nat_gateways::find(tx, view.target_id);
        view.is_active = gateway && is_usable(*gateway);
    } else if (is(domain::prefix::vpc_peering_connection)) {
        const auto peering = store::vpc_peering_connections::find(tx, view.target_id);
        view.is_active = peering && peering->state == domain::PeeringState::active;
    }
    return view;
}

} // namespace pileus::cloud
