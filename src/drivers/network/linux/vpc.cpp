// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/vpc.h"

#include "base/file.h"
#include "base/log.h"
#include "drivers/network/linux/conntrack.h"
#include "drivers/network/linux/dhcp_release.h"
#include "drivers/network/linux/dns_probe.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/tap.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fmt/core.h>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr Ipv4 metadata_address{0xa9fe'a9fe};    // 169.254.169.254
constexpr Ipv4 resolver_link_local{0xa9fe'a9fd}; // 169.254.169.253
constexpr uint16_t metadata_port = 80;
// Every tap shows its guest the same router, so that what a guest learned stays right when its tap
// is made again.
constexpr MacAddress router_mac{{0x02, 0x70, 0x69, 0x6c, 0x65, 0x75}};
constexpr Ipv4Cidr everything{};

Ipv4Cidr single(Ipv4 address) {
    return {address, 32};
}

DnsServerOptions dns_options(const VpcState& state, const LinuxNetworkOptions& options) {
    return {.folder = options.run_dir / state.spec.id,
            .domain = state.spec.dns_domain,
            .resolver = resolver_of(state.spec.cidrs.front()),
            .upstream = options.egress ? options.upstream_resolvers : std::vector<Ipv4>{},
            .mtu = options.mtu};
}

Result<void> write_sysctls(std::initializer_list<std::pair<std::string, const char*>> values) {
    for (const auto& [key, value] : values)
        PILEUS_TRY(write_sysctl(key, value));
    return {};
}

Result<UniqueFd> listen_on(Ipv4 address, uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address.value);
    static constexpr int backlog = 128;
    if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(fd.get(), backlog) != 0)
        return fail(errors::unavailable,
                    fmt::format("cannot listen on {}:{}: {}",
                                address.str(),
                                port,
                                std::generic_category().message(errno)));
    return fd;
}

} // namespace

std::filesystem::path Vpc::state_path(const LinuxNetworkOptions& options,
                                      const std::string& vpc_id) {
    return options.run_dir / vpc_id / "state.json";
}

Vpc::Vpc(VpcState state,
         const LinuxNetworkOptions& options,
         Edge& edge,
         ProcessRunner& runner,
         NetworkNamespace network_namespace,
         Netlink netlink)
    : options_(options), plan_(options), edge_(edge), runner_(runner), slot_(state.slot),
      state_(std::move(state)), namespace_(std::move(network_namespace)),
      netlink_(std::move(netlink)), dns_(dns_options(state_, options), runner) {}

Result<std::unique_ptr<Vpc>>
Vpc::build(VpcState state, const LinuxNetworkOptions& options, Edge& edge, ProcessRunner& runner) {
    PILEUS_TRY(make_directories(options.run_dir / state.spec.id, 0755));
    PILEUS_TRY(save_state(state, state_path(options, state.spec.id)));
    PILEUS_ASSIGN(
        auto network_namespace,
        NetworkNamespace::create(vpc_namespace_name(options.installation, state.spec.id)));
    PILEUS_ASSIGN(auto netlink, network_namespace.run([] { return Netlink::open(); }));
    std::unique_ptr<Vpc> vpc(new Vpc(
        std::move(state), options, edge, runner, std::move(network_namespace), std::move(netlink)));
    const std::lock_guard lock(vpc->mutex_);
    PILEUS_TRY(vpc->ensure_base());
    PILEUS_TRY(vpc->ensure_subnets());
    for (const auto& [id, port] : vpc->state_.ports) {
        PILEUS_TRY(vpc->ensure_tap(port));
        PILEUS_TRY(vpc->ensure_public_address(port, nullptr));
        PILEUS_TRY(vpc->dns_.add(port.spec));
    }
    PILEUS_TRY(vpc->ensure_dns());
    return vpc;
}

Result<void> Vpc::save() const {
    return save_state(state_, state_path(options_, state_.spec.id));
}

