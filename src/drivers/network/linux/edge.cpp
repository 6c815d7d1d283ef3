// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/edge.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"

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
    PILEUS_TRY(namespace_->run([]() -> Result<void> {
        PILEUS_TRY(write_sysctl("ipv6/conf/all/disable_ipv6", "1"));
        return write_sysctl("ipv4/ip_forward", "1");
    }));
    // Rules before links: nothing is forwarded by accident.
    PILEUS_TRY(run_nft(runner_, *namespace_, edge_rules(options_)));
    PILEUS_ASSIGN(const int to_host, edge.link_index(edge_to_host_name));
    PILEUS_TRY(edge.ensure_address(to_host, plan_.edge(), 32));
    PILEUS_TRY(edge.change_link(to_host, {.up = true}));
    PILEUS_TRY(edge.ensure_route({.destination = single(plan_.host()), .link = to_host}));
    PILEUS_TRY(
        edge.ensure_route({.destination = everything, .link = to_host, .via = plan_.host()}));
    // A public address that nobody has says so at once.
    PILEUS_TRY(edge.ensure_route({.destination = plan_.transit(), .kind = RouteKind::unreachable}));
    return ensure_host_side(host);
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
    PILEUS_TRY(write_sysctl(fmt::format("ipv6/conf/{}/disable_ipv6", link_name), "1"));
    // Packets from 127.0.0.1 leave on this link, and their answers come back on it; on no other.
    PILEUS_TRY(write_sysctl(fmt::format("ipv4/conf/{}/route_localnet", link_name), "1"));
    if (options_.egress)
        PILEUS_TRY(ensure_egress(host));
    PILEUS_ASSIGN(const auto here, NetworkNamespace::of_caller());
    PILEUS_TRY(run_nft(runner_, here, host_rules(options_, closed_uplink_)));
    PILEUS_TRY(host.ensure_address(link, plan_.host(), 32));
    PILEUS_TRY(host.change_link(link, {.up = true}));
    PILEUS_TRY(host.ensure_route({.destination = single(plan_.edge()), .link = link}));
    return host.ensure_route({.destination = plan_.transit(), .link = link, .via = plan_.edge()});
}

// Forwarding is switched on for the two links that guests' packets pass, not for the machine. Where
// it was off before, the host's own table keeps everything else from being forwarded there, and
// remove() switches it off again.
Result<void> Edge::ensure_egress(Netlink& host) {
    PILEUS_TRY(write_sysctl(forwarding_key(host_link_name(options_.installation)), "1"));
    PILEUS_ASSIGN(const auto uplink, host.default_route_link());
    if (!uplink) {
        log_warning("guests have no way out: the machine has no default route");
        return {};
    }
    PILEUS_ASSIGN(const auto links, host.links());
    for (const auto& link : links) {
        if (link.index != *uplink)
            continue;
        PILEUS_ASSIGN(const auto forwarding, read_sysctl(forwarding_key(link.name)));
        const auto note = read_file(uplink_note(), 64);
        if (forwarding == "0") {
            PILEUS_TRY(write_file_durably(uplink_note(), link.name));
            PILEUS_TRY(write_sysctl(forwarding_key(link.name), "1"));
            closed_uplink_ = link.name;
        } else if (note && trim(*note) == link.name) {
            closed_uplink_ = link.name; // it was us, before a restart of the daemon
        }
    }
    return {};
}

Result<void> Edge::ensure_vpc(uint32_t slot, const NetworkNamespace& vpc) {
    const std::lock_guard lock(mutex_);
    const auto name = edge_to_vpc_name(slot);
    PILEUS_TRY(netlink_->ensure_veth(name, uplink_name, vpc.fd(), options_.mtu));
    PILEUS_ASSIGN(const int link, netlink_->link_index(name));
    PILEUS_TRY(netlink_->change_link(link, {.up = true}));
    return netlink_->ensure_route({.destination = single(plan_.vpc(slot)), .link = link});
}

Result<void> Edge::remove_vpc(uint32_t slot) {
    const std::lock_guard lock(mutex_);
    return netlink_->remove_link(edge_to_vpc_name(slot)); // its routes go with it
}

Result<void> Edge::ensure_public_address(Ipv4 transit_ip, uint32_t slot) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const int link, netlink_->link_index(edge_to_vpc_name(slot)));
    return netlink_->ensure_route(
        {.destination = single(transit_ip), .link = link, .via = plan_.vpc(slot)});
}

Result<void> Edge::remove_public_address(Ipv4 transit_ip, uint32_t slot) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const auto link, netlink_->find_link(edge_to_vpc_name(slot)));
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
    PILEUS_TRY(host.remove_link(host_link_name(options_.installation)));
    netlink_.reset();
    namespace_.reset();
    return remove_namespace(edge_namespace_name(options_.installation));
}

} // namespace pileus::drivers
