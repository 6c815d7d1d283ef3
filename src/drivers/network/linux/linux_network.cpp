// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/linux_network.h"

#include "base/file.h"
#include "base/log.h"

#include <algorithm>
#include <csignal>
#include <fmt/core.h>
#include <set>
#include <sys/wait.h>

namespace pileus::drivers {

namespace {

constexpr Duration watch_interval = std::chrono::seconds{1};

} // namespace

LinuxNetwork::LinuxNetwork(LinuxNetworkOptions options, ProcessRunner& runner)
    : options_(std::move(options)), runner_(runner), edge_(options_, runner),
      watchman_([this] { watch_dns_servers(); }) {}

LinuxNetwork::~LinuxNetwork() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    watchman_.join();
}

void LinuxNetwork::on_metadata_listener(std::function<void(MetadataListener)> added,
                                        std::function<void(const std::string&)> removed) {
    on_listener_added_ = std::move(added);
    on_listener_removed_ = std::move(removed);
}

Result<void> LinuxNetwork::recover() {
    const std::lock_guard making(making_);
    std::error_code error;
    std::vector<std::string> ids;
    for (const auto& entry : std::filesystem::directory_iterator(options_.run_dir, error))
        if (std::filesystem::exists(entry.path() / "state.json"))
            ids.push_back(entry.path().filename().string());
    if (ids.empty())
        return {};
    PILEUS_TRY(edge_.ensure());
    edge_is_there_ = true;
    for (const auto& id : ids) {
        PILEUS_ASSIGN(auto state, load_state(Vpc::state_path(options_, id)));
        PILEUS_TRY(add(std::move(state)));
    }
    for (const auto& id : ids)
        PILEUS_TRY(connect_peerings(id));
    return {};
}

// With making_ held.
Result<void> LinuxNetwork::add(VpcState state) {
    const auto id = state.spec.id;
    PILEUS_ASSIGN(auto built, Vpc::build(std::move(state), options_, edge_, runner_));
    std::shared_ptr<Vpc> vpc = std::move(built);
    if (on_listener_added_) {
        PILEUS_ASSIGN(auto socket, vpc->listen_for_metadata());
        on_listener_added_({id, std::move(socket)});
    }
    const std::lock_guard lock(mutex_);
    vpcs_[id] = std::move(vpc);
    return {};
}

Result<void> LinuxNetwork::ensure_vpc(const VpcSpec& spec) {
    for (const auto& cidr : spec.cidrs)
        if (cidr.overlaps(options_.transit))
            return fail(errors::invalid,
                        fmt::format("the CIDR {} overlaps the transit block {}",
                                    cidr.str(),
                                    options_.transit.str()));
    const auto change = [&](Vpc& vpc) -> Result<void> {
        PILEUS_TRY(vpc.change(spec));
        return connect_peerings(spec.id);
    };
    if (const auto vpc = find(spec.id))
        return change(*vpc);
    const std::lock_guard making(making_);
    if (const auto vpc = find(spec.id)) // another thread was faster
        return change(*vpc);
    PILEUS_TRY(check_vpc(spec, nullptr));
    if (!edge_is_there_) {
        PILEUS_TRY(edge_.ensure());
        edge_is_there_ = true;
    }
    VpcState state;
    state.spec = spec;
    {
        const std::lock_guard lock(mutex_);
        state.slot = free_slot();
    }
    PILEUS_TRY(add(std::move(state)));
    return connect_peerings(spec.id);
}

uint32_t LinuxNetwork::free_slot() const {
    std::set<uint32_t> taken;
    for (const auto& [id, vpc] : vpcs_)
        taken.insert(vpc->slot());
    uint32_t slot = AddressPlan::first_vpc_slot;
    while (taken.count(slot) != 0)
        ++slot;
    return slot;
}

