// SPDX-License-Identifier: Apache-2.0
#include "cloud/route_tables.h"

#include "cloud/listing.h"
#include "cloud/route_targets.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/route_tables.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace tables = store::route_tables;
namespace associations = store::route_table_associations;
namespace routes = store::routes;

namespace {

using Association = domain::RouteTableAssociation;

constexpr std::string_view create_operation = "CreateRouteTable";
constexpr std::string_view local = "local";

bool is_prefix_list(std::string_view destination) {
    return destination.starts_with(domain::prefix::prefix_list);
}
bool is_ipv6(std::string_view destination) {
    return destination.find(':') != std::string_view::npos;
}
bool is_block(std::string_view destination) {
    return !is_prefix_list(destination) && !is_ipv6(destination);
}

template <class Visit> void each_association(const RouteTableView& v, Visit visit) {
    for (const auto& association : v.associations)
        visit(association);
}
template <bool (*is_wanted)(std::string_view)>
void emit_destination(const RouteTableView& v, const Emit& emit) {
    for (const auto& route : v.routes)
        if (is_wanted(route.destination))
            emit(route.destination);
}
// The targets whose ids begin like that.
template <const std::string_view& prefix>
void emit_target(const RouteTableView& v, const Emit& emit) {
    for (const auto& route : v.routes)
        if (route.target_id.starts_with(prefix))
            emit(route.target_id);
}

constexpr FilterField<RouteTableView> table_filters[]{
    {"association.gateway-id", emit_nothing<RouteTableView>},
    {"association.main",
     [](const RouteTableView& v, const Emit& emit) {
         each_association(v, [&](const Association& a) { emit(filter_bool(a.subnet_id.empty())); });
     }},
    {"association.route-table-association-id",
     [](const RouteTableView& v, const Emit& emit) {
         each_association(v, [&](const Association& a) { emit(a.id); });
     }},
    {"association.route-table-id",
     [](const RouteTableView& v, const Emit& emit) {
         each_association(v, [&](const Association& a) { emit(a.route_table_id); });
     }},
    {"association.subnet-id",
     [](const RouteTableView& v, const Emit& emit) {
         each_association(v, [&](const Association& a) {
             if (!a.subnet_id.empty())
                 emit(a.subnet_id);
         });
     }},
    {"owner-id", [](const RouteTableView& v, const Emit& emit) { emit(v.table.account_id); }},
    {"route-table-id", [](const RouteTableView& v, const Emit& emit) { emit(v.table.id); }},
    {"route.destination-cidr-block", emit_destination<is_block>},
    {"route.destination-ipv6-cidr-block", emit_destination<is_ipv6>},
    {"route.destination-prefix-list-id", emit_destination<is_prefix_list>},
    {"route.egress-only-internet-gateway-id",
     emit_target<domain::prefix::egress_only_internet_gateway>},
    {"route.gateway-id",
     [](const RouteTableView& v, const Emit& emit) {
         for (const auto& route : v.routes)
             if (route.is_local() || route.target_id.starts_with(domain::prefix::internet_gateway))
                 emit(route.target_id);
     }},
    {"route.instance-id",
     [](const RouteTableView& v, const Emit& emit) {
         for (const auto& route : v.routes)
             if (!route.instance_id.empty())
                 emit(route.instance_id);
     }},
    {"route.nat-gateway-id", emit_target<domain::prefix::nat_gateway>},
    {"route.network-interface-id", emit_target<domain::prefix::network_interface>},
    {"route.origin",
     [](const RouteTableView& v, const Emit& emit) {
         for (const auto& route : v.routes)
             emit(route.is_local() ? "CreateRouteTable" : "CreateRoute");
     }},
    {"route.state",
     [](const RouteTableView& v, const Emit& emit) {
         for (const auto& route : v.routes)
             emit(route.is_active ? "active" : "blackhole");
     }},
    {"route.transit-gateway-id", emit_nothing<RouteTableView>},
    {"route.vpc-peering-connection-id", emit_target<domain::prefix::vpc_peering_connection>},
    {"vpc-id", [](const RouteTableView& v, const Emit& emit) { emit(v.table.vpc_id); }},
};

constexpr ListingKind<RouteTableView> table_listing{
    "DescribeRouteTables",
    table_filters,
    [](const RouteTableView& v) { return v.table.id; },
    {5, 100}};

std::vector<RouteView> view_routes(store::Transaction& tx, const domain::RouteTable& table) {
    std::vector<RouteView> views;
    for (auto& block : blocks_of(tx, table.vpc_id))
        views.push_back({std::move(block), std::string(local), {}, {}, true});
    for (const auto& route : routes::list_of_table(tx, table.id))
        views.push_back(view_route(tx, table, route));
    return views;
}

std::vector<RouteTableView> view_tables(store::Transaction& tx,
                                        std::vector<domain::RouteTable> rows) {
    std::vector<RouteTableView> views;
    for (auto& row : rows) {
        RouteTableView view{std::move(row), {}, {}, {}};
        view.associations = associations::list_of_table(tx, view.table.id);
        std::stable_partition(view.associations.begin(),
                              view.associations.end(),
                              [](const Association& a) { return a.subnet_id.empty(); });
        view.routes = view_routes(tx, view.table);
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const RouteTableView& v) { return v.table.id; });
    return views;
}

