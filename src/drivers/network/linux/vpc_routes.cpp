// SPDX-License-Identifier: Apache-2.0
// Where packets of a VPC go: the routes of its subnets, and the links to peered VPCs.
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/vpc.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

// The other end of a link between two VPCs, which has no address: a permanent neighbour.
constexpr Ipv4 peering_hop{0xa9fe'0101}; // 169.254.1.1

bool names(const std::vector<RouteSpec>& routes, const IpCidr& destination) {
    return std::any_of(routes.begin(), routes.end(), [&](const auto& route) {
        return route.destination == destination;
    });
}

} // namespace

Result<Route> Vpc::route_of(const RouteSpec& spec) {
    const bool ipv6 = is_ipv6(spec.destination);
    Route route{.destination = spec.destination, .kind = RouteKind::blackhole};
    const auto lead_to = [&](const std::string& link_name, const IpAddress& hop) -> Result<void> {
        PILEUS_ASSIGN(const auto link, netlink_.find_link(link_name));
        if (!link || !link->up)
            return {};
        route.kind = RouteKind::unicast;
        route.link = link->index;
        route.via = hop;
        return {};
    };
    switch (spec.target) {
    case RouteTarget::internet_gateway:
        if (state_.spec.internet_gateway)
            PILEUS_TRY(lead_to(uplink_name, ipv6 ? IpAddress(next_hop) : plan_.edge()));
        break;
    case RouteTarget::egress_only_internet_gateway:
        PILEUS_TRY(lead_to(uplink_name, egress_only_hop));
        break;
    case RouteTarget::interface:
        if (const auto port = state_.ports.find(spec.target_id); port != state_.ports.end()) {
            const auto& interface = port->second.spec;
            PILEUS_TRY(
                lead_to(port->second.tap,
                        ipv6 ? IpAddress(link_local_of(interface.mac)) : interface.private_ip()));
        }
        break;
    case RouteTarget::peering:
        if (connected_peerings_.count(spec.target_id) != 0)
            PILEUS_TRY(lead_to(peering_link_name(state_.peering_slots.at(spec.target_id)),
                               ipv6 ? IpAddress(next_hop) : peering_hop));
        break;
    case RouteTarget::blackhole:
        break;
    }
    return route;
}

Result<std::vector<SubnetRoutes>> Vpc::wanted_routes() {
    std::map<std::string, std::vector<Route>> tables;
    static const std::string no_table;
    for (const auto& table : state_.spec.route_tables)
        for (const auto& spec : table.routes) {
            if (is_ipv6(spec.destination) && !has_ipv6())
                continue;
            PILEUS_ASSIGN(auto route, route_of(spec));
            tables[table.id].push_back(std::move(route));
        }
    const auto implied = [&](const std::string& table_id) {
        std::vector<IpCidr> blocks(state_.spec.cidrs.begin(), state_.spec.cidrs.end());
        blocks.insert(blocks.end(), state_.spec.ipv6_cidrs.begin(), state_.spec.ipv6_cidrs.end());
        const auto found = std::find_if(state_.spec.route_tables.begin(),
                                        state_.spec.route_tables.end(),
                                        [&](const auto& table) { return table.id == table_id; });
        static const std::vector<RouteSpec> none;
        const auto& listed = found == state_.spec.route_tables.end() ? none : found->routes;
        std::vector<Route> routes;
        for (const auto& block : blocks)
            if (!names(listed, block))
                routes.push_back({.destination = block, .kind = RouteKind::pass_on});
        if (!names(listed, Ipv4Cidr{}))
            routes.push_back({.destination = Ipv4Cidr{}, .kind = RouteKind::blackhole});
        if (has_ipv6() && !names(listed, Ipv6Cidr{}))
            routes.push_back({.destination = Ipv6Cidr{}, .kind = RouteKind::blackhole});
        return routes;
    };
    std::vector<SubnetRoutes> out;
    for (const auto& subnet : state_.spec.subnets) {
        SubnetRoutes routes{.slot = state_.subnet_slots.at(subnet.id),
                            .blocks = {subnet.cidr},
                            .routes = implied(subnet.route_table_id)};
        if (subnet.ipv6_cidr)
            routes.blocks.push_back(*subnet.ipv6_cidr);
        const auto& listed = tables[subnet.route_table_id];
        routes.routes.insert(routes.routes.end(), listed.begin(), listed.end());
        out.push_back(std::move(routes));
    }
    return out;
}

