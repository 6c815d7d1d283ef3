// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/policy_routing.h"

#include "drivers/network/linux/netlink_message.h"
#include "drivers/network/linux/port.h"

#include <algorithm>
#include <set>

namespace pileus::drivers {

namespace {

constexpr uint32_t inside_priority = 100; // to the own subnet
constexpr uint32_t table_priority = 200;
constexpr uint32_t first_table = 1000; // two for each subnet, of which one is asked

uint32_t table_of(uint32_t slot, bool second) {
    return first_table + 2 * slot + (second ? 1 : 0);
}

uint32_t mark_of(uint32_t slot) {
    return slot << mark_number_bits;
}

bool is_ours(const PolicyRule& rule) {
    return rule.priority == inside_priority || rule.priority == table_priority;
}

PolicyRule table_rule(uint32_t slot, IpFamily family, uint32_t table) {
    return {.family = family,
            .priority = table_priority,
            .mark = mark_of(slot),
            .mark_mask = mark_subnet_mask,
            .destination = std::nullopt,
            .of_this_host = false,
            .table = table};
}

std::vector<PolicyRule> inside_rules(const SubnetRoutes& subnet, IpFamily family) {
    std::vector<PolicyRule> out;
    for (const auto& block : subnet.blocks)
        if (family_of(block) == family)
            out.push_back({.family = family,
                           .priority = inside_priority,
                           .mark = mark_of(subnet.slot),
                           .mark_mask = mark_subnet_mask,
                           .destination = block,
                           .of_this_host = false,
                           .table = main_table});
    return out;
}

std::vector<Route> routes_in(std::vector<Route> routes, IpFamily family, uint32_t table) {
    std::vector<Route> out;
    for (auto& route : routes) {
        if (family_of(route.destination) != family)
            continue;
        route.table = table;
        out.push_back(std::move(route));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<Route> found_in(const std::vector<Route>& routes, uint32_t table) {
    std::vector<Route> out;
    for (const auto& route : routes)
        if (route.table == table)
            out.push_back(route);
    std::sort(out.begin(), out.end());
    return out;
}

// The table that is asked for the subnet's packets now, or 0.
uint32_t asked_table(const std::vector<PolicyRule>& rules, uint32_t slot) {
    for (const auto& rule : rules)
        if (rule.priority == table_priority && rule.mark == mark_of(slot))
            return rule.table;
    return 0;
}

bool contains(const std::vector<PolicyRule>& rules, const PolicyRule& rule) {
    return std::find(rules.begin(), rules.end(), rule) != rules.end();
}

} // namespace

std::vector<Route> common_routes(const std::vector<Route>& one, const std::vector<Route>& other) {
    std::vector<Route> out;
    const auto same_destination = [](const Route& route) {
        return [&](const Route& each) { return each.destination == route.destination; };
    };
    const auto is_same = [](const Route& a, const Route& b) {
        return a.kind == b.kind && a.link == b.link && a.via == b.via;
    };
    for (const auto& route : one) {
        const auto found = std::find_if(other.begin(), other.end(), same_destination(route));
        if (found != other.end() && is_same(*found, route))
            out.push_back(route);
        else
            out.push_back({.destination = route.destination, .kind = RouteKind::blackhole});
    }
    for (const auto& route : other)
        if (std::none_of(one.begin(), one.end(), same_destination(route)))
            out.push_back({.destination = route.destination, .kind = RouteKind::blackhole});
    return out;
}

Result<PolicyRouting::Found> PolicyRouting::look(IpFamily family) {
    Found found;
    PILEUS_ASSIGN(found.rules, netlink_.rules(family));
    PILEUS_ASSIGN(found.routes, netlink_.routes(family));
    return found;
}

Result<bool> PolicyRouting::is_applied(const std::vector<SubnetRoutes>& subnets, IpFamily family) {
    PILEUS_ASSIGN(const auto found, look(family));
    size_t rules_wanted = 0;
    for (const auto& subnet : subnets) {
        const auto table = asked_table(found.rules, subnet.slot);
        if (table == 0 || found_in(found.routes, table) != routes_in(subnet.routes, family, table))
            return false;
        ++rules_wanted;
        for (const auto& rule : inside_rules(subnet, family)) {
            ++rules_wanted;
            if (!contains(found.rules, rule))
                return false;
        }
    }
    return static_cast<size_t>(std::count_if(found.rules.begin(), found.rules.end(), is_ours)) ==
           rules_wanted;
}

Result<void> PolicyRouting::apply(const std::vector<SubnetRoutes>& subnets, IpFamily family) {
    PILEUS_ASSIGN(const auto found, look(family));
    std::set<uint32_t> slots;
    for (const auto& subnet : subnets) {
        slots.insert(subnet.slot);
        PILEUS_TRY(apply_subnet(subnet, family, found));
    }
    for (const auto& rule : found.rules) {
        const uint32_t slot = rule.mark >> mark_number_bits;
        if (!is_ours(rule) || slots.count(slot) != 0)
            continue;
        PILEUS_TRY(netlink_.remove_rule(rule));
        for (const bool second : {false, true})
            PILEUS_TRY(remove_routes(found, table_of(slot, second)));
    }
    return {};
}

Result<void>
PolicyRouting::apply_subnet(const SubnetRoutes& subnet, IpFamily family, const Found& found) {
    const uint32_t asked = asked_table(found.rules, subnet.slot);
    uint32_t table = asked;
    if (asked == 0 || found_in(found.routes, asked) != routes_in(subnet.routes, family, asked)) {
        table = table_of(subnet.slot, asked == table_of(subnet.slot, false));
        PILEUS_TRY(remove_routes(found, table)); // of the change before the last, or half filled
        for (const auto& route : routes_in(subnet.routes, family, table))
            PILEUS_TRY(netlink_.ensure_route(route));
    }
    auto wanted = inside_rules(subnet, family);
    wanted.push_back(table_rule(subnet.slot, family, table));
    for (const auto& rule : wanted)
        if (!contains(found.rules, rule))
            PILEUS_TRY(netlink_.ensure_rule(rule));
    // A rule to the new table that a crash left stands behind the old one, as a new one would.
    // The old table stays filled: a packet on another processor may have read the old rule, and
    // would find half of the routes.
    for (const auto& rule : found.rules)
        if (is_ours(rule) && rule.mark == mark_of(subnet.slot) && !contains(wanted, rule))
            PILEUS_TRY(netlink_.remove_rule(rule));
    return {};
}

Result<void> PolicyRouting::apply_common(const std::vector<SubnetRoutes>& subnets,
                                         IpFamily family) {
    PILEUS_ASSIGN(const auto found, look(family));
    std::vector<SubnetRoutes> common;
    for (const auto& subnet : subnets) {
        const uint32_t asked = asked_table(found.rules, subnet.slot);
        common.push_back(subnet);
        if (asked != 0)
            common.back().routes =
                common_routes(found_in(found.routes, asked), routes_in(subnet.routes, family, 0));
    }
    return apply(common, family);
}

// Of a table that no rule leads to.
Result<void> PolicyRouting::remove_routes(const Found& found, uint32_t table) {
    for (const auto& route : found.routes)
        if (route.table == table)
            PILEUS_TRY(netlink_.remove_route(route));
    return {};
}

} // namespace pileus::drivers