Result<void> LinuxNetwork::remove_vpc(const std::string& vpc_id) {
    const std::lock_guard making(making_);
    const auto vpc = find(vpc_id);
    if (!vpc)
        return {};
    if (on_listener_removed_)
        on_listener_removed_(vpc_id);
    {
        const std::lock_guard peering(peering_);
        for (const auto& id : vpc->peerings_with_slots())
            PILEUS_TRY(disconnect(*vpc, vpc_id, id));
    }
    PILEUS_TRY(vpc->remove());
    const std::lock_guard lock(mutex_);
    vpcs_.erase(vpc_id);
    return {};
}

Result<void> LinuxNetwork::apply_security_groups(const std::vector<SecurityGroupSpec>& groups) {
    if (groups.empty())
        return {};
    PILEUS_ASSIGN(const auto vpc, require(groups.front().vpc_id));
    PILEUS_TRY(vpc->apply_groups(groups));
    return share_members(groups.front().vpc_id);
}

Result<void> LinuxNetwork::remove_security_group(const std::string& vpc_id,
                                                 const std::string& group_id) {
    const auto vpc = find(vpc_id);
    if (vpc)
        PILEUS_TRY(vpc->remove_group(group_id));
    return share_members(vpc_id);
}

Result<void> LinuxNetwork::ensure_interface(const InterfaceSpec& interface) {
    for (const auto& address : interface.addresses)
        if (address.public_ip && !options_.public_pool.contains(*address.public_ip))
            return fail(errors::invalid,
                        fmt::format("{} is not in the public pool {}",
                                    address.public_ip->str(),
                                    options_.public_pool.str()));
    PILEUS_ASSIGN(const auto vpc, require(interface.vpc_id));
    PILEUS_TRY(vpc->ensure_port(interface));
    return share_members(interface.vpc_id);
}

Result<void> LinuxNetwork::remove_interface(const std::string& vpc_id,
                                            const std::string& interface_id) {
    const auto vpc = find(vpc_id);
    if (vpc)
        PILEUS_TRY(vpc->remove_port(interface_id));
    return share_members(vpc_id);
}

Result<UniqueFd> LinuxNetwork::open_tap(const std::string& vpc_id,
                                        const std::string& interface_id) {
    PILEUS_ASSIGN(const auto vpc, require(vpc_id));
    return vpc->open_tap(interface_id);
}

Result<InterfaceCounters> LinuxNetwork::read_counters(const std::string& vpc_id,
                                                      const std::string& interface_id) {
    PILEUS_ASSIGN(const auto vpc, require(vpc_id));
    return vpc->read_counters(interface_id);
}

std::optional<std::string> LinuxNetwork::interface_of_mark(const std::string& vpc_id,
                                                           uint32_t mark) {
    const auto vpc = find(vpc_id);
    return vpc ? vpc->interface_of(mark & mark_number_mask) : std::nullopt;
}

Result<std::vector<std::string>> LinuxNetwork::observe_vpcs() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, vpc] : vpcs_)
        ids.push_back(id);
    return ids;
}

Result<std::vector<std::string>> LinuxNetwork::observe_interfaces() {
    std::vector<std::string> ids;
    for (const auto& vpc : all())
        for (auto& id : vpc->interfaces())
            ids.push_back(std::move(id));
    return ids;
}

// What carries the installation's name, whether this object knows of it or not.
Result<void> LinuxNetwork::remove_all() {
    const std::lock_guard making(making_);
    {
        const std::lock_guard lock(mutex_);
        vpcs_.clear();
    }
    {
        const std::lock_guard peering(peering_);
        connected_.clear();
    }
    const auto edge_name = edge_namespace_name(options_.installation);
    for (const auto& name : namespaces_with_prefix(namespace_prefix(options_.installation))) {
        if (name == edge_name)
            continue;
        PILEUS_ASSIGN(const auto found, NetworkNamespace::open(name));
        for (const auto pid : processes_in(found, "dnsmasq")) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
        // A hypervisor that still holds a tap keeps the namespace alive: nothing shall work in it.
        PILEUS_ASSIGN(auto netlink, found.run([] { return Netlink::open(); }));
        PILEUS_TRY(netlink.remove_all_links());
        PILEUS_TRY(remove_namespace(name));
    }
    edge_is_there_ = false;
    PILEUS_TRY(edge_.remove());
    return remove_tree(options_.run_dir);
}

