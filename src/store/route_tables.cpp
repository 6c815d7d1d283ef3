// SPDX-License-Identifier: Apache-2.0
#include "store/route_tables.h"

#include "store/table.h"

namespace pileus::store::route_tables {

namespace {

struct Columns {
    static constexpr std::string_view table = "route_tables";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("vpc_id", r.vpc_id);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::RouteTable, Columns>;

} // namespace

void insert(Transaction& tx, const domain::RouteTable& table) {
    Rows::insert(tx, table);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::RouteTable> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::RouteTable> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::RouteTable> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::vector<domain::RouteTable> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

} // namespace pileus::store::route_tables

namespace pileus::store::route_table_associations {

namespace {

struct Columns {
    static constexpr std::string_view table = "route_table_associations";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("route_table_id", r.route_table_id);
        column("vpc_id", r.vpc_id);
        column("subnet_id", r.subnet_id);
    }
};
using Rows = Table<domain::RouteTableAssociation, Columns>;

} // namespace

void insert(Transaction& tx, const domain::RouteTableAssociation& association) {
    Rows::insert(tx, association);
}

void update(Transaction& tx, const domain::RouteTableAssociation& association) {
    Rows::update(tx, association);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::RouteTableAssociation> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::vector<domain::RouteTableAssociation> list_of_table(Transaction& tx,
                                                         const std::string& route_table_id) {
    return Rows::list(tx, "WHERE route_table_id = $1 ORDER BY id", route_table_id);
}

std::vector<domain::RouteTableAssociation> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

std::optional<domain::RouteTableAssociation>
find_of_subnet(Transaction& tx, const std::string& vpc_id, const std::string& subnet_id) {
    return Rows::find(tx, "WHERE vpc_id = $1 AND subnet_id = $2", vpc_id, subnet_id);
}

std::optional<domain::RouteTableAssociation> find_main(Transaction& tx, const std::string& vpc_id) {
    return Rows::find(tx, "WHERE vpc_id = $1 AND subnet_id = ''", vpc_id);
}

} // namespace pileus::store::route_table_associations

namespace pileus::store::routes {

namespace {

struct Columns {
    static constexpr std::string_view table = "routes";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("route_table_id", r.route_table_id);
        column("destination", r.destination);
        column("target_id", r.target_id);
    }
};
using Rows = Table<domain::Route, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Route& route) {
    Rows::insert(tx, route);
}

void replace(Transaction& tx, const domain::Route& route) {
    erase(tx, route.route_table_id, route.destination);
    Rows::insert(tx, route);
}

void erase(Transaction& tx, const std::string& route_table_id, const std::string& destination) {
    execute(tx.connection(),
            "DELETE FROM routes WHERE route_table_id = $1 AND destination = $2",
            route_table_id,
            destination);
}

void erase_of_table(Transaction& tx, const std::string& route_table_id) {
    execute(tx.connection(), "DELETE FROM routes WHERE route_table_id = $1", route_table_id);
}

std::optional<domain::Route>
find(Transaction& tx, const std::string& route_table_id, const std::string& destination) {
    return Rows::find(
        tx, "WHERE route_table_id = $1 AND destination = $2", route_table_id, destination);
}

std::vector<domain::Route> list_of_table(Transaction& tx, const std::string& route_table_id) {
    return Rows::list(tx, "WHERE route_table_id = $1 ORDER BY destination", route_table_id);
}

std::vector<domain::Route> list_to(Transaction& tx, const std::string& target_id) {
    return Rows::list(tx, "WHERE target_id = $1 ORDER BY route_table_id, destination", target_id);
}

std::vector<domain::Route> list_by_destination(Transaction& tx, const std::string& destination) {
    return Rows::list(tx, "WHERE destination = $1 ORDER BY route_table_id", destination);
}

} // namespace pileus::store::routes
