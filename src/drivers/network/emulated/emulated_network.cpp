// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/emulated/emulated_network.h"

#include <fcntl.h>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

Result<VpcTopology*> find_vpc(std::map<std::string, VpcTopology>& vpcs, const std::string& id) {
    const auto found = vpcs.find(id);
    if (found == vpcs.end())
        return fail(errors::not_found, fmt::format("VPC {} is not known here", id));
    return &found->second;
}

} // namespace

Result<void> EmulatedNetwork::recover() {
    return {};
}

Result<void> EmulatedNetwork::ensure_vpc(const VpcSpec& vpc) {
    const std::lock_guard lock(mutex_);
    const auto found = vpcs_.find(vpc.id);
    PILEUS_TRY(check_vpc(vpc, found == vpcs_.end() ? nullptr : &found->second));
    vpcs_[vpc.id].spec = vpc;
    return {};
}

Result<void> EmulatedNetwork::remove_vpc(const std::string& vpc_id) {
    const std::lock_guard lock(mutex_);
    vpcs_.erase(vpc_id);
    return {};
}

Result<void> EmulatedNetwork::apply_security_groups(const std::vector<SecurityGroupSpec>& groups) {
    if (groups.empty())
        return {};
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(VpcTopology* const vpc, find_vpc(vpcs_, groups.front().vpc_id));
    PILEUS_TRY(check_groups(groups, *vpc));
    for (const auto& group : groups)
        vpc->groups[group.id] = group;
    return {};
}

Result<void> EmulatedNetwork::remove_security_group(const std::string& vpc_id,
                                                    const std::string& group_id) {
    const std::lock_guard lock(mutex_);
    const auto vpc = vpcs_.find(vpc_id);
    if (vpc == vpcs_.end())
        return {};
    PILEUS_TRY(check_group_unused(group_id, vpc->second));
    vpc->second.groups.erase(group_id);
    return {};
}

Result<void> EmulatedNetwork::ensure_interface(const InterfaceSpec& interface) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(VpcTopology* const vpc, find_vpc(vpcs_, interface.vpc_id));
    PILEUS_TRY(check_interface(interface, *vpc));
    vpc->interfaces[interface.id] = interface;
    return {};
}

Result<void> EmulatedNetwork::remove_interface(const std::string& vpc_id,
                                               const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    if (const auto vpc = vpcs_.find(vpc_id); vpc != vpcs_.end())
        vpc->second.interfaces.erase(interface_id);
    return {};
}

Result<UniqueFd> EmulatedNetwork::open_tap(const std::string& vpc_id,
                                           const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const VpcTopology* const vpc, find_vpc(vpcs_, vpc_id));
    if (!vpc->interfaces.contains(interface_id))
        return fail(errors::not_found,
                    fmt::format("interface {} is not known in {}", interface_id, vpc_id));
    return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
}

Result<InterfaceCounters> EmulatedNetwork::read_counters(const std::string& vpc_id,
                                                         const std::string& interface_id) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const VpcTopology* const vpc, find_vpc(vpcs_, vpc_id));
    if (!vpc->interfaces.contains(interface_id))
        return fail(errors::not_found,
                    fmt::format("interface {} is not known in {}", interface_id, vpc_id));
    return InterfaceCounters{};
}

void EmulatedNetwork::on_metadata_listener(std::function<void(MetadataListener)>,
                                           std::function<void(const std::string&)>) {}

std::optional<std::string> EmulatedNetwork::interface_of_mark(const std::string&, uint32_t) {
    return std::nullopt;
}

Result<std::vector<std::string>> EmulatedNetwork::observe_vpcs() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, vpc] : vpcs_)
        ids.push_back(id);
    return ids;
}

Result<std::vector<std::string>> EmulatedNetwork::observe_interfaces() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [vpc_id, vpc] : vpcs_)
        for (const auto& [id, interface] : vpc.interfaces)
            ids.push_back(id);
    return ids;
}

Result<void> EmulatedNetwork::remove_all() {
    const std::lock_guard lock(mutex_);
    vpcs_.clear();
    return {};
}

} // namespace pileus::drivers