Result<void> Vpc::ensure_routes() {
    PILEUS_ASSIGN(const auto wanted, wanted_routes());
    PolicyRouting routing(netlink_);
    PILEUS_TRY(routing.apply(wanted, IpFamily::ipv4));
    return has_ipv6() ? routing.apply(wanted, IpFamily::ipv6) : Result<void>{};
}

Result<void> Vpc::tighten_routes() {
    PILEUS_ASSIGN(const auto wanted, wanted_routes());
    PolicyRouting routing(netlink_);
    for (const auto family : both_families) {
        if (family == IpFamily::ipv6 && !has_ipv6())
            continue;
        PILEUS_ASSIGN(const bool is_applied, routing.is_applied(wanted, family));
        if (!is_applied)
            PILEUS_TRY(routing.apply_common(wanted, family));
    }
    return {};
}

bool Vpc::is_route_target(const std::string& id) const {
    for (const auto& table : state_.spec.route_tables)
        for (const auto& route : table.routes)
            if (route.target_id == id)
                return true;
    return false;
}

std::vector<PeeringSpec> Vpc::peerings() {
    const std::lock_guard lock(mutex_);
    return state_.spec.peerings;
}

std::vector<std::string> Vpc::peerings_with_slots() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [id, slot] : state_.peering_slots)
        out.push_back(id);
    return out;
}

uint32_t Vpc::peering_slot(const std::string& peering_id) {
    const std::lock_guard lock(mutex_);
    const auto found = state_.peering_slots.find(peering_id);
    return found == state_.peering_slots.end() ? 0 : found->second;
}

Result<void>
Vpc::make_peering_link(const std::string& peering_id, int other_namespace_fd, uint32_t other_slot) {
    const std::lock_guard lock(mutex_);
    const auto name = peering_link_name(state_.peering_slots.at(peering_id));
    PILEUS_ASSIGN(const auto found, netlink_.find_link(name));
    if (found && found->alias == peering_id)
        return {};
    PILEUS_TRY(netlink_.remove_link(name));
    return netlink_.ensure_veth(
        name, peering_link_name(other_slot), other_namespace_fd, options_.mtu);
}

Result<void> Vpc::connect_peering(const std::string& peering_id) {
    const std::lock_guard lock(mutex_);
    const auto name = peering_link_name(state_.peering_slots.at(peering_id));
    PILEUS_ASSIGN(const auto link, netlink_.find_link(name));
    if (!link)
        return fail(errors::unavailable, fmt::format("there is no link for {}", peering_id));
    if (!link->up)
        PILEUS_TRY(netlink_.change_link(link->index,
                                        {.up = true, .mac = router_mac, .alias = peering_id}));
    PILEUS_TRY(netlink_.ensure_neighbor(link->index, peering_hop, router_mac));
    if (has_ipv6())
        PILEUS_TRY(netlink_.ensure_neighbor(link->index, next_hop, router_mac));
    connected_peerings_.insert(peering_id);
    return ensure_routes();
}

Result<void> Vpc::disconnect_peering(const std::string& peering_id) {
    const std::lock_guard lock(mutex_);
    return connected_peerings_.erase(peering_id) != 0 ? ensure_routes() : Result<void>{};
}

Result<void> Vpc::remove_peering_link(const std::string& peering_id) {
    const std::lock_guard lock(mutex_);
    const auto slot = state_.peering_slots.find(peering_id);
    if (slot == state_.peering_slots.end())
        return {};
    PILEUS_TRY(netlink_.remove_link(peering_link_name(slot->second)));
    const bool is_listed = std::any_of(state_.spec.peerings.begin(),
                                       state_.spec.peerings.end(),
                                       [&](const auto& spec) { return spec.id == peering_id; });
    if (is_listed)
        return {};
    state_.peering_slots.erase(slot);
    return save();
}

} // namespace pileus::drivers