Result<void> Vpc::ensure_base() {
    PILEUS_TRY(namespace_.run([]() -> Result<void> {
        return write_sysctls({{"ipv6/conf/all/disable_ipv6", "1"},
                              {"ipv6/conf/default/disable_ipv6", "1"},
                              {"ipv4/ip_forward", "1"},
                              // The socket of a connection carries the mark of its first packet:
                              // who asks for metadata.
                              {"ipv4/tcp_fwmark_accept", "1"},
                              {"ipv4/conf/all/send_redirects", "0"},
                              {"ipv4/conf/default/send_redirects", "0"},
                              {"ipv4/conf/all/accept_redirects", "0"},
                              {"ipv4/conf/default/accept_redirects", "0"}});
    }));
    // What the kernel has may be older than what was written down before a crash. One transaction:
    // no packet meets half of the rules.
    PILEUS_TRY(rewrite_rules());
    PILEUS_ASSIGN(const int lo, netlink_.link_index("lo"));
    PILEUS_TRY(netlink_.change_link(lo, {.up = true}));
    for (const auto address :
         {metadata_address, resolver_link_local, resolver_of(state_.spec.cidrs.front())})
        PILEUS_TRY(netlink_.ensure_address(lo, address, 32));
    // What no interface has goes nowhere, and not out by the default route.
    for (const auto& cidr : state_.spec.cidrs)
        PILEUS_TRY(netlink_.ensure_route({.destination = cidr, .kind = RouteKind::blackhole}));

    PILEUS_TRY(edge_.ensure_vpc(slot_, namespace_));
    PILEUS_ASSIGN(const int uplink, netlink_.link_index(uplink_name));
    PILEUS_TRY(netlink_.ensure_address(uplink, plan_.vpc(slot_), 32));
    PILEUS_TRY(netlink_.change_link(uplink, {.up = true}));
    return netlink_.ensure_route({.destination = everything, .link = uplink, .via = plan_.edge()});
}

Ipv4 Vpc::gateway_address(const std::string& subnet_id) const {
    for (const auto& subnet : state_.spec.subnets)
        if (subnet.id == subnet_id)
            return gateway_of(subnet.cidr);
    return {};
}

Result<void> Vpc::ensure_subnets() {
    for (const auto& subnet : state_.spec.subnets) {
        const auto name = gateway_link_name(state_.subnet_slots.at(subnet.id));
        PILEUS_TRY(netlink_.ensure_bridge(name));
        PILEUS_ASSIGN(const int link, netlink_.link_index(name));
        PILEUS_TRY(
            netlink_.change_link(link, {.up = true, .mtu = options_.mtu, .alias = subnet.id}));
        // With its prefix, by which dnsmasq knows the subnet; the route that would come with it is
        // left out.
        PILEUS_TRY(netlink_.ensure_address(link, gateway_of(subnet.cidr), subnet.cidr.prefix));
    }
    return {};
}

Result<void> Vpc::ensure_dns() {
    std::vector<DnsServerSubnet> subnets;
    for (const auto& subnet : state_.spec.subnets) {
        const auto slot = state_.subnet_slots.at(subnet.id);
        subnets.push_back({subnet.cidr, gateway_link_name(slot), tap_prefix(slot) + "*"});
    }
    return dns_.ensure_running(namespace_, subnets);
}

Result<void> Vpc::keep_dns_running() {
    const std::lock_guard lock(mutex_);
    return ensure_dns();
}

Result<void> Vpc::change(const VpcSpec& spec) {
    const std::lock_guard lock(mutex_);
    const auto topology = state_.topology();
    PILEUS_TRY(check_vpc(spec, &topology));
    bool is_same = spec.subnets.size() == state_.spec.subnets.size();
    for (const auto& subnet : spec.subnets)
        is_same = is_same && state_.subnet_slots.count(subnet.id) != 0;
    if (is_same) {
        state_.spec = spec;
        PILEUS_TRY(save());
        return ensure_dns();
    }
    const auto before = state_;
    state_.spec = spec;
    for (const auto& subnet : spec.subnets)
        if (state_.subnet_slots.count(subnet.id) == 0)
            state_.subnet_slots[subnet.id] = free_subnet_slot();
    PILEUS_TRY(save());
    for (const auto& subnet : before.spec.subnets) {
        const bool stays = std::any_of(spec.subnets.begin(),
                                       spec.subnets.end(),
                                       [&](const auto& s) { return s.id == subnet.id; });
        if (stays)
            continue;
        PILEUS_TRY(netlink_.remove_link(gateway_link_name(before.subnet_slots.at(subnet.id))));
        state_.subnet_slots.erase(subnet.id);
    }
    PILEUS_TRY(ensure_subnets());
    PILEUS_TRY(save());
    return ensure_dns();
}