Result<domain::RouteTable>
find_table(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto table = tables::find(tx, scope_of(caller), id))
        return std::move(*table);
    return fail(missing_error(kinds::route_table, id));
}

// An association belongs to whom its table belongs to.
Result<Association>
find_association(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    auto association = associations::find(tx, id);
    if (association && tables::find(tx, scope_of(caller), association->route_table_id))
        return std::move(*association);
    return fail(codes::association_not_found,
                fmt::format("The association ID '{}' does not exist", id));
}

Association make_association(const Context& context,
                             const domain::RouteTable& table,
                             const std::string& subnet_id) {
    return {domain::new_id(context.random, domain::prefix::route_table_association),
            table.id,
            table.vpc_id,
            subnet_id};
}

} // namespace

Result<RouteTableView> RouteTables::create(const domain::Caller& caller,
                                           const RouteTableCreation& request) {
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::route_table.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<RouteTableView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_operation, request.client_token));
        if (earlier) {
            PILEUS_ASSIGN(auto table, find_table(tx, caller, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return std::move(view_tables(tx, {std::move(table)}).front());
        }
        if (!store::vpcs::find(tx, scope_of(caller), request.vpc_id))
            return fail(missing_error(kinds::vpc, request.vpc_id));
        if (static_cast<int>(tables::list_of_vpc(tx, request.vpc_id).size()) >=
            context_.settings.limits.route_tables_per_vpc)
            return fail(codes::route_table_limit_exceeded,
                        "The maximum number of route tables has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        const domain::RouteTable table{domain::new_id(context_.random, domain::prefix::route_table),
                                       caller.account_id,
                                       caller.region,
                                       request.vpc_id,
                                       context_.clock.now()};
        tables::insert(tx, table); // no work: no subnet follows it yet
        write_tags(tx, caller, request.tag_specifications, kinds::route_table.type, table.id);
        remember(tx, context_, caller, create_operation, request.client_token, table.id);
        return std::move(view_tables(tx, {table}).front());
    });
}

Result<void> RouteTables::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, id));
        if (!associations::list_of_table(tx, id).empty())
            return fail(
                codes::dependency_violation,
                fmt::format("The routeTable '{}' has dependencies and cannot be deleted.", id));
        PILEUS_TRY(end_if_dry_run(caller));
        routes::erase_of_table(tx, id);
        tables::erase(tx, id);
        store::tags::erase_all(tx, id);
        enqueue_vpc(tx, context_, table.vpc_id);
        return {};
    });
}

Result<Listing<RouteTableView>> RouteTables::describe(const domain::Caller& caller,
                                                      const std::vector<std::string>& ids,
                                                      const Filters& filters,
                                                      const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* of_vpcs = exact_filter(filters, "vpc-id");
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, tables::find(tx, scope, id), view_tables);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        if (!of_vpcs)
            return view_tables(tx, tables::list(tx, scope, rows));
        return view_tables(
            tx, own_of_each(of_vpcs->values, scope, rows, [&](const std::string& vpc_id) {
                return tables::list_of_vpc(tx, vpc_id);
            }));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, table_listing, kinds::route_table, ids, filters, page, find);
    return list_matching(context_, caller, table_listing, filters, page, batch);
}

Result<Association> RouteTables::associate(const domain::Caller& caller,
                                           const std::string& route_table_id,
                                           const std::string& subnet_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Association> {
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, route_table_id));
        const auto subnet = store::subnets::find(tx, scope_of(caller), subnet_id);
        if (!subnet)
            return fail(missing_error(kinds::subnet, subnet_id));
        if (subnet->vpc_id != table.vpc_id)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Route table {} and subnet {} belong to different networks",
                                    table.id,
                                    subnet->id));
        auto present = associations::find_of_subnet(tx, subnet->vpc_id, subnet->id);
        if (present && present->route_table_id != table.id)
            return fail(codes::resource_already_associated,
                        fmt::format("the specified association for route table {} conflicts with "
                                    "an existing association",
                                    table.id));
        PILEUS_TRY(end_if_dry_run(caller));
        if (present)
            return std::move(*present);
        auto association = make_association(context_, table, subnet->id);
        associations::insert(tx, association);
        enqueue_vpc(tx, context_, table.vpc_id);
        return association;
    });
}

Result<void> RouteTables::disassociate(const domain::Caller& caller,
                                       const std::string& association_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto association, find_association(tx, caller, association_id));
        if (association.subnet_id.empty())
            return fail(codes::invalid_parameter_value,
                        fmt::format("cannot disassociate the main route table association {}",
                                    association.id));
        PILEUS_TRY(end_if_dry_run(caller));
        associations::erase(tx, association.id);
        enqueue_vpc(tx, context_, association.vpc_id);
        return {};
    });
}

Result<Association> RouteTables::replace_association(const domain::Caller& caller,
                                                     const std::string& association_id,
                                                     const std::string& route_table_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Association> {
        PILEUS_ASSIGN(const auto old, find_association(tx, caller, association_id));
        PILEUS_ASSIGN(const auto table, find_table(tx, caller, route_table_id));
        if (table.vpc_id != old.vpc_id)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Route table {} and network {} belong to different networks",
                                    table.id,
                                    old.vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        auto association = make_association(context_, table, old.subnet_id);
        associations::erase(tx, old.id);
        associations::insert(tx, association);
        enqueue_vpc(tx, context_, table.vpc_id);
        return association;
    });
}

} // namespace pileus::cloud