Result<void> LinuxNetwork::connect_peerings(const std::string& vpc_id) {
    const auto vpc = find(vpc_id);
    if (!vpc)
        return {};
    {
        const std::lock_guard peering(peering_);
        std::set<std::string> agreed;
        for (const auto& spec : vpc->peerings()) {
            const auto other = find(spec.peer_vpc_id);
            if (!other)
                continue;
            const auto theirs = other->peerings();
            const bool agrees = std::any_of(theirs.begin(), theirs.end(), [&](const auto& their) {
                return their.id == spec.id && their.peer_vpc_id == vpc_id;
            });
            if (!agrees)
                continue;
            PILEUS_TRY(vpc->make_peering_link(
                spec.id, other->namespace_fd(), other->peering_slot(spec.id)));
            PILEUS_TRY(other->connect_peering(spec.id));
            PILEUS_TRY(vpc->connect_peering(spec.id));
            connected_[spec.id] = std::minmax(vpc_id, spec.peer_vpc_id);
            agreed.insert(spec.id);
        }
        for (const auto& id : vpc->peerings_with_slots())
            if (agreed.count(id) == 0)
                PILEUS_TRY(disconnect(*vpc, vpc_id, id));
    }
    return share_members(vpc_id);
}

// With peering_ held. Both sides stop routing to the link before it goes: the kernel would forget
// the routes with it, and a shorter prefix would take their place.
Result<void>
LinuxNetwork::disconnect(Vpc& vpc, const std::string& vpc_id, const std::string& peering_id) {
    if (const auto found = connected_.find(peering_id); found != connected_.end()) {
        const auto& [one, two] = found->second;
        const auto other_id = one == vpc_id ? two : one;
        if (const auto other = find(other_id)) {
            PILEUS_TRY(other->disconnect_peering(peering_id));
            PILEUS_TRY(other->set_foreign_members(vpc_id, {}));
        }
        PILEUS_TRY(vpc.set_foreign_members(other_id, {}));
        connected_.erase(found);
    }
    PILEUS_TRY(vpc.disconnect_peering(peering_id));
    return vpc.remove_peering_link(peering_id);
}

Result<void> LinuxNetwork::share_members(const std::string& vpc_id) {
    const std::lock_guard peering(peering_);
    const auto vpc = find(vpc_id);
    if (!vpc)
        return {};
    for (const auto& [peering_id, pair] : connected_) {
        if (pair.first != vpc_id && pair.second != vpc_id)
            continue;
        const auto other_id = pair.first == vpc_id ? pair.second : pair.first;
        const auto other = find(other_id);
        if (!other)
            continue;
        PILEUS_TRY(other->set_foreign_members(vpc_id, vpc->members_of(other->foreign_groups())));
        PILEUS_TRY(vpc->set_foreign_members(other_id, other->members_of(vpc->foreign_groups())));
    }
    return {};
}

std::shared_ptr<Vpc> LinuxNetwork::find(const std::string& vpc_id) {
    const std::lock_guard lock(mutex_);
    const auto found = vpcs_.find(vpc_id);
    return found == vpcs_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<Vpc>> LinuxNetwork::require(const std::string& vpc_id) {
    auto vpc = find(vpc_id);
    if (!vpc)
        return fail(errors::not_found, fmt::format("VPC {} is not known here", vpc_id));
    return vpc;
}

std::vector<std::shared_ptr<Vpc>> LinuxNetwork::all() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Vpc>> out;
    for (const auto& [id, vpc] : vpcs_)
        out.push_back(vpc);
    return out;
}

void LinuxNetwork::watch_dns_servers() {
    std::unique_lock lock(mutex_);
    while (!stop_.wait_for(lock, watch_interval, [this] { return stopping_; })) {
        lock.unlock();
        for (const auto& vpc : all())
            if (const auto kept = vpc->keep_dns_running(); !kept)
                log_error("dnsmasq", {{"error", kept.error().message}});
        lock.lock();
    }
}

} // namespace pileus::drivers
