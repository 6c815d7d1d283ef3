// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/commands.h"
#include "drivers/network/explain/walk.h"

#include <fmt/core.h>

namespace pileus::drivers {

bool Walk::answer() {
    for (auto crossing = crossings_.rbegin(); crossing != crossings_.rend(); ++crossing) {
        const bool goes_on =
            crossing->is_leaving
                ? check_acl(
                      *crossing->vpc, *crossing->subnet, false, answer_to(crossing->header), true)
                : answer_leaves(*crossing);
        if (!goes_on)
            return false;
    }
    return pass("destination",
                sender_ != nullptr ? sender_->id : "",
                "the answer comes back; security groups let it pass unasked",
                true);
}

bool Walk::answer_leaves(const Crossing& crossing) {
    const auto header = answer_to(crossing.header);
    const auto& table_id = crossing.subnet->route_table_id;
    const auto choice =
        choose_route(*crossing.vpc, find_by_id(crossing.vpc->route_tables, table_id), header.to);
    const bool is_way_back =
        choice && (crossing.is_local
                       ? choice->is_local
                       : !choice->is_local && choice->route.target == crossing.way_back.target &&
                             choice->route.target_id == crossing.way_back.target_id);
    if (!is_way_back) {
        const auto& way = crossing.way_back;
        const bool to_gateway = way.target == RouteTarget::internet_gateway;
        const auto target = to_gateway ? "--gateway-id " + gateway_name(crossing.vpc->id)
                                       : "--vpc-peering-connection-id " + way.target_id;
        auto destination = single_address(header.to);
        if (to_gateway)
            destination = is_ipv6(header.to) ? IpCidr(Ipv6Cidr{}) : IpCidr(Ipv4Cidr{});
        const bool is_there = choice && choice->destination == destination;
        return stop("route",
                    table_id,
                    choice ? fmt::format("the answer to {} would go another way: {}",
                                         text_of(header.to),
                                         describe(*choice))
                           : fmt::format("no route for the answer to {}", text_of(header.to)),
                    crossing.is_local ? ""
                    : is_there        ? commands::replace_route(table_id, destination, target)
                                      : commands::add_route(table_id, destination, target),
                    true);
    }
    pass("route", table_id, fmt::format("the answer: {}", describe(*choice)), true);
    return check_acl(*crossing.vpc, *crossing.subnet, true, header, true);
}

} // namespace pileus::drivers
