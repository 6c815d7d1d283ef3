// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpc_parts.h"

#include "domain/ids.h"
#include "store/internet_gateways.h"
#include "store/network_acls.h"
#include "store/route_tables.h"
#include "store/tags.h"
#include "store/vpcs.h"

#include <algorithm>

namespace pileus::cloud {

namespace {

namespace acls = store::network_acls;
namespace acl_associations = store::network_acl_associations;
namespace acl_entries = store::network_acl_entries;
namespace associations = store::route_table_associations;
namespace gateways = store::internet_gateways;

constexpr int default_entry_number = 100;
constexpr int default_ipv6_entry_number = 101;

void insert_allow_all(store::Transaction& tx,
                      const std::string& acl_id,
                      int number,
                      const std::string& everywhere) {
    for (const bool egress : {false, true}) {
        if (acl_entries::find(tx, acl_id, egress, number))
            continue;
        domain::NetworkAclEntry entry;
        entry.network_acl_id = acl_id;
        entry.egress = egress;
        entry.number = number;
        entry.allow = true;
        entry.cidr_block = everywhere;
        acl_entries::insert(tx, entry);
    }
}

bool has_ipv6_block(store::Transaction& tx, const std::string& vpc_id) {
    const auto blocks = store::vpc_cidr_blocks::list_of_vpc(tx, vpc_id);
    return std::any_of(
        blocks.begin(), blocks.end(), [](const auto& block) { return block.is_ipv6; });
}

} // namespace

domain::RouteTable
create_main_route_table(store::Transaction& tx, const Context& context, const domain::Vpc& vpc) {
    domain::RouteTable table;
    table.id = domain::new_id(context.random, domain::prefix::route_table);
    table.account_id = vpc.account_id;
    table.region = vpc.region;
    table.vpc_id = vpc.id;
    table.created_at = context.clock.now();
    store::route_tables::insert(tx, table);
    associations::insert(tx,
                         {domain::new_id(context.random, domain::prefix::route_table_association),
                          table.id,
                          vpc.id,
                          ""});
    return table;
}

domain::NetworkAcl
create_default_network_acl(store::Transaction& tx, const Context& context, const domain::Vpc& vpc) {
    domain::NetworkAcl acl;
    acl.id = domain::new_id(context.random, domain::prefix::network_acl);
    acl.account_id = vpc.account_id;
    acl.region = vpc.region;
    acl.vpc_id = vpc.id;
    acl.is_default = true;
    acl.created_at = context.clock.now();
    acls::insert(tx, acl);
    insert_allow_all(tx, acl.id, default_entry_number, "0.0.0.0/0");
    if (has_ipv6_block(tx, vpc.id))
        insert_allow_all(tx, acl.id, default_ipv6_entry_number, "::/0");
    return acl;
}

void add_ipv6_to_default_network_acl(store::Transaction& tx, const std::string& vpc_id) {
    if (const auto acl = acls::find_default(tx, vpc_id))
        insert_allow_all(tx, acl->id, default_ipv6_entry_number, "::/0");
}

void associate_default_acl(store::Transaction& tx,
                           const Context& context,
                           const domain::Subnet& subnet) {
    if (const auto acl = acls::find_default(tx, subnet.vpc_id))
        acl_associations::insert(
            tx,
            {domain::new_id(context.random, domain::prefix::network_acl_association),
             acl->id,
             subnet.id});
}

domain::InternetGateway create_default_internet_gateway(store::Transaction& tx,
                                                        const Context& context,
                                                        const domain::Vpc& vpc) {
    domain::InternetGateway gateway;
    gateway.id = domain::new_id(context.random, domain::prefix::internet_gateway);
    gateway.account_id = vpc.account_id;
    gateway.region = vpc.region;
    gateway.vpc_id = vpc.id;
    gateway.created_at = context.clock.now();
    gateways::insert(tx, gateway);
    if (const auto main = associations::find_main(tx, vpc.id))
        store::routes::insert(tx, {main->route_table_id, "0.0.0.0/0", gateway.id});
    return gateway;
}

void erase_subnet_parts(store::Transaction& tx, const domain::Subnet& subnet) {
    if (const auto association = associations::find_of_subnet(tx, subnet.vpc_id, subnet.id))
        associations::erase(tx, association->id);
    if (const auto association = acl_associations::find_of_subnet(tx, subnet.id))
        acl_associations::erase(tx, association->id);
}

bool has_vpc_dependents(store::Transaction& tx, const std::string& vpc_id) {
    return gateways::find_of_vpc(tx, vpc_id) ||
           !store::egress_only_internet_gateways::list_of_vpc(tx, vpc_id).empty() ||
           store::route_tables::list_of_vpc(tx, vpc_id).size() > 1 ||
           acls::list_of_vpc(tx, vpc_id).size() > 1;
}

void erase_vpc_parts(store::Transaction& tx, const std::string& vpc_id) {
    for (const auto& association : associations::list_of_vpc(tx, vpc_id))
        associations::erase(tx, association.id);
    for (const auto& table : store::route_tables::list_of_vpc(tx, vpc_id)) {
        store::routes::erase_of_table(tx, table.id);
        store::route_tables::erase(tx, table.id);
        store::tags::erase_all(tx, table.id);
    }
    for (const auto& acl : acls::list_of_vpc(tx, vpc_id)) {
        acl_entries::erase_of_acl(tx, acl.id);
        acls::erase(tx, acl.id);
        store::tags::erase_all(tx, acl.id);
    }
}

} // namespace pileus::cloud
