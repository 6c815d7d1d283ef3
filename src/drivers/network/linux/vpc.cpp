// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/vpc.h"

#include "base/file.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>

namespace pileus::drivers {

namespace {

constexpr Ipv4 metadata_address{0xa9fe'a9fe};    // 169.254.169.254
constexpr Ipv4 resolver_link_local{0xa9fe'a9fd}; // 169.254.169.253
constexpr Ipv6 resolver_ipv6{{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x53}};
constexpr uint16_t metadata_port = 80;
// What dnsmasq asks outside leaves by a table of its own: the main one leads nowhere outside, so
// that no guest's packet ever leaves by it.
constexpr uint32_t own_table = 900;
constexpr uint32_t own_priority = 32800;

DnsServerOptions dns_options(const VpcState& state, const LinuxNetworkOptions& options) {
    return {.folder = options.run_dir / state.spec.id,
            .domain = state.spec.dns_domain,
            .resolver = resolver_of(state.spec.cidrs.front()),
            .ipv6_resolver = resolver_ipv6,
            .upstream = options.egress ? options.upstream_resolvers : std::vector<Ipv4>{},
            .mtu = options.mtu};
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

// A transaction that a killed daemon began must not come after ours.
void end_strays(const NetworkNamespace& network_namespace) {
    for (const auto pid : processes_in(network_namespace, "nft")) {
        const auto stray = identify_process(pid);
        if (!stray)
            continue;
        ::kill(pid, SIGKILL);
        while (is_alive(*stray) && ::waitpid(pid, nullptr, WNOHANG) <= 0)
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

uint32_t free_slot(const std::map<std::string, uint32_t>& slots) {
    std::set<uint32_t> taken;
    for (const auto& [id, slot] : slots)
        taken.insert(slot);
    uint32_t slot = 1;
    while (taken.count(slot) != 0)
        ++slot;
    return slot;
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
    PILEUS_ASSIGN(
        auto network_namespace,
        NetworkNamespace::create(vpc_namespace_name(options.installation, state.spec.id)));
    PILEUS_ASSIGN(auto netlink, network_namespace.run([] { return Netlink::open(); }));
    std::unique_ptr<Vpc> vpc(new Vpc(
        std::move(state), options, edge, runner, std::move(network_namespace), std::move(netlink)));
    const std::lock_guard lock(vpc->mutex_);
    end_strays(vpc->namespace_);
    vpc->give_slots();
    PILEUS_TRY(vpc->save());
    PILEUS_TRY(vpc->ensure_all());
    return vpc;
}

// What the kernel has may be older than what was written down before a crash, in any part of it.
// First everything is closed that is not open now and then; then it is opened.
Result<void> Vpc::ensure_all() {
    PILEUS_TRY(ensure_sysctls());
    for (const auto& [id, slot] : state_.peering_slots) {
        PILEUS_ASSIGN(const auto link, netlink_.find_link(peering_link_name(slot)));
        if (link && link->up)
            connected_peerings_.insert(id);
    }
    PILEUS_TRY(tighten_routes());
    for (const auto& [id, port] : state_.ports)
        PILEUS_TRY(ensure_link(port)); // a guard hangs on its link, which therefore must be there
    PILEUS_TRY(rewrite_rules());
    PILEUS_TRY(ensure_base_links());
    PILEUS_TRY(ensure_subnets());
    for (const auto& [id, port] : state_.ports) {
        PILEUS_ASSIGN(const auto link, netlink_.find_link(port.tap));
        if (link && link->up)
            PILEUS_TRY(ensure_addresses(port, link->index));
        PILEUS_TRY(ensure_public_addresses(port, nullptr));
        if (port.spec.kind == InterfaceKind::guest)
            PILEUS_TRY(dns_.add(port.spec));
    }
    PILEUS_TRY(ensure_routes());
    return ensure_dns();
}

Result<void> Vpc::save() const {
    return save_state(state_, state_path(options_, state_.spec.id));
}

VpcShape Vpc::shape() const {
    return {state_.spec, state_.subnet_slots, state_.peering_slots};
}

void Vpc::give_slots() {
    for (const auto& subnet : state_.spec.subnets)
        if (state_.subnet_slots.count(subnet.id) == 0)
            state_.subnet_slots[subnet.id] = free_slot(state_.subnet_slots);
    for (const auto& peering : state_.spec.peerings)
        if (state_.peering_slots.count(peering.id) == 0)
            state_.peering_slots[peering.id] = free_slot(state_.peering_slots);
}

Result<void> Vpc::ensure_sysctls() {
    const char* const without_ipv6 = has_ipv6() ? "0" : "1";
    return namespace_.run([&]() -> Result<void> {
        PILEUS_TRY(write_sysctls({{"ipv4/ip_forward", "1"},
                                  // The socket of a connection carries the mark of its first
                                  // packet: who asks for metadata.
                                  {"ipv4/tcp_fwmark_accept", "1"},
                                  {"ipv4/conf/all/rp_filter", "0"},
                                  {"ipv4/conf/default/rp_filter", "0"},
                                  {"ipv4/conf/all/send_redirects", "0"},
                                  {"ipv4/conf/default/send_redirects", "0"},
                                  {"ipv4/conf/all/accept_redirects", "0"},
                                  {"ipv4/conf/default/accept_redirects", "0"}}));
        if (!machine_has_ipv6())
            return has_ipv6() ? fail(errors::unavailable, "this machine has no IPv6")
                              : Result<void>{};
        // Links have the addresses that we give them, and no others.
        return write_sysctls({{"ipv6/conf/default/addr_gen_mode", "1"},
                              {"ipv6/conf/default/accept_ra", "0"},
                              {"ipv6/conf/default/disable_ipv6", without_ipv6},
                              {"ipv6/conf/all/disable_ipv6", without_ipv6},
                              {"ipv6/conf/all/forwarding", has_ipv6() ? "1" : "0"}});
    });
}

Result<void> Vpc::ensure_base_links() {
    PILEUS_ASSIGN(const int lo, netlink_.link_index("lo"));
    PILEUS_TRY(netlink_.change_link(lo, {.up = true}));
    for (const auto address :
         {metadata_address, resolver_link_local, resolver_of(state_.spec.cidrs.front())})
        PILEUS_TRY(netlink_.ensure_address(lo, address, 32));
    if (has_ipv6())
        PILEUS_TRY(netlink_.ensure_address(lo, resolver_ipv6, 128));
    // What no interface has goes nowhere.
    for (const auto& cidr : state_.spec.cidrs)
        PILEUS_TRY(netlink_.ensure_route({.destination = cidr, .kind = RouteKind::blackhole}));
    for (const auto& cidr : state_.spec.ipv6_cidrs)
        PILEUS_TRY(netlink_.ensure_route({.destination = cidr, .kind = RouteKind::blackhole}));

    PILEUS_TRY(edge_.ensure_vpc(slot_, namespace_, state_.spec.ipv6_cidrs));
    PILEUS_ASSIGN(const auto uplink, netlink_.find_link(uplink_name));
    if (!uplink->up)
        PILEUS_TRY(netlink_.change_link(uplink->index, {.mac = router_mac}));
    PILEUS_TRY(netlink_.ensure_address(uplink->index, plan_.vpc(slot_), 32));
    PILEUS_TRY(netlink_.change_link(uplink->index, {.up = true}));
    if (has_ipv6())
        for (const auto& hop : {next_hop, egress_only_hop})
            PILEUS_TRY(netlink_.ensure_neighbor(uplink->index, hop, link_end_mac));
    PILEUS_TRY(netlink_.ensure_route({.destination = Ipv4Cidr{},
                                      .link = uplink->index,
                                      .via = plan_.edge(),
                                      .table = own_table}));
    return netlink_.ensure_rule(
        {.priority = own_priority, .of_this_host = true, .table = own_table});
}

Result<void> Vpc::ensure_subnets() {
    for (const auto& subnet : state_.spec.subnets) {
        const auto name = gateway_link_name(state_.subnet_slots.at(subnet.id));
        PILEUS_TRY(netlink_.ensure_bridge(name));
        PILEUS_ASSIGN(const auto link, netlink_.find_link(name));
        if (!link->up)
            PILEUS_TRY(netlink_.change_link(link->index,
                                            {.up = true, .mtu = options_.mtu, .alias = subnet.id}));
        // With its prefix, by which dnsmasq knows the subnet; the route that would come with it is
        // left out.
        PILEUS_TRY(
            netlink_.ensure_address(link->index, gateway_of(subnet.cidr), subnet.cidr.prefix));
        if (!subnet.ipv6_cidr)
            continue;
        PILEUS_TRY(netlink_.ensure_address(link->index, next_hop, 64));
        PILEUS_TRY(netlink_.ensure_address(link->index, subnet.ipv6_cidr->at(1), 64));
    }
    return {};
}

Result<void> Vpc::ensure_dns() {
    std::vector<DnsServerSubnet> subnets;
    for (const auto& subnet : state_.spec.subnets) {
        const auto slot = state_.subnet_slots.at(subnet.id);
        subnets.push_back(
            {subnet.cidr, subnet.ipv6_cidr, gateway_link_name(slot), tap_prefix(slot) + "*"});
    }
    return dns_.ensure_running(namespace_, subnets, state_.spec.dhcp);
}

Result<void> Vpc::keep_dns_running() {
    const std::lock_guard lock(mutex_);
    return ensure_dns();
}

Result<void> Vpc::ensure_rules(const VpcShape* before) {
    const auto wanted = vpc_rules(shape(), nullptr, options_);
    if (wanted == applied_rules_)
        return {};
    // Rules and routes cannot change in one moment. What only the old routes and the new rules
    // together would let pass must not.
    PILEUS_TRY(tighten_routes());
    PILEUS_TRY(run_nft(runner_, namespace_, vpc_rules(shape(), before, options_)));
    applied_rules_ = wanted;
    return {};
}

Result<void> Vpc::change(const VpcSpec& spec) {
    const std::lock_guard lock(mutex_);
    const auto topology = state_.topology();
    PILEUS_TRY(check_vpc(spec, &topology));
    if (spec == state_.spec && !unfinished_)
        return ensure_dns();
    // What an attempt that failed halfway began from is still in the kernel, in part.
    if (!unfinished_)
        unfinished_ = shape();
    const auto before = *unfinished_;
    state_.spec = spec;
    give_slots();
    PILEUS_TRY(save());
    if (before.spec.ipv6_cidrs.empty() != spec.ipv6_cidrs.empty())
        PILEUS_TRY(ensure_sysctls());
    PILEUS_TRY(ensure_rules(&before));
    PILEUS_TRY(ensure_base_links());
    PILEUS_TRY(ensure_subnets());
    for (const auto& [id, port] : state_.ports)
        if (before.spec.ipv6_cidrs.empty() != spec.ipv6_cidrs.empty())
            PILEUS_TRY(ensure_link(port));
    PILEUS_TRY(ensure_routes());
    PILEUS_TRY(remove_old_subnets(before));
    PILEUS_TRY(ensure_dns());
    unfinished_.reset();
    return save();
}

// Links and blocks that went from the spec, once nothing leads to them any more.
Result<void> Vpc::remove_old_subnets(const VpcShape& before) {
    for (const auto& subnet : before.spec.subnets) {
        const auto* const now = find_subnet(state_.spec, subnet.id);
        const auto name = gateway_link_name(before.subnet_slots.at(subnet.id));
        if (now == nullptr) {
            PILEUS_TRY(netlink_.remove_link(name));
            state_.subnet_slots.erase(subnet.id);
        } else if (subnet.ipv6_cidr && now->ipv6_cidr != subnet.ipv6_cidr) {
            PILEUS_ASSIGN(const int link, netlink_.link_index(name));
            PILEUS_TRY(netlink_.remove_address(link, subnet.ipv6_cidr->at(1), 64));
        }
    }
    const auto remove_blocks = [&](const auto& old, const auto& now) -> Result<void> {
        for (const auto& cidr : old)
            if (std::find(now.begin(), now.end(), cidr) == now.end())
                PILEUS_TRY(
                    netlink_.remove_route({.destination = cidr, .kind = RouteKind::blackhole}));
        return {};
    };
    PILEUS_TRY(remove_blocks(before.spec.cidrs, state_.spec.cidrs));
    return has_ipv6() ? remove_blocks(before.spec.ipv6_cidrs, state_.spec.ipv6_cidrs)
                      : Result<void>{};
}

Result<void> Vpc::rewrite_rules() {
    std::string script = vpc_rules(shape(), nullptr, options_) + no_ports();
    for (const auto& [id, group] : state_.groups)
        script += group_rules(group) + empty_group_members(id);
    for (const auto& [id, port] : state_.ports)
        script += port_rules(port, nullptr, plan_);
    for (const auto& [vpc_id, groups] : foreign_members_)
        for (const auto& [id, members] : groups)
            script += foreign_group_members(id, members);
    PILEUS_TRY(run_nft(runner_, namespace_, script));
    applied_rules_ = vpc_rules(shape(), nullptr, options_);
    return {};
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

} // namespace pileus::drivers
