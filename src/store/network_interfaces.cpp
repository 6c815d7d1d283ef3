// SPDX-License-Identifier: Apache-2.0
#include "store/network_interfaces.h"

#include "store/table.h"

namespace pileus::store::network_interfaces {

namespace {

// Most interfaces have one address: the others are asked for only where there are any.
struct Stored : domain::NetworkInterface {
    bool has_more_addresses = false;
};

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
        column("kind", i.kind);
        column("client_token", i.client_token);
        column("mac", i.mac);
        column("private_ip", i.private_ip);
        column("source_dest_check", i.source_dest_check);
        column("created_at", i.created_at);
        column("public_ip", i.public_ip);
        column("allocation_id", i.allocation_id);
        column("wants_public_ip", i.wants_public_ip);
        column("has_more_addresses", i.has_more_addresses);
        column("instance_id", i.instance_id);
        column("detaching", i.detaching);
        column("attachment_id", i.attachment_id);
        column("device_index", i.device_index);
        column("delete_on_termination", i.delete_on_termination);
        column("attached_at", i.attached_at);
    }
};
using Rows = Table<Stored, Columns>;

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

// A row of network_interface_addresses.
struct Further {
    std::string network_interface_id;
    int position = 0;
    std::string subnet_id;
    std::string address;
    bool is_ipv6 = false;
    std::string public_ip;
};

struct FurtherColumns {
    static constexpr std::string_view table = "network_interface_addresses";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("network_interface_id", r.network_interface_id);
        column("position", r.position);
        column("subnet_id", r.subnet_id);
        column("address", r.address);
        column("is_ipv6", r.is_ipv6);
        column("public_ip", r.public_ip);
    }
};
using FurtherRows = Table<Further, FurtherColumns>;

bool has_more(const domain::NetworkInterface& interface) {
    return !interface.secondary_addresses.empty() || !interface.ipv6_addresses.empty();
}

Stored to_stored(const domain::NetworkInterface& interface) {
    Stored stored;
    static_cast<domain::NetworkInterface&>(stored) = interface;
    stored.has_more_addresses = has_more(interface);
    return stored;
}

void erase_addresses(Transaction& tx, const std::string& id) {
    execute(tx.connection(),
            "DELETE FROM network_interface_addresses WHERE network_interface_id = $1",
            id);
}

void insert_addresses(Transaction& tx, const domain::NetworkInterface& interface) {
    int position = 0;
    for (const auto& [private_ip, public_ip] : interface.secondary_addresses)
        FurtherRows::insert(
            tx, {interface.id, position++, interface.subnet_id, private_ip, false, public_ip});
    position = 0;
    for (const auto& address : interface.ipv6_addresses)
        FurtherRows::insert(tx, {interface.id, position++, interface.subnet_id, address, true, ""});
}

domain::NetworkInterface complete(Transaction& tx, Stored stored) {
    domain::NetworkInterface interface = std::move(stored);
    interface.security_group_ids = groups_of(tx, interface.id);
    if (!stored.has_more_addresses)
        return interface;
    for (auto& row : FurtherRows::list(
             tx, "WHERE network_interface_id = $1 ORDER BY is_ipv6, position", interface.id))
        if (row.is_ipv6)
            interface.ipv6_addresses.push_back(std::move(row.address));
        else
            interface.secondary_addresses.push_back(
                {std::move(row.address), std::move(row.public_ip)});
    return interface;
}

template <class... Values>
std::vector<domain::NetworkInterface>
list_completed(Transaction& tx, std::string_view where, const Values&... values) {
    std::vector<domain::NetworkInterface> all;
    for (auto& stored : Rows::list(tx, where, values...))
        all.push_back(complete(tx, std::move(stored)));
    return all;
}

} // namespace

void insert(Transaction& tx, const domain::NetworkInterface& interface) {
    Rows::insert(tx, to_stored(interface));
    put_groups(tx, interface);
    insert_addresses(tx, interface);
}

void update(Transaction& tx, const domain::NetworkInterface& interface) {
    Rows::update(tx, to_stored(interface));
    if (groups_of(tx, interface.id) != interface.security_group_ids)
        put_groups(tx, interface);
    erase_addresses(tx, interface.id);
    insert_addresses(tx, interface);
}

void erase(Transaction& tx, const std::string& id) {
    execute(tx.connection(), erase_groups, id);
    erase_addresses(tx, id);
    Rows::erase(tx, id);
}

std::optional<domain::NetworkInterface> find(Transaction& tx, const std::string& id) {
    auto stored = Rows::find_by_key(tx, id);
    if (!stored)
        return std::nullopt;
    return complete(tx, std::move(*stored));
}

std::vector<domain::NetworkInterface> list(Transaction& tx, const Scope& scope, const Page& page) {
    return list_completed(tx,
                          "WHERE account_id = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
                          scope.account_id,
                          scope.region,
                          page.after_id,
                          page.limit);
}

std::vector<domain::NetworkInterface> list_of_instance(Transaction& tx,
                                                       const std::string& instance_id) {
    return list_completed(
        tx, "WHERE instance_id = $1 AND instance_id <> '' ORDER BY device_index, id", instance_id);
}

std::vector<domain::NetworkInterface> list_of_security_group(Transaction& tx,
                                                             const std::string& group_id) {
    return list_completed(tx,
                          "WHERE id IN (SELECT network_interface_id FROM network_interface_groups "
                          "WHERE security_group_id = $1) ORDER BY id",
                          group_id);
}

std::vector<domain::NetworkInterface> list_of_subnet(Transaction& tx,
                                                     const std::string& subnet_id) {
    return list_completed(tx, "WHERE subnet_id = $1 ORDER BY id", subnet_id);
}

std::vector<domain::NetworkInterface> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return list_completed(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

std::optional<domain::NetworkInterface> find_by_attachment(Transaction& tx,
                                                           const std::string& attachment_id) {
    auto found =
        list_completed(tx, "WHERE attachment_id = $1 AND attachment_id <> ''", attachment_id);
    if (found.empty())
        return std::nullopt;
    return std::move(found.front());
}

std::vector<domain::NetworkInterface> list_of_host(Transaction& tx, const std::string& host_id) {
    return list_completed(tx, "WHERE host_id = $1 ORDER BY id", host_id);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

bool has_private_ip(Transaction& tx, const std::string& subnet_id, const std::string& private_ip) {
    return query_value<int>(
               tx.connection(),
               "SELECT 1 FROM network_interfaces WHERE subnet_id = $1 AND private_ip = $2 "
               "UNION ALL SELECT 1 FROM network_interface_addresses WHERE subnet_id = $1 AND "
               "address = $2",
               subnet_id,
               private_ip)
        .has_value();
}

int count_in_subnet(Transaction& tx, const std::string& subnet_id) {
    const auto count = [&](std::string_view sql) {
        return query_value<int>(tx.connection(), sql, subnet_id).value_or(0);
    };
    return count("SELECT count(*) FROM network_interfaces WHERE subnet_id = $1") +
           count("SELECT count(*) FROM network_interface_addresses "
                 "WHERE subnet_id = $1 AND is_ipv6 = 0");
}

bool has_public_ip(Transaction& tx, const std::string& public_ip) {
    return query_value<int>(tx.connection(),
                            "SELECT 1 FROM network_interfaces "
                            "WHERE public_ip = $1 AND public_ip <> '' " // what the index asks for
                            "UNION ALL SELECT 1 FROM addresses WHERE public_ip = $1",
                            public_ip)
        .has_value();
}

} // namespace pileus::store::network_interfaces
