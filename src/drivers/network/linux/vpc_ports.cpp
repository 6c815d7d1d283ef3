// SPDX-License-Identifier: Apache-2.0
// The interfaces of a VPC.
#include "base/log.h"
#include "drivers/network/linux/conntrack.h"
#include "drivers/network/linux/dhcp_release.h"
#include "drivers/network/linux/dns_probe.h"
#include "drivers/network/linux/nat_gateway.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/tap.h"
#include "drivers/network/linux/vpc.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

IpCidr single(const IpAddress& address) {
    if (const auto* v4 = std::get_if<Ipv4>(&address))
        return Ipv4Cidr{*v4, 32};
    return Ipv6Cidr{std::get<Ipv6>(address), 128};
}

std::vector<IpAddress> addresses_of(const InterfaceSpec& interface) {
    std::vector<IpAddress> out;
    for (const auto& address : interface.addresses)
        out.emplace_back(address.private_ip);
    out.insert(out.end(), interface.ipv6_addresses.begin(), interface.ipv6_addresses.end());
    return out;
}

} // namespace

Ipv4 Vpc::gateway_address(const std::string& subnet_id) const {
    const auto* const subnet = find_subnet(state_.spec, subnet_id);
    return subnet == nullptr ? Ipv4{} : gateway_of(subnet->cidr);
}

// Not one that was used lately, by which a late connection could be taken for another's.
uint32_t Vpc::take_number() {
    std::set<uint32_t> taken{0};
    for (const auto& [id, port] : state_.ports)
        taken.insert(port.number);
    while (taken.count(state_.next_number) != 0)
        state_.next_number = (state_.next_number + 1) & mark_number_mask;
    const uint32_t number = state_.next_number;
    state_.next_number = (number + 1) & mark_number_mask;
    return number;
}

Result<void> Vpc::ensure_port(const InterfaceSpec& interface) {
    const std::lock_guard lock(mutex_);
    PILEUS_TRY(check_interface(interface, state_.topology()));
    std::optional<Port> before;
    if (const auto found = state_.ports.find(interface.id); found != state_.ports.end())
        before = found->second;
    Port port;
    port.spec = interface;
    port.subnet_slot = state_.subnet_slots.at(interface.subnet_id);
    port.number = before ? before->number : take_number();
    port.tap = before ? before->tap : tap_name(port.subnet_slot, port.number);

    const bool is_guest = interface.kind == InterfaceKind::guest;
    state_.ports[interface.id] = port;
    PILEUS_TRY(save());
    if (is_guest)
        PILEUS_TRY(dns_.add(interface));
    PILEUS_TRY(ensure_dns());
    PILEUS_TRY(ensure_link(port));
    PILEUS_TRY(apply_port(port, before ? &*before : nullptr));
    PILEUS_ASSIGN(const int link, netlink_.link_index(port.tap));
    if (before)
        PILEUS_TRY(remove_addresses(*before, &port, link));
    PILEUS_TRY(ensure_public_addresses(port, before ? &*before : nullptr));
    // From here on it carries packets.
    PILEUS_TRY(netlink_.change_link(link, {.up = true}));
    PILEUS_TRY(ensure_addresses(port, link));
    if (is_route_target(interface.id))
        PILEUS_TRY(ensure_routes());
    if (!is_guest)
        return {};
    PILEUS_ASSIGN(auto probe, DnsProbe::open(namespace_));
    return probe.wait_for(interface.host_name + "." + state_.spec.dns_domain,
                          interface.private_ip());
}

Result<void> Vpc::apply_port(const Port& port, const Port* before) {
    if (before != nullptr && *before == port)
        before = nullptr; // a repetition: what is there may be less than we remember
    const auto done = run_nft(runner_, namespace_, port_rules(port, before, plan_));
    if (done)
        return {};
    // A crash between what we wrote down and what the kernel did: then everything is written anew.
    log_warning("rules are written anew",
                {{"interface", port.spec.id}, {"because", done.error().message}});
    return rewrite_rules();
}