uint32_t Vpc::free_subnet_slot() const {
    std::set<uint32_t> taken;
    for (const auto& [id, slot] : state_.subnet_slots)
        taken.insert(slot);
    uint32_t slot = 1;
    while (taken.count(slot) != 0)
        ++slot;
    return slot;
}

Result<void> Vpc::rewrite_rules() {
    std::string script = vpc_rules(state_.spec, options_);
    for (const auto& [id, group] : state_.groups)
        script += group_rules(group) + empty_group_members(id);
    for (const auto& [id, port] : state_.ports)
        script += port_rules(port, nullptr, plan_);
    // A guard hangs on its tap, which therefore must be there.
    for (const auto& [id, port] : state_.ports)
        PILEUS_TRY(namespace_.run([&, &tap = port.tap]() -> Result<void> {
            PILEUS_ASSIGN(auto links, Netlink::open());
            PILEUS_ASSIGN(const auto found, links.find_link(tap));
            return found ? Result<void>{} : make_tap(tap);
        }));
    return run_nft(runner_, namespace_, script);
}

Result<void> Vpc::apply_groups(const std::vector<SecurityGroupSpec>& groups) {
    const std::lock_guard lock(mutex_);
    PILEUS_TRY(check_groups(groups, state_.topology()));
    std::string script;
    for (const auto& group : groups)
        if (const auto known = state_.groups.find(group.id);
            known == state_.groups.end() || !(known->second == group))
            script += group_rules(group);
    if (script.empty())
        return {};
    auto remembered = state_.groups;
    for (const auto& group : groups)
        state_.groups[group.id] = group;
    if (const auto done = run_nft(runner_, namespace_, script); !done) {
        state_.groups = std::move(remembered);
        return fail(done.error());
    }
    return save();
}

Result<void> Vpc::remove_group(const std::string& group_id) {
    const std::lock_guard lock(mutex_);
    if (state_.groups.count(group_id) == 0)
        return {};
    PILEUS_TRY(check_group_unused(group_id, state_.topology()));
    PILEUS_TRY(run_nft(runner_, namespace_, group_removal(group_id)));
    state_.groups.erase(group_id);
    return save();
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
    port.number = before ? before->number : state_.next_number++;
    port.tap = before ? before->tap : tap_name(port.subnet_slot, port.number);

    state_.ports[interface.id] = port;
    PILEUS_TRY(save());
    PILEUS_TRY(dns_.add(interface));
    PILEUS_TRY(ensure_dns());
    PILEUS_TRY(ensure_tap(port));
    PILEUS_TRY(apply_port(port, before ? &*before : nullptr));
    PILEUS_TRY(ensure_public_address(port, before ? &*before : nullptr));
    // From here on it carries packets.
    PILEUS_ASSIGN(const int link, netlink_.link_index(port.tap));
    PILEUS_TRY(netlink_.change_link(link, {.up = true}));
    for (const auto& address : interface.addresses) {
        PILEUS_TRY(netlink_.ensure_neighbor(link, address.private_ip, interface.mac));
        PILEUS_TRY(
            netlink_.ensure_route({.destination = single(address.private_ip), .link = link}));
    }
    PILEUS_ASSIGN(auto probe, DnsProbe::open(namespace_));
    return probe.wait_for(interface.host_name + "." + state_.spec.dns_domain,
                          interface.private_ip());
}

Result<void> Vpc::apply_port(const Port& port, const Port* before) {
    const auto done = run_nft(runner_, namespace_, port_rules(port, before, plan_));
    if (done)
        return {};
    // A crash between what we wrote down and what the kernel did: then everything is written anew.
    log_warning("rules are written anew",
                {{"interface", port.spec.id}, {"because", done.error().message}});
    return rewrite_rules();
}

