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
        column("tenancy", v.tenancy);
        column("is_default", v.is_default);
        column("enable_dns_support", v.enable_dns_support);
        column("enable_dns_hostnames", v.enable_dns_hostnames);
        column("enable_network_address_usage_metrics", v.enable_network_address_usage_metrics);
        column("created_at", v.created_at);
    }
};
using Rows = Table<domain::Vpc, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Vpc& vpc) {
    Rows::insert(tx, vpc);
}

void update(Transaction& tx, const domain::Vpc& vpc) {
    Rows::update(tx, vpc);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

bool has_dhcp_options(Transaction& tx, const std::string& dhcp_options_id) {
    return query_value<int>(tx.connection(),
                            "SELECT 1 FROM vpcs WHERE dhcp_options_id = $1 LIMIT 1",
                            dhcp_options_id)
        .has_value();
}

std::optional<domain::Vpc> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::Vpc> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::optional<domain::Vpc> find_default(Transaction& tx, const Scope& scope) {
    return Rows::find(tx,
                      "WHERE account_id = $1 AND region = $2 AND is_default = 1",
                      scope.account_id,
                      scope.region);
}

std::vector<domain::Vpc> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
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
        column("ipv6_cidr_block", s.ipv6_cidr_block);
        column("ipv6_cidr_association_id", s.ipv6_cidr_association_id);
        column("is_default", s.is_default);
        column("map_public_ip_on_launch", s.map_public_ip_on_launch);
        column("assign_ipv6_address_on_creation", s.assign_ipv6_address_on_creation);
        column("enable_dns64", s.enable_dns64);
        column("host_name_type", s.host_name_type);
        column("resource_name_dns_a_record", s.resource_name_dns_a_record);
        column("resource_name_dns_aaaa_record", s.resource_name_dns_aaaa_record);
        column("created_at", s.created_at);
    }
};
using Rows = Table<domain::Subnet, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Subnet& subnet) {
    Rows::insert(tx, subnet);
}

void update(Transaction& tx, const domain::Subnet& subnet) {
    Rows::update(tx, subnet);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::Subnet> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::Subnet> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::optional<domain::Subnet> find_by_ipv6_association(Transaction& tx,
                                                       const std::string& association_id) {
    return Rows::find(tx,
                      "WHERE ipv6_cidr_association_id = $1 AND ipv6_cidr_association_id <> ''",
                      association_id);
}

std::vector<domain::Subnet> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

std::vector<domain::Subnet> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

} // namespace pileus::store::subnets

namespace pileus::store::vpc_cidr_blocks {

namespace {

struct Columns {
    static constexpr std::string_view table = "vpc_cidr_blocks";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("association_id", r.association_id);
        column("vpc_id", r.vpc_id);
        column("cidr_block", r.cidr_block);
        column("is_ipv6", r.is_ipv6);
    }
};
using Rows = Table<domain::VpcCidrBlock, Columns>;

} // namespace

void insert(Transaction& tx, const domain::VpcCidrBlock& block) {
    Rows::insert(tx, block);
}

void erase(Transaction& tx, const std::string& association_id) {
    Rows::erase(tx, association_id);
}

std::optional<domain::VpcCidrBlock> find(Transaction& tx, const std::string& association_id) {
    return Rows::find_by_key(tx, association_id);
}

std::vector<domain::VpcCidrBlock> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(tx, "WHERE vpc_id = $1 ORDER BY association_id", vpc_id);
}

bool has_ipv6(Transaction& tx, const std::string& cidr_block) {
    return query_value<int>(tx.connection(),
                            "SELECT 1 FROM vpc_cidr_blocks WHERE cidr_block = $1 AND is_ipv6 = 1",
                            cidr_block)
        .has_value();
}

} // namespace pileus::store::vpc_cidr_blocks
