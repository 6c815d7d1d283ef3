// SPDX-License-Identifier: Apache-2.0
#include "store/network_acls.h"

#include "store/table.h"

namespace pileus::store::network_acls {

namespace {

struct Columns {
    static constexpr std::string_view table = "network_acls";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("vpc_id", r.vpc_id);
        column("is_default", r.is_default);
        column("created_at", r.created_at);
    }
};
using Rows = Table<domain::NetworkAcl, Columns>;

} // namespace

void insert(Transaction& tx, const domain::NetworkAcl& acl) {
    Rows::insert(tx, acl);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::NetworkAcl> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::NetworkAcl> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::NetworkAcl> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

std::vector<domain::NetworkAcl> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

std::optional<domain::NetworkAcl> find_default(Transaction& tx, const std::string& vpc_id) {
    return Rows::find(tx, "WHERE vpc_id = $1 AND is_default = 1", vpc_id);
}

} // namespace pileus::store::network_acls

namespace pileus::store::network_acl_associations {

namespace {

struct Columns {
    static constexpr std::string_view table = "network_acl_associations";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("network_acl_id", r.network_acl_id);
        column("subnet_id", r.subnet_id);
    }
};
using Rows = Table<domain::NetworkAclAssociation, Columns>;

} // namespace

void insert(Transaction& tx, const domain::NetworkAclAssociation& association) {
    Rows::insert(tx, association);
}

void update(Transaction& tx, const domain::NetworkAclAssociation& association) {
    Rows::update(tx, association);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::NetworkAclAssociation> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::NetworkAclAssociation> find_of_subnet(Transaction& tx,
                                                            const std::string& subnet_id) {
    return Rows::find(tx, "WHERE subnet_id = $1", subnet_id);
}

std::vector<domain::NetworkAclAssociation> list_of_acl(Transaction& tx,
                                                       const std::string& network_acl_id) {
    return Rows::list(tx, "WHERE network_acl_id = $1 ORDER BY id", network_acl_id);
}

} // namespace pileus::store::network_acl_associations

namespace pileus::store::network_acl_entries {

namespace {

struct Columns {
    static constexpr std::string_view table = "network_acl_entries";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("network_acl_id", r.network_acl_id);
        column("egress", r.egress);
        column("number", r.number);
        column("allow", r.allow);
        column("protocol", r.protocol);
        column("cidr_block", r.cidr_block);
        column("from_port", r.from_port);
        column("to_port", r.to_port);
    }
};
using Rows = Table<domain::NetworkAclEntry, Columns>;

} // namespace

void insert(Transaction& tx, const domain::NetworkAclEntry& entry) {
    Rows::insert(tx, entry);
}

void erase(Transaction& tx, const std::string& network_acl_id, bool egress, int number) {
    execute(
        tx.connection(),
        "DELETE FROM network_acl_entries WHERE network_acl_id = $1 AND egress = $2 AND number = $3",
        network_acl_id,
        egress,
        number);
}

void erase_of_acl(Transaction& tx, const std::string& network_acl_id) {
    execute(tx.connection(),
            "DELETE FROM network_acl_entries WHERE network_acl_id = $1",
            network_acl_id);
}

std::optional<domain::NetworkAclEntry>
find(Transaction& tx, const std::string& network_acl_id, bool egress, int number) {
    return Rows::find(tx,
                      "WHERE network_acl_id = $1 AND egress = $2 AND number = $3",
                      network_acl_id,
                      egress,
                      number);
}

std::vector<domain::NetworkAclEntry> list_of_acl(Transaction& tx,
                                                 const std::string& network_acl_id) {
    return Rows::list(tx, "WHERE network_acl_id = $1 ORDER BY egress, number", network_acl_id);
}

} // namespace pileus::store::network_acl_entries
