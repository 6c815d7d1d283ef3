// SPDX-License-Identifier: Apache-2.0
#include "engine/network_view.h"

#include "engine/network_specs.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/vpcs.h"

#include <fmt/core.h>
#include <set>

namespace pileus::engine {

using store::Transaction;

namespace {

constexpr int page_size = 1000;

std::set<std::string> vpcs_of(Transaction& tx, const store::Scope& scope) {
    std::set<std::string> ids;
    std::string after;
    for (;;) {
        const auto page = store::vpcs::list(tx, scope, {after, page_size});
        for (const auto& vpc : page)
            ids.insert(vpc.id);
        if (page.size() < page_size)
            return ids;
        after = page.back().id;
    }
}

std::string why_idle(Transaction& tx, const domain::NetworkInterface& row) {
    if (row.kind == domain::NetworkInterfaceKind::nat_gateway)
        return "its NAT gateway is not available";
    if (row.instance_id.empty())
        return "it is attached to no instance";
    const auto instance = store::instances::find(tx, row.instance_id);
    return fmt::format("{} is {}", row.instance_id, instance ? to_string(instance->state) : "gone");
}

void add_interfaces(Transaction& tx, const std::string& vpc_id, drivers::NetworkView& view) {
    for (const auto& row : store::network_interfaces::list_of_vpc(tx, vpc_id)) {
        view.interfaces.push_back(make_interface_spec(row));
        if (!row.instance_id.empty())
            view.owners[row.id] = row.instance_id;
        if (!is_in_use(tx, row))
            view.idle[row.id] = why_idle(tx, row);
    }
    for (const auto& gateway : store::nat_gateways::list_of_vpc(tx, vpc_id))
        view.owners[gateway.network_interface_id] = gateway.id;
    if (const auto gateway = store::internet_gateways::find_of_vpc(tx, vpc_id))
        view.internet_gateways[vpc_id] = gateway->id;
}

} // namespace

drivers::NetworkView make_network_view(Transaction& tx, const store::Scope& scope, bool egress) {
    drivers::NetworkView view;
    view.egress = egress;
    const auto own = vpcs_of(tx, scope);
    auto ids = own;
    for (const auto& id : own)
        if (auto spec = make_vpc_spec(tx, id))
            for (const auto& peering : spec->peerings)
                ids.insert(peering.peer_vpc_id);
    std::set<std::string> groups;
    for (const auto& id : ids) {
        if (!own.contains(id))
            view.foreign_vpcs.insert(id);
        if (auto spec = make_vpc_spec(tx, id))
            view.vpcs.push_back(std::move(*spec));
        add_interfaces(tx, id, view);
        for (const auto& group : store::security_groups::list_of_vpc(tx, id))
            groups.insert(group.id);
    }
    view.groups = make_security_group_specs(tx, {groups.begin(), groups.end()});
    return view;
}

} // namespace pileus::engine