// Made down: no frame passes it before its rules are in place.
Result<void> Vpc::ensure_link(const Port& port) {
    PILEUS_ASSIGN(auto found, netlink_.find_link(port.tap));
    const bool is_nat = port.spec.kind == InterfaceKind::nat_gateway;
    if (!found && is_nat)
        PILEUS_TRY(make_nat_link(netlink_, port, options_));
    else if (!found)
        PILEUS_TRY(namespace_.run([&] { return make_tap(port.tap); }));
    PILEUS_ASSIGN(const int link, netlink_.link_index(port.tap));
    if (!found || !found->up)
        PILEUS_TRY(netlink_.change_link(
            link, {.mtu = options_.mtu, .mac = router_mac, .alias = port.spec.id}));
    const bool checks_source = port.spec.source_dest_check && !is_nat;
    PILEUS_TRY(namespace_.run([&] {
        const auto key = "ipv4/conf/" + port.tap + "/";
        return write_sysctls({{key + "proxy_arp", "1"},
                              {key + "rp_filter", checks_source ? "1" : "0"},
                              {"ipv4/neigh/" + port.tap + "/proxy_delay", "0"}});
    }));
    if (has_ipv6())
        PILEUS_TRY(netlink_.ensure_address(link, next_hop, 64));
    return is_nat ? ensure_nat_gateway(
                        runner_, port.spec, gateway_address(port.spec.subnet_id), options_)
                  : Result<void>{};
}

Result<void> Vpc::ensure_addresses(const Port& port, int link) {
    for (const auto& address : addresses_of(port.spec)) {
        PILEUS_TRY(netlink_.ensure_neighbor(link, address, port.spec.mac));
        PILEUS_TRY(netlink_.ensure_route({.destination = single(address), .link = link}));
    }
    if (port.spec.ipv6_addresses.empty())
        return {};
    // Answers of DHCPv6 and to solicitations go to where it asked from.
    const auto link_local = link_local_of(port.spec.mac);
    PILEUS_TRY(netlink_.ensure_neighbor(link, link_local, port.spec.mac));
    return netlink_.ensure_route({.destination = single(link_local), .link = link});
}

// Of an interface that loses addresses; all of them when it goes.
Result<void> Vpc::remove_addresses(const Port& before, const Port* port, int link) {
    const auto kept = port == nullptr ? std::vector<IpAddress>{} : addresses_of(port->spec);
    std::vector<IpAddress> gone;
    for (const auto& address : addresses_of(before.spec))
        if (std::find(kept.begin(), kept.end(), address) == kept.end())
            gone.push_back(address);
    for (const auto& address : gone) {
        PILEUS_TRY(netlink_.remove_route({.destination = single(address), .link = link}));
        PILEUS_TRY(netlink_.remove_neighbor(link, address));
    }
    return forget(gone);
}

// The next owner of an address does not inherit connections.
Result<void> Vpc::forget(const std::vector<IpAddress>& addresses) {
    if (addresses.empty())
        return {};
    return namespace_.run([&]() -> Result<void> {
        for (const auto& address : addresses)
            PILEUS_TRY(forget_connections(address));
        return {};
    });
}

Result<void> Vpc::ensure_public_addresses(const Port& port, const Port* before) {
    const auto wanted = translations_of(port.spec, plan_);
    std::vector<IpAddress> gone;
    if (before != nullptr)
        for (const auto& old : translations_of(before->spec, plan_))
            if (std::find(wanted.begin(), wanted.end(), old) == wanted.end()) {
                gone.emplace_back(old.transit_ip);
                PILEUS_TRY(edge_.remove_public_address(old.transit_ip, slot_));
            }
    PILEUS_TRY(forget(gone));
    for (const auto& translation : wanted)
        PILEUS_TRY(edge_.ensure_public_address(translation.transit_ip, slot_));
    return {};
}