// Made down: no frame passes it before its rules are in place.
Result<void> Vpc::ensure_tap(const Port& port) {
    PILEUS_ASSIGN(const auto found, netlink_.find_link(port.tap));
    if (!found)
        PILEUS_TRY(namespace_.run([&] { return make_tap(port.tap); }));
    PILEUS_ASSIGN(const int link, netlink_.link_index(port.tap));
    if (!found || !found->up)
        PILEUS_TRY(netlink_.change_link(
            link, {.mtu = options_.mtu, .mac = router_mac, .alias = port.spec.id}));
    PILEUS_TRY(namespace_.run([&] {
        const auto key = "ipv4/conf/" + port.tap + "/";
        return write_sysctls({{key + "proxy_arp", "1"},
                              {key + "rp_filter", port.spec.source_dest_check ? "1" : "0"},
                              {"ipv4/neigh/" + port.tap + "/proxy_delay", "0"}});
    }));
    if (found && found->up)
        PILEUS_TRY(
            netlink_.ensure_route({.destination = single(port.spec.private_ip()), .link = link}));
    return netlink_.ensure_neighbor(link, port.spec.private_ip(), port.spec.mac);
}

Result<void> Vpc::ensure_public_address(const Port& port, const Port* before) {
    const auto wanted = translations_of(port.spec, plan_);
    if (before != nullptr)
        for (const auto& old : translations_of(before->spec, plan_)) {
            if (std::find(wanted.begin(), wanted.end(), old) != wanted.end())
                continue;
            PILEUS_TRY(edge_.remove_public_address(old.transit_ip, slot_));
            PILEUS_TRY(namespace_.run([&]() -> Result<void> {
                const auto forgotten = forget_connections(old.transit_ip);
                return forgotten ? Result<void>{} : fail(forgotten.error());
            }));
        }
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
    PILEUS_ASSIGN(const auto link, netlink_.find_link(port.tap));
    // Otherwise dnsmasq would keep the address for this guest, and refuse it to the next owner.
    const bool lease_is_free = release_lease(port);
    if (link)
        PILEUS_TRY(netlink_.change_link(link->index, {.up = false}));
    if (const auto done = run_nft(runner_, namespace_, port_removal(port, true, plan_)); !done) {
        state_.ports.erase(interface_id);
        PILEUS_TRY(rewrite_rules());
        PILEUS_TRY(run_nft(runner_, namespace_, port_removal(port, false, plan_)));
    }
    for (const auto& translation : translations_of(port.spec, plan_))
        PILEUS_TRY(edge_.remove_public_address(translation.transit_ip, slot_));
    PILEUS_TRY(netlink_.remove_link(port.tap));
    PILEUS_TRY(dns_.remove(interface_id));
    if (auto probe = DnsProbe::open(namespace_))
        probe->drain(); // the next owner of the name and the address waits for its own files
    // The next owner of an address does not inherit connections.
    PILEUS_TRY(namespace_.run([&]() -> Result<void> {
        const auto forgotten = forget_connections(port.spec.private_ip());
        return forgotten ? Result<void>{} : fail(forgotten.error());
    }));
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
    if (found == state_.ports.end())
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

Result<UniqueFd> Vpc::listen_for_metadata() {
    return namespace_.run([] { return listen_on(metadata_address, metadata_port); });
}

Result<void> Vpc::remove() {
    const std::lock_guard lock(mutex_);
    if (!state_.ports.empty())
        return fail(errors::invalid,
                    fmt::format("{} still holds the interface {}",
                                state_.spec.id,
                                state_.ports.begin()->first));
    dns_.stop();
    PILEUS_TRY(edge_.remove_vpc(slot_));
    PILEUS_TRY(netlink_.remove_all_links());
    PILEUS_TRY(remove_namespace(vpc_namespace_name(options_.installation, state_.spec.id)));
    return remove_tree(options_.run_dir / state_.spec.id);
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
