// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/edge.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr Ipv4Cidr everything{};

Ipv4Cidr single(Ipv4 address) {
    return {address, 32};
}

std::string forwarding_key(const std::string& link) {
    return fmt::format("ipv4/conf/{}/forwarding", link);
}

} // namespace

Result<void> Edge::ensure() {
    const std::lock_guard lock(mutex_);
    PILEUS_TRY(make_directories(options_.run_dir, 0755));
    PILEUS_ASSIGN(namespace_, NetworkNamespace::create(edge_namespace_name(options_.installation)));
    PILEUS_ASSIGN(netlink_, namespace_->run([] { return Netlink::open(); }));
    PILEUS_ASSIGN(auto host, Netlink::open());
    PILEUS_TRY(host.ensure_veth(
        host_link_name(options_.installation), edge_to_host_name, namespace_->fd(), options_.mtu));

    auto& edge = *netlink_;
    const auto prepared = namespace_->run([]() -> Result<void> {
        if (machine_has_ipv6())
            PILEUS_TRY(write_sysctls({{"ipv6/conf/default/addr_gen_mode", "1"},
                                      {"ipv6/conf/default/accept_ra", "0"},
                                      {"ipv6/conf/default/disable_ipv6", "0"},
                                      {"ipv6/conf/all/disable_ipv6", "0"},
                                      {"ipv6/conf/all/forwarding", "1"}}));
        return write_sysctl("ipv4/ip_forward", "1");
    });
    PILEUS_TRY(prepared);
    // Rules before links: nothing is forwarded by accident.
    PILEUS_TRY(run_nft(runner_, *namespace_, edge_rules(options_)));
    PILEUS_ASSIGN(const auto found, edge.find_link(edge_to_host_name));
    const int to_host = found->index;
    if (!found->up)
        PILEUS_TRY(edge.change_link(to_host, {.mac = link_end_mac}));
    PILEUS_TRY(edge.ensure_address(to_host, plan_.edge(), 32));
    PILEUS_TRY(edge.change_link(to_host, {.up = true}));
    PILEUS_TRY(edge.ensure_route({.destination = single(plan_.host()), .link = to_host}));
    PILEUS_TRY(
        edge.ensure_route({.destination = everything, .link = to_host, .via = plan_.host()}));
    // A public address that nobody has says so at once.
    PILEUS_TRY(edge.ensure_route({.destination = plan_.transit(), .kind = RouteKind::unreachable}));
    PILEUS_TRY(ensure_host_side(host));
    if (!machine_has_ipv6())
        return {};
    PILEUS_ASSIGN(const int host_link, host.link_index(host_link_name(options_.installation)));
    return ensure_ipv6(host, host_link, to_host);
}

// Neither end of the link has its own addresses; each knows where the other is.
Result<void> Edge::ensure_ipv6(Netlink& host, int host_link, int edge_link) {
    const auto here = host_link_name(options_.installation);
    PILEUS_TRY(write_sysctls({{"ipv6/conf/" + here + "/addr_gen_mode", "1"},
                              {"ipv6/conf/" + here + "/accept_ra", "0"},
                              {"ipv6/conf/" + here + "/disable_ipv6", "0"}}));
    PILEUS_TRY(host.ensure_address(host_link, plan_.ipv6_host(), 128));
    PILEUS_TRY(host.ensure_neighbor(host_link, next_hop, link_end_mac));
    PILEUS_TRY(
        host.ensure_route({.destination = plan_.ipv6_pool(), .link = host_link, .via = next_hop}));
    PILEUS_TRY(netlink_->ensure_neighbor(edge_link, next_hop, router_mac));
    PILEUS_TRY(
        netlink_->ensure_route({.destination = plan_.ipv6_pool(), .kind = RouteKind::unreachable}));
    PILEUS_TRY(netlink_->ensure_route(
        {.destination = Ipv6Cidr{plan_.ipv6_host(), 128}, .link = edge_link, .via = next_hop}));
    return netlink_->ensure_route({.destination = Ipv6Cidr{}, .link = edge_link, .via = next_hop});
}

Result<void> Edge::ensure_host_side(Netlink& host) {
    const auto link_name = host_link_name(options_.installation);
    PILEUS_ASSIGN(const int link, host.link_index(link_name));
    PILEUS_ASSIGN(const bool taken, host.has_foreign_route(plan_.transit(), link));
    if (taken)
        return fail(
            errors::unavailable,
            fmt::format(
                "the host has a route to {} already: set network.transit to a block that is free",
                plan_.transit().str()));
    // Packets from 127.0.0.1 leave on this link, and their answers come back on it; on no other.
    PILEUS_TRY(write_sysctl(fmt::format("ipv4/conf/{}/route_localnet", link_name), "1"));
    if (options_.egress || !plan_.is_loopback_pool())
        PILEUS_TRY(ensure_forwarding(host));
    PILEUS_ASSIGN(const auto here, NetworkNamespace::of_caller());
    PILEUS_TRY(run_nft(runner_, here, host_rules(options_, closed_uplink_)));
    PILEUS_TRY(host.ensure_address(link, plan_.host(), 32));
    PILEUS_ASSIGN(const auto found, host.find_link(link_name));
    if (!found->up)
        PILEUS_TRY(host.change_link(link, {.mac = router_mac}));
    PILEUS_TRY(host.change_link(link, {.up = true}));
    PILEUS_TRY(host.ensure_route({.destination = single(plan_.edge()), .link = link}));
    if (!plan_.is_loopback_pool()) // so that it is not sought on the network
        PILEUS_TRY(
            host.ensure_route({.destination = plan_.pool(), .link = link, .via = plan_.edge()}));
    return host.ensure_route({.destination = plan_.transit(), .link = link, .via = plan_.edge()});
}