Result<void> Vpc::remove_port(const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    const auto found = state_.ports.find(interface_id);
    if (found == state_.ports.end())
        return {};
    const auto port = found->second;
    const bool is_guest = port.spec.kind == InterfaceKind::guest;
    // Routes to it become black holes before the kernel forgets them with the link, and a shorter
    // prefix takes their place.
    if (is_route_target(interface_id)) {
        state_.ports.erase(interface_id);
        const auto routed = ensure_routes();
        state_.ports[interface_id] = port;
        PILEUS_TRY(routed);
    }
    PILEUS_ASSIGN(const auto link, netlink_.find_link(port.tap));
    // Otherwise dnsmasq would keep the address for this guest, and refuse it to the next owner.
    const bool lease_is_free = !is_guest || release_lease(port);
    if (link)
        PILEUS_TRY(netlink_.change_link(link->index, {.up = false}));
    if (const auto done = run_nft(runner_, namespace_, port_removal(port, true, plan_)); !done) {
        state_.ports.erase(interface_id);
        PILEUS_TRY(rewrite_rules());
        PILEUS_TRY(run_nft(runner_, namespace_, port_removal(port, false, plan_)));
    }
    for (const auto& translation : translations_of(port.spec, plan_))
        PILEUS_TRY(edge_.remove_public_address(translation.transit_ip, slot_));
    PILEUS_TRY(netlink_.remove_link(port.tap)); // its routes and neighbours go with it
    if (!is_guest)
        PILEUS_TRY(remove_nat_gateway(port.spec, options_));
    if (is_guest) {
        PILEUS_TRY(dns_.remove(interface_id));
        if (auto probe = DnsProbe::open(namespace_))
            probe->drain(); // the next owner of the name and the address waits for its own files
    }
    PILEUS_TRY(forget(addresses_of(port.spec)));
    state_.ports.erase(interface_id);
    if (!lease_is_free)
        dns_.stop(); // a new one knows no leases
    PILEUS_TRY(ensure_dns());
    return save();
}

// In the guest's name, through its own tap; not possible while a hypervisor holds it.
bool Vpc::release_lease(const Port& port) {
    const auto tap = namespace_.run([&] { return open_tap_fd(port.tap); });
    auto probe = DnsProbe::open(namespace_);
    return tap && probe &&
           send_dhcp_release(
               tap->get(), port.spec, gateway_address(port.spec.subnet_id), router_mac) &&
           probe->drain();
}

Result<UniqueFd> Vpc::open_tap(const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    const auto found = state_.ports.find(interface_id);
    if (found == state_.ports.end() || found->second.spec.kind != InterfaceKind::guest)
        return fail(errors::not_found,
                    fmt::format("interface {} is not known in {}", interface_id, state_.spec.id));
    return namespace_.run([&] { return open_tap_fd(found->second.tap); });
}

Result<InterfaceCounters> Vpc::read_counters(const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    const auto found = state_.ports.find(interface_id);
    if (found == state_.ports.end())
        return fail(errors::not_found,
                    fmt::format("interface {} is not known in {}", interface_id, state_.spec.id));
    PILEUS_ASSIGN(const auto link, netlink_.find_link(found->second.tap));
    if (!link)
        return InterfaceCounters{};
    // What the kernel sends on the tap is what comes in to the guest.
    return InterfaceCounters{.bytes_in = link->bytes_sent,
                             .bytes_out = link->bytes_received,
                             .packets_in = link->packets_sent,
                             .packets_out = link->packets_received};
}

bool Vpc::has_port(const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    return state_.ports.count(interface_id) != 0;
}

std::optional<std::string> Vpc::interface_of(uint32_t number) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, port] : state_.ports)
        if (port.number == number)
            return id;
    return std::nullopt;
}

std::vector<std::string> Vpc::interfaces() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, port] : state_.ports)
        ids.push_back(id);
    return ids;
}

} // namespace pileus::drivers
