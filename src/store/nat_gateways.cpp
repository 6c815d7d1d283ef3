// SPDX-License-Identifier: Apache-2.0
#include "store/nat_gateways.h"

#include "store/table.h"

namespace pileus::store::nat_gateways {

namespace {

struct Columns {
    static constexpr std::string_view table = "nat_gateways";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("vpc_id", r.vpc_id);
        column("subnet_id", r.subnet_id);
        column("is_public", r.is_public);
        column("state", r.state);
        column("failure_code", r.failure_code);
        column("failure_message", r.failure_message);
        column("network_interface_id", r.network_interface_id);
        column("allocation_id", r.allocation_id);
        column("association_id", r.association_id);
        column("private_ip", r.private_ip);
        column("public_ip", r.public_ip);
        column("client_token", r.client_token);
        column("created_at", r.created_at);
        column("deleted_at", r.deleted_at);
    }
};
using Rows = Table<domain::NatGateway, Columns>;

} // namespace

void insert(Transaction& tx, const domain::NatGateway& gateway) {
    Rows::insert(tx, gateway);
}

void update(Transaction& tx, const domain::NatGateway& gateway) {
    Rows::update(tx, gateway);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::NatGateway> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::NatGateway> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::NatGateway> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

std::vector<domain::NatGateway> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

std::vector<domain::NatGateway> list_of_subnet(Transaction& tx, const std::string& subnet_id) {
    return Rows::list(tx, "WHERE subnet_id = $1 ORDER BY id", subnet_id);
}

} // namespace pileus::store::nat_gateways
