// SPDX-License-Identifier: Apache-2.0
#include "engine/vpc_network.h"

#include "engine/network_specs.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"

#include <map>

namespace pileus::engine {

Result<std::set<std::string>> VpcNetwork::vpcs_here() {
    PILEUS_ASSIGN(const auto ids, network_.observe_vpcs());
    return std::set<std::string>(ids.begin(), ids.end());
}

Result<bool> VpcNetwork::is_here(const std::string& vpc_id) {
    PILEUS_ASSIGN(const auto here, vpcs_here());
    return here.contains(vpc_id);
}

bool VpcNetwork::is_in_use(const std::string& vpc_id) {
    return store_.read([&](store::Transaction& tx) { return is_vpc_in_use(tx, vpc_id, host_id_); });
}

// ---- VPCs ---------------------------------------------------------------------------------------

// With the VPC's lock held.
Result<void> VpcNetwork::ensure_vpc(const std::string& vpc_id) {
    const auto spec =
        store_.read([&](store::Transaction& tx) { return make_vpc_spec(tx, vpc_id); });
    if (!spec)
        return fail(errors::not_found, "there is no row for " + vpc_id);
    return network_.ensure_vpc(*spec);
}

Result<void> VpcNetwork::update_vpc(const std::string& vpc_id) {
    const auto groups =
        store_.read([&](store::Transaction& tx) { return groups_across_peerings(tx, vpc_id); });
    PILEUS_TRY(apply_peers_groups(vpc_id, groups));
    const auto held = locks_.hold(vpc_id);
    PILEUS_ASSIGN(const auto here, vpcs_here());
    if (!here.contains(vpc_id))
        return {};
    PILEUS_TRY(ensure_vpc(vpc_id));
    return apply_groups_in(vpc_id, groups);
}

Result<void> VpcNetwork::remove_unused_vpc(const std::string& vpc_id) {
    const auto held = locks_.hold(vpc_id);
    // Looked at under the lock: whoever begins to use it tells the driver under the lock too, and
    // after the row says so.
    return is_in_use(vpc_id) ? Result<void>{} : network_.remove_vpc(vpc_id);
}

// ---- interfaces ---------------------------------------------------------------------------------

Result<void> VpcNetwork::ensure_interface(const std::string& interface_id) {
    const auto find = [&](store::Transaction& tx) {
        return store::network_interfaces::find(tx, interface_id);
    };
    const auto seen = store_.read(find);
    if (!seen)
        return fail(errors::not_found, "there is no row for " + interface_id);
    PILEUS_TRY(apply_peers_groups(seen->vpc_id, seen->security_group_ids));
    const auto held = locks_.hold(seen->vpc_id);
    const auto row = store_.read(find);
    if (!row)
        return fail(errors::not_found, "there is no row for " + interface_id);
    PILEUS_TRY(ensure_vpc(row->vpc_id));
    PILEUS_TRY(apply_groups_in(row->vpc_id, row->security_group_ids));
    return network_.ensure_interface(make_interface_spec(*row));
}

Result<void> VpcNetwork::remove_interface(const std::string& vpc_id,
                                          const std::string& interface_id) {
    const auto held = locks_.hold(vpc_id);
    return network_.remove_interface(vpc_id, interface_id);
}

Result<void> VpcNetwork::remove_interface_everywhere(const std::string& interface_id) {
    PILEUS_ASSIGN(const auto here, vpcs_here());
    for (const auto& vpc_id : here)
        PILEUS_TRY(remove_interface(vpc_id, interface_id));
    return {};
}

// ---- security groups ----------------------------------------------------------------------------

// The groups of other VPCs that these name, where those VPCs are on this host; the driver can name
// them in rules of this VPC then. No two locks are ever held together.
Result<void> VpcNetwork::apply_peers_groups(const std::string& vpc_id,
                                            const std::vector<std::string>& group_ids) {
    const auto specs = store_.read(
        [&](store::Transaction& tx) { return make_security_group_specs(tx, group_ids); });
    std::map<std::string, std::vector<std::string>> by_vpc;
    for (const auto& spec : specs)
        if (spec.vpc_id != vpc_id)
            by_vpc[spec.vpc_id].push_back(spec.id);
    if (by_vpc.empty())
        return {};
    PILEUS_ASSIGN(const auto here, vpcs_here());
    for (const auto& [peer, ids] : by_vpc) {
        if (!here.contains(peer))
            continue;
        const auto held = locks_.hold(peer);
        PILEUS_TRY(apply_groups_in(peer, ids));
    }
    return {};
}

// With the VPC's lock held.
Result<void> VpcNetwork::apply_groups_in(const std::string& vpc_id,
                                         const std::vector<std::string>& group_ids) {
    auto specs = store_.read(
        [&](store::Transaction& tx) { return make_security_group_specs(tx, group_ids); });
    std::erase_if(specs, [&](const auto& spec) { return spec.vpc_id != vpc_id; });
    return specs.empty() ? Result<void>{} : network_.apply_security_groups(specs);
}

Result<void> VpcNetwork::apply_security_group(const std::string& group_id) {
    PILEUS_ASSIGN(const auto here, vpcs_here());
    const auto group = store_.read(
        [&](store::Transaction& tx) { return store::security_groups::find(tx, group_id); });
    if (!group) {
        // With the group has gone the word of whose it was.
        for (const auto& vpc_id : here) {
            const auto held = locks_.hold(vpc_id);
            PILEUS_TRY(network_.remove_security_group(vpc_id, group_id));
        }
        return {};
    }
    if (!here.contains(group->vpc_id))
        return {};
    PILEUS_TRY(apply_peers_groups(group->vpc_id, {group_id}));
    const auto held = locks_.hold(group->vpc_id);
    return apply_groups_in(group->vpc_id, {group_id});
}

} // namespace pileus::engine
