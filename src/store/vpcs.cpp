// SPDX-License-Identifier: Apache-2.0
#include "store/vpcs.h"

#include "store/table.h"

namespace pileus::store::vpcs {

namespace {

struct Columns {
    static constexpr std::string_view table = "vpcs";

    template <class Vpc, class Visitor> static void visit(Vpc& v, Visitor column) {
        column("id", v.id);
        column("account_id", v.account_id);
        column("region", v.region);
        column("cidr_block", v.cidr_block);
        column("cidr_association_id", v.cidr_association_id);
        column("dhcp_options_id", v.dhcp_options_id);
        column("is_default", v.is_default);
        column("created_at", v.created_at);
    }
};
using Rows = Table<domain::Vpc, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Vpc& vpc) {
    Rows::insert(tx, vpc);
}

std::optional<domain::Vpc> find(Transaction& tx, const std::string& id) {
    return Rows::find(tx, "WHERE id = $1", id);
}

std::optional<domain::Vpc> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find(tx,
                      "WHERE id = $1 AND account_id = $2 AND region = $3",
                      id,
                      scope.account_id,
                      scope.region);
}

std::optional<domain::Vpc> find_default(Transaction& tx, const Scope& scope) {
    return Rows::find(tx,
                      "WHERE account_id = $1 AND region = $2 AND is_default = 1",
                      scope.account_id,
                      scope.region);
}

std::vector<domain::Vpc> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list(tx,
                      "WHERE account_id = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
                      scope.account_id,
                      scope.region,
                      page.after_id,
                      page.limit);
}

std::vector<domain::Vpc> list_all(Transaction& tx) {
    return Rows::list(tx, "ORDER BY id");
}

} // namespace pileus::store::vpcs

namespace pileus::store::subnets {

namespace {

struct Columns {
    static constexpr std::string_view table = "subnets";

    template <class Subnet, class Visitor> static void visit(Subnet& s, Visitor column) {
        column("id", s.id);
        column("account_id", s.account_id);
        column("region", s.region);
        column("vpc_id", s.vpc_id);
        column("zone", s.zone);
        column("zone_id", s.zone_id);
        column("cidr_block", s.cidr_block);
        column("is_default", s.is_default);
        column("map_public_ip_on_launch", s.map_public_ip_on_launch);
        column("created_at", s.created_at);
    }
};
using Rows = Table<domain::Subnet, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Subnet& subnet) {
    Rows::insert(tx, subnet);
}

std::optional<domain::Subnet> find(Transaction& tx, const std::string& id) {
    return Rows::find(tx, "WHERE id = $1", id);
}

std::optional<domain::Subnet> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find(tx,
                      "WHERE id = $1 AND account_id = $2 AND region = $3",
                      id,
                      scope.account_id,
                      scope.region);
}

std::vector<domain::Subnet> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list(tx,
                      "WHERE account_id = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
                      scope.account_id,
                      scope.region,
                      page.after_id,
                      page.limit);
}

std::vector<domain::Subnet> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

} // namespace pileus::store::subnets
