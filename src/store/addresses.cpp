// SPDX-License-Identifier: Apache-2.0
#include "store/addresses.h"

#include "store/table.h"

namespace pileus::store::addresses {

namespace {

struct Columns {
    static constexpr std::string_view table = "addresses";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("allocation_id", r.allocation_id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("public_ip", r.public_ip);
        column("association_id", r.association_id);
        column("network_interface_id", r.network_interface_id);
        column("private_ip", r.private_ip);
        column("domain_name", r.domain_name);
        column("is_service_managed", r.is_service_managed);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::Address, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Address& address) {
    Rows::insert(tx, address);
}

void update(Transaction& tx, const domain::Address& address) {
    Rows::update(tx, address);
}

void erase(Transaction& tx, const std::string& allocation_id) {
    Rows::erase(tx, allocation_id);
}

std::optional<domain::Address> find(Transaction& tx, const std::string& allocation_id) {
    return Rows::find_by_key(tx, allocation_id);
}

std::optional<domain::Address>
find(Transaction& tx, const Scope& scope, const std::string& allocation_id) {
    return Rows::find_in(tx, scope, allocation_id);
}

std::vector<domain::Address> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::optional<domain::Address> find_by_public_ip(Transaction& tx, const std::string& public_ip) {
    return Rows::find(tx, "WHERE public_ip = $1", public_ip);
}

std::optional<domain::Address> find_by_association(Transaction& tx,
                                                   const std::string& association_id) {
    return Rows::find(tx, "WHERE association_id = $1 AND association_id <> ''", association_id);
}

std::vector<domain::Address> list_of_interface(Transaction& tx,
                                               const std::string& network_interface_id) {
    return Rows::list(
        tx,
        "WHERE network_interface_id = $1 AND network_interface_id <> '' ORDER BY private_ip",
        network_interface_id);
}

} // namespace pileus::store::addresses