// Forwarding is switched on for the two links that guests' packets pass, not for the machine. Where
// it was off before, the host's own table keeps everything else from being forwarded there, and
// remove() switches it off again.
Result<void> Edge::ensure_forwarding(Netlink& host) {
    PILEUS_TRY(write_sysctl(forwarding_key(host_link_name(options_.installation)), "1"));
    PILEUS_ASSIGN(const auto link, public_link(host));
    if (!link) {
        log_warning("guests have no way out: the machine has no default route");
        return {};
    }
    PILEUS_ASSIGN(const auto forwarding, read_sysctl(forwarding_key(link->name)));
    const auto note = read_file(uplink_note(), 64);
    if (forwarding == "0") {
        PILEUS_TRY(write_file_durably(uplink_note(), link->name));
        PILEUS_TRY(write_sysctl(forwarding_key(link->name), "1"));
        closed_uplink_ = link->name;
    } else if (note && trim(*note) == link->name) {
        closed_uplink_ = link->name; // it was us, before a restart of the daemon
    }
    return {};
}

Result<std::optional<Link>> Edge::public_link(Netlink& host) {
    if (!options_.public_link.empty())
        return host.find_link(options_.public_link);
    PILEUS_ASSIGN(const auto uplink, host.default_route_link());
    PILEUS_ASSIGN(const auto links, host.links());
    for (const auto& link : links)
        if (link.index == uplink)
            return std::optional<Link>(link);
    return std::optional<Link>{};
}

// The host answers ARP for a public address that is in use, on the network whose address it is. The
// entries are the kernel's: they outlive the daemon, and go with remove_public_address() or
// remove().
Result<void> Edge::answer_for(Ipv4 transit_ip, bool answers) {
    if (plan_.is_loopback_pool())
        return {};
    PILEUS_ASSIGN(auto host, Netlink::open());
    PILEUS_ASSIGN(const auto link, public_link(host));
    if (!link)
        return {};
    const auto address = plan_.public_of(transit_ip);
    return answers ? host.ensure_proxy_neighbor(link->index, address)
                   : host.remove_proxy_neighbor(link->index, address);
}

Result<void> Edge::ensure_vpc(uint32_t slot,
                              const NetworkNamespace& vpc,
                              const std::vector<Ipv6Cidr>& ipv6_cidrs) {
    const std::lock_guard lock(mutex_);
    const auto name = edge_to_vpc_name(slot);
    PILEUS_TRY(netlink_->ensure_veth(name, uplink_name, vpc.fd(), options_.mtu));
    PILEUS_ASSIGN(const auto found, netlink_->find_link(name));
    const int link = found->index;
    if (!found->up)
        PILEUS_TRY(netlink_->change_link(link, {.mac = link_end_mac}));
    PILEUS_TRY(netlink_->change_link(link, {.up = true}));
    PILEUS_TRY(netlink_->ensure_route({.destination = single(plan_.vpc(slot)), .link = link}));
    if (!machine_has_ipv6())
        return {};
    PILEUS_TRY(netlink_->ensure_neighbor(link, next_hop, router_mac));
    PILEUS_ASSIGN(const auto routes, netlink_->routes(IpFamily::ipv6));
    for (const auto& route : routes)
        if (route.link == link && route.via &&
            std::count(
                ipv6_cidrs.begin(), ipv6_cidrs.end(), std::get<Ipv6Cidr>(route.destination)) == 0)
            PILEUS_TRY(netlink_->remove_route(route));
    for (const auto& cidr : ipv6_cidrs)
        PILEUS_TRY(netlink_->ensure_route({.destination = cidr, .link = link, .via = next_hop}));
    return {};
}

Result<void> Edge::remove_vpc(uint32_t slot) {
    const std::lock_guard lock(mutex_);
    return netlink_->remove_link(edge_to_vpc_name(slot)); // its routes go with it
}

Result<void> Edge::ensure_public_address(Ipv4 transit_ip, uint32_t slot) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const int link, netlink_->link_index(edge_to_vpc_name(slot)));
    PILEUS_TRY(netlink_->ensure_route(
        {.destination = single(transit_ip), .link = link, .via = plan_.vpc(slot)}));
    return answer_for(transit_ip, true);
}

Result<void> Edge::remove_public_address(Ipv4 transit_ip, uint32_t slot) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const auto link, netlink_->find_link(edge_to_vpc_name(slot)));
    PILEUS_TRY(answer_for(transit_ip, false));
    if (!link)
        return {};
    return netlink_->remove_route(
        {.destination = single(transit_ip), .link = link->index, .via = plan_.vpc(slot)});
}

Result<void> Edge::remove() {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const auto here, NetworkNamespace::of_caller());
    PILEUS_TRY(run_nft(runner_, here, host_rules_removal(options_)));
    if (const auto note = read_file(uplink_note(), 64)) {
        PILEUS_TRY(write_sysctl(forwarding_key(std::string(trim(*note))), "0"));
        std::error_code ignored;
        std::filesystem::remove(uplink_note(), ignored);
    }
    PILEUS_ASSIGN(auto host, Netlink::open());
    if (!plan_.is_loopback_pool()) {
        PILEUS_ASSIGN(const auto link, public_link(host));
        for (uint64_t i = 0; link && i < plan_.pool().size(); ++i)
            PILEUS_TRY(host.remove_proxy_neighbor(link->index, plan_.pool().at(i)));
    }
    PILEUS_TRY(host.remove_link(host_link_name(options_.installation)));
    netlink_.reset();
    namespace_.reset();
    return remove_namespace(edge_namespace_name(options_.installation));
}

} // namespace pileus::drivers
