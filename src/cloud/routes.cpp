// SPDX-License-Identifier: Apache-2.0
//
// CreateRoute, ReplaceRoute, DeleteRoute. Where they may lead is in route_targets.h.

#include "cloud/resource_kind.h"
#include "cloud/route_tables.h"
#include "cloud/route_targets.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace routes = store::routes;

namespace {

bool is_prefix_list(std::string_view destination) {
    return destination.starts_with(domain::prefix::prefix_list);
}
bool is_ipv6(std::string_view destination) {
    return destination.find(':') != std::string_view::npos;
}

Result<domain::RouteTable>
find_table(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto table = store::route_tables::find(tx, scope_of(caller), id))
        return std::move(*table);
    return fail(missing_error(kinds::route_table, id));
}

// A prefix list takes the room of all that may come to stand in it.
int room_of(store::Transaction& tx, const std::string& destination) {
    if (!is_prefix_list(destination))
        return 1;
    const auto list = store::prefix_lists::find(tx, destination);
    return list ? list->max_entries : 1;
}

bool is_of_ipv6(store::Transaction& tx, const std::string& destination) {
    if (!is_prefix_list(destination))
        return is_ipv6(destination);
    const auto list = store::prefix_lists::find(tx, destination);
    return list && list->is_ipv6;
}

Result<void> check_room(store::Transaction& tx,
                        const Context& context,
                        const domain::RouteTable& table,
                        const std::string& destination) {
    const bool ipv6 = is_of_ipv6(tx, destination);
    int count = room_of(tx, destination);
    for (const auto& route : routes::list_of_table(tx, table.id))
        if (is_of_ipv6(tx, route.destination) == ipv6)
            count += room_of(tx, route.destination);
    if (count > context.settings.limits.routes_per_route_table)
        return fail(codes::route_limit_exceeded,
                    fmt::format("The route table '{}' may have {} routes of a family.",
                                table.id,
                                context.settings.limits.routes_per_route_table));
    return {};
}

bool is_local_route(store::Transaction& tx,
                    const domain::RouteTable& table,
                    const std::string& destination) {
    const auto blocks = blocks_of(tx, table.vpc_id);
    return std::find(blocks.begin(), blocks.end(), destination) != blocks.end();
}

std::string_view destination_parameter(std::string_view destination) {
    if (is_prefix_list(destination))
        return "destination-prefix-list-id";
    return is_ipv6(destination) ? "destination-ipv6-cidr-block" : "destination-cidr-block";
}

} // namespace

Result<void> RouteTables::create_route(const domain::Caller& caller, const RouteRequest& request) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, request.route_table_id));
        PILEUS_ASSIGN(const auto destination, find_destination(tx, caller, request));
        if (is_local_route(tx, table, destination) || routes::find(tx, table.id, destination))
            return fail(codes::route_already_exists,
                        fmt::format("The route identified by {} already exists.", destination));
        PILEUS_ASSIGN(const auto target_id, find_target(tx, caller, table, destination, request));
        PILEUS_TRY(check_room(tx, context_, table, destination));
        PILEUS_TRY(end_if_dry_run(caller));
        routes::insert(tx, {table.id, destination, target_id});
        enqueue_vpc(tx, context_, table.vpc_id);
        return {};
    });
}

Result<void> RouteTables::replace_route(const domain::Caller& caller, const RouteRequest& request) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, request.route_table_id));
        PILEUS_ASSIGN(const auto destination, find_destination(tx, caller, request));
        if (is_local_route(tx, table, destination)) {
            if (!request.local_target)
                return fail(codes::unsupported_operation,
                            fmt::format("The local route {} cannot be given another target here. "
                                        "Make a route to the block of a subnet instead.",
                                        destination));
            return end_if_dry_run(caller); // that is its target
        }
        if (request.local_target)
            return fail(codes::invalid_parameter_value,
                        fmt::format("LocalTarget is for the routes to the blocks of the VPC, and "
                                    "{} is none.",
                                    destination));
        if (!routes::find(tx, table.id, destination))
            return fail(codes::invalid_parameter_value,
                        fmt::format("There is no route defined for '{}' in the route table. Use "
                                    "CreateRoute instead.",
                                    destination));
        PILEUS_ASSIGN(const auto target_id, find_target(tx, caller, table, destination, request));
        PILEUS_TRY(end_if_dry_run(caller));
        routes::replace(tx, {table.id, destination, target_id});
        enqueue_vpc(tx, context_, table.vpc_id);
        return {};
    });
}

Result<void> RouteTables::erase_route(const domain::Caller& caller, const RouteRequest& request) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, request.route_table_id));
        PILEUS_ASSIGN(const auto destination, find_destination(tx, caller, request));
        if (is_local_route(tx, table, destination))
            return fail(codes::invalid_parameter_value,
                        fmt::format("cannot remove local route {} in route table {}",
                                    destination,
                                    table.id));
        if (!routes::find(tx, table.id, destination))
            return fail(codes::route_not_found,
                        fmt::format("no route with {} {} in route table {}",
                                    destination_parameter(destination),
                                    destination,
                                    table.id));
        PILEUS_TRY(end_if_dry_run(caller));
        routes::erase(tx, table.id, destination);
        enqueue_vpc(tx, context_, table.vpc_id);
        return {};
    });
}

} // namespace pileus::cloud
