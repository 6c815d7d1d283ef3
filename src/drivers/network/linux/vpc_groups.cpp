// SPDX-License-Identifier: Apache-2.0
// The security groups of a VPC, and the members of those that other VPCs name.
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/vpc.h"

namespace pileus::drivers {

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

std::set<std::string> Vpc::foreign_groups() {
    const std::lock_guard lock(mutex_);
    std::set<std::string> out;
    for (const auto& [id, group] : state_.groups)
        for (const auto& rule : group.rules)
            if (!rule.peer_cidr && state_.groups.count(rule.peer_security_group_id) == 0)
                out.insert(rule.peer_security_group_id);
    return out;
}

std::map<std::string, GroupMembers> Vpc::members_of(const std::set<std::string>& group_ids) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, GroupMembers> out;
    for (const auto& id : group_ids)
        if (state_.groups.count(id) != 0)
            out[id]; // it may have none
    for (const auto& [interface_id, port] : state_.ports)
        for (const auto& group : port.spec.security_group_ids)
            if (const auto found = out.find(group); found != out.end()) {
                for (const auto& address : port.spec.addresses)
                    found->second.ipv4.insert(address.private_ip);
                found->second.ipv6.insert(port.spec.ipv6_addresses.begin(),
                                          port.spec.ipv6_addresses.end());
            }
    return out;
}

Result<void> Vpc::set_foreign_members(const std::string& vpc_id,
                                      const std::map<std::string, GroupMembers>& members) {
    const std::lock_guard lock(mutex_);
    auto& known = foreign_members_[vpc_id];
    if (known == members)
        return {};
    std::string script;
    for (const auto& [id, before] : known)
        if (members.count(id) == 0)
            script += empty_group_members(id);
    for (const auto& [id, now] : members)
        if (const auto before = known.find(id); before == known.end() || !(before->second == now))
            script += foreign_group_members(id, now);
    PILEUS_TRY(run_nft(runner_, namespace_, script));
    known = members;
    return {};
}

} // namespace pileus::drivers
