// SPDX-License-Identifier: Apache-2.0
#include "store/network_interfaces.h"

#include "store/table.h"

namespace pileus::store::network_interfaces {

namespace {

struct Columns {
    static constexpr std::string_view table = "network_interfaces";

    template <class Interface, class Visitor> static void visit(Interface& i, Visitor column) {
        column("id", i.id);
        column("account_id", i.account_id);
        column("region", i.region);
        column("zone", i.zone);
        column("host_id", i.host_id);
        column("vpc_id", i.vpc_id);
        column("subnet_id", i.subnet_id);
        column("description", i.description);
        column("mac", i.mac);
        column("private_ip", i.private_ip);
        column("source_dest_check", i.source_dest_check);
        column("created_at", i.created_at);
        column("public_ip", i.public_ip);
        column("wants_public_ip", i.wants_public_ip);
        column("instance_id", i.instance_id);
        column("attachment_id", i.attachment_id);
        column("device_index", i.device_index);
        column("delete_on_termination", i.delete_on_termination);
        column("attached_at", i.attached_at);
    }
};
using Rows = Table<domain::NetworkInterface, Columns>;

// The groups stand in a table of their own, so that the members of a group are found by an index.
constexpr std::string_view list_groups = "SELECT security_group_id FROM network_interface_groups "
                                         "WHERE network_interface_id = $1 ORDER BY position";
constexpr std::string_view insert_group =
    "INSERT INTO network_interface_groups (network_interface_id, position, security_group_id) "
    "VALUES ($1, $2, $3)";
constexpr std::string_view erase_groups =
    "DELETE FROM network_interface_groups WHERE network_interface_id = $1";

std::vector<std::string> groups_of(Transaction& tx, const std::string& id) {
    return query_column<std::string>(tx.connection(), list_groups, id);
}

void put_groups(Transaction& tx, const domain::NetworkInterface& interface) {
    execute(tx.connection(), erase_groups, interface.id);
    for (size_t position = 0; position < interface.security_group_ids.size(); ++position)
        execute(tx.connection(),
                insert_group,
                interface.id,
                position,
                interface.security_group_ids[position]);
}

template <class... Values>
std::vector<domain::NetworkInterface>
list_with_groups(Transaction& tx, std::string_view where, const Values&... values) {
    auto all = Rows::list(tx, where, values...);
    for (auto& interface : all)
        interface.security_group_ids = groups_of(tx, interface.id);
    return all;
}

} // namespace

void insert(Transaction& tx, const domain::NetworkInterface& interface) {
    Rows::insert(tx, interface);
    put_groups(tx, interface);
}

void update(Transaction& tx, const domain::NetworkInterface& interface) {
    Rows::update(tx, interface);
    if (groups_of(tx, interface.id) != interface.security_group_ids)
        put_groups(tx, interface);
}

void erase(Transaction& tx, const std::string& id) {
    execute(tx.connection(), erase_groups, id);
    Rows::erase(tx, id);
}

std::optional<domain::NetworkInterface> find(Transaction& tx, const std::string& id) {
    auto interface = Rows::find(tx, "WHERE id = $1", id);
    if (interface)
        interface->security_group_ids = groups_of(tx, id);
    return interface;
}

std::vector<domain::NetworkInterface> list(Transaction& tx, const Scope& scope, const Page& page) {
    return list_with_groups(
        tx,
        "WHERE account_id = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
        scope.account_id,
        scope.region,
        page.after_id,
        page.limit);
}

std::vector<domain::NetworkInterface> list_of_instance(Transaction& tx,
                                                       const std::string& instance_id) {
    return list_with_groups(
        tx, "WHERE instance_id = $1 AND instance_id <> '' ORDER BY device_index, id", instance_id);
}

std::vector<domain::NetworkInterface> list_of_security_group(Transaction& tx,
                                                             const std::string& group_id) {
    return list_with_groups(
        tx,
        "WHERE id IN (SELECT network_interface_id FROM network_interface_groups "
        "WHERE security_group_id = $1) ORDER BY id",
        group_id);
}

std::vector<domain::NetworkInterface> list_of_host(Transaction& tx, const std::string& host_id) {
    return list_with_groups(tx, "WHERE host_id = $1 ORDER BY id", host_id);
}

bool has_private_ip(Transaction& tx, const std::string& subnet_id, const std::string& private_ip) {
    return query_value<int>(
               tx.connection(),
               "SELECT 1 FROM network_interfaces WHERE subnet_id = $1 AND private_ip = $2",
               subnet_id,
               private_ip)
        .has_value();
}

int count_in_subnet(Transaction& tx, const std::string& subnet_id) {
    return query_value<int>(tx.connection(),
                            "SELECT count(*) FROM network_interfaces WHERE subnet_id = $1",
                            subnet_id)
        .value_or(0);
}

bool has_public_ip(Transaction& tx, const std::string& public_ip) {
    return query_value<int>(tx.connection(),
                            "SELECT 1 FROM network_interfaces "
                            "WHERE public_ip = $1 AND public_ip <> ''", // what the index asks for
                            public_ip)
        .has_value();
}

} // namespace pileus::store::network_interfaces
