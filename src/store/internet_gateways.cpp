// SPDX-License-Identifier: Apache-2.0
#include "store/internet_gateways.h"

#include "store/table.h"

namespace pileus::store::internet_gateways {

namespace {

struct Columns {
    static constexpr std::string_view table = "internet_gateways";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("vpc_id", r.vpc_id);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::InternetGateway, Columns>;

} // namespace

void insert(Transaction& tx, const domain::InternetGateway& gateway) {
    Rows::insert(tx, gateway);
}

void update(Transaction& tx, const domain::InternetGateway& gateway) {
    Rows::update(tx, gateway);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::InternetGateway> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::InternetGateway>
find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::InternetGateway> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::optional<domain::InternetGateway> find_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::find(tx, "WHERE vpc_id = $1 AND vpc_id <> ''", vpc_id);
}

} // namespace pileus::store::internet_gateways

namespace pileus::store::egress_only_internet_gateways {

namespace {

struct Columns {
    static constexpr std::string_view table = "egress_only_internet_gateways";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("vpc_id", r.vpc_id);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::EgressOnlyInternetGateway, Columns>;

} // namespace

void insert(Transaction& tx, const domain::EgressOnlyInternetGateway& gateway) {
    Rows::insert(tx, gateway);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::EgressOnlyInternetGateway> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::EgressOnlyInternetGateway>
find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::EgressOnlyInternetGateway>
list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::vector<domain::EgressOnlyInternetGateway> list_of_vpc(Transaction& tx,
                                                           const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

} // namespace pileus::store::egress_only_internet_gateways
