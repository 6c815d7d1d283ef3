// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "samples.h"
#include "store/addresses.h"
#include "store/dhcp_options.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

#include <gmock/gmock.h>

namespace pileus::store {
namespace {

using samples::ids;
using samples::other_account;
using samples::other_region;
using samples::scope;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Networks : public StoreContract {
  protected:
    void expect_failure(const std::function<void(Transaction&)>& body, const char* why) {
        const auto fallible = [&](Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        };
        EXPECT_THROW((void)store_->write(fallible), StoreFailure) << why;
    }
};
INSTANTIATE_TEST_SUITE_P(Store, Networks, testing::ValuesIn(kinds), name_of);

TEST_P(Networks, BlocksOfAVpc) {
    auto ipv4 = samples::vpc_cidr_block("vpc-cidr-assoc-2");
    ipv4.is_ipv6 = false;
    write([&](Transaction& tx) {
        vpcs::insert(tx, samples::vpc("vpc-1"));
        vpc_cidr_blocks::insert(tx, samples::vpc_cidr_block("vpc-cidr-assoc-1"));
        vpc_cidr_blocks::insert(tx, ipv4);
    });
    read([](Transaction& tx) {
        EXPECT_THAT(vpc_cidr_blocks::list_of_vpc(tx, "vpc_id"), SizeIs(2));
        EXPECT_EQ(vpc_cidr_blocks::find(tx, "vpc-cidr-assoc-2")->is_ipv6, false);
        EXPECT_TRUE(vpc_cidr_blocks::has_ipv6(tx, "cidr_block"));
        EXPECT_FALSE(vpc_cidr_blocks::has_ipv6(tx, "another"));
        EXPECT_EQ(vpcs::count(tx, scope), 1);
        EXPECT_EQ(vpcs::count(tx, other_region), 0);
        EXPECT_TRUE(vpcs::has_dhcp_options(tx, "dhcp_options_id"));
        EXPECT_FALSE(vpcs::has_dhcp_options(tx, "default"));
        return 0;
    });
    expect_failure(
        [](Transaction& tx) {
            vpc_cidr_blocks::insert(tx, samples::vpc_cidr_block("vpc-cidr-assoc-3"));
        },
        "one IPv6 block for two VPCs");
    write([](Transaction& tx) { vpc_cidr_blocks::erase(tx, "vpc-cidr-assoc-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return vpc_cidr_blocks::has_ipv6(tx, "cidr_block"); }));
}

TEST_P(Networks, VpcsAndSubnetsChange) {
    write([](Transaction& tx) {
        auto vpc = samples::vpc("vpc-1");
        vpcs::insert(tx, vpc);
        vpc.enable_dns_support = true;
        vpcs::update(tx, vpc);
        auto subnet = samples::subnet("subnet-1");
        subnets::insert(tx, subnet);
        subnet.ipv6_cidr_block = "";
        subnets::update(tx, subnet);
    });
    read([](Transaction& tx) {
        EXPECT_TRUE(vpcs::find(tx, "vpc-1")->enable_dns_support);
        EXPECT_EQ(vpcs::find(tx, "vpc-1")->tenancy, "tenancy");
        EXPECT_EQ(subnets::find(tx, "subnet-1")->ipv6_cidr_block, "");
        EXPECT_EQ(subnets::find(tx, "subnet-1")->host_name_type, "host_name_type");
        return 0;
    });
    write([](Transaction& tx) {
        vpcs::erase(tx, "vpc-1");
        subnets::erase(tx, "subnet-1");
    });
    EXPECT_FALSE(read([](Transaction& tx) { return vpcs::find(tx, "vpc-1"); }));
    EXPECT_FALSE(read([](Transaction& tx) { return subnets::find(tx, "subnet-1"); }));
}

TEST_P(Networks, ListsOfDhcpOptionsKeepTheirOrder) {
    auto options = samples::dhcp_options("dopt-1");
    options.domain_name_servers = {"10.0.0.2", "AmazonProvidedDNS", "10.0.0.1"};
    options.ntp_servers = {};
    write([&](Transaction& tx) { dhcp_options::insert(tx, options); });
    read([](Transaction& tx) {
        const auto found = dhcp_options::find(tx, scope, "dopt-1");
        EXPECT_TRUE(found);
        EXPECT_THAT(found->domain_name_servers,
                    ElementsAre("10.0.0.2", "AmazonProvidedDNS", "10.0.0.1"));
        EXPECT_THAT(found->ntp_servers, IsEmpty());
        EXPECT_EQ(found->netbios_node_type, 2);
        EXPECT_FALSE(dhcp_options::find(tx, other_account, "dopt-1"));
        EXPECT_THAT(ids(dhcp_options::list(tx, scope, {})), ElementsAre("dopt-1"));
        EXPECT_THAT(dhcp_options::list(tx, other_region, {}), IsEmpty());
        EXPECT_EQ(dhcp_options::count(tx, scope), 1);
        return 0;
    });
    write([](Transaction& tx) { dhcp_options::erase(tx, "dopt-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return dhcp_options::find(tx, "dopt-1"); }));
}

TEST_P(Networks, RouteTablesAndTheirAssociations) {
    write([](Transaction& tx) {
        route_tables::insert(tx, samples::route_table("rtb-1"));
        route_table_associations::insert(tx, samples::route_table_association("rtbassoc-1", ""));
        route_table_associations::insert(tx, samples::route_table_association("rtbassoc-2", "s"));
    });
    read([](Transaction& tx) {
        EXPECT_TRUE(route_tables::find(tx, scope, "rtb-1"));
        EXPECT_FALSE(route_tables::find(tx, other_account, "rtb-1"));
        EXPECT_THAT(route_tables::list(tx, other_region, {}), IsEmpty());
        EXPECT_THAT(ids(route_tables::list_of_vpc(tx, "vpc_id")), ElementsAre("rtb-1"));
        EXPECT_EQ(route_table_associations::find_main(tx, "vpc_id")->id, "rtbassoc-1");
        EXPECT_EQ(route_table_associations::find_of_subnet(tx, "vpc_id", "s")->id, "rtbassoc-2");
        EXPECT_FALSE(route_table_associations::find_of_subnet(tx, "vpc_id", "t"));
        EXPECT_THAT(ids(route_table_associations::list_of_table(tx, "route_table_id")),
                    ElementsAre("rtbassoc-1", "rtbassoc-2"));
        return 0;
    });
    expect_failure(
        [](Transaction& tx) {
            route_table_associations::insert(tx,
                                             samples::route_table_association("rtbassoc-3", "s"));
        },
        "two tables for a subnet");
}

TEST_P(Networks, RoutesAreFoundByTableTargetAndDestination) {
    write([](Transaction& tx) {
        routes::insert(tx, samples::route("10.0.0.0/8"));
        routes::insert(tx, samples::route("::/0"));
        routes::replace(tx, {"route_table_id", "::/0", "igw-1"});
    });
    read([](Transaction& tx) {
        EXPECT_THAT(routes::list_of_table(tx, "route_table_id"), SizeIs(2));
        EXPECT_EQ(routes::find(tx, "route_table_id", "::/0")->target_id, "igw-1");
        EXPECT_THAT(routes::list_to(tx, "igw-1"), SizeIs(1));
        EXPECT_THAT(routes::list_to(tx, "target_id"), SizeIs(1));
        EXPECT_THAT(routes::list_by_destination(tx, "10.0.0.0/8"), SizeIs(1));
        return 0;
    });
    expect_failure([](Transaction& tx) { routes::insert(tx, samples::route("::/0")); },
                   "two routes for a block");
    write([](Transaction& tx) { routes::erase(tx, "route_table_id", "::/0"); });
    write([](Transaction& tx) { routes::erase_of_table(tx, "another"); });
    EXPECT_THAT(read([](Transaction& tx) { return routes::list_of_table(tx, "route_table_id"); }),
                SizeIs(1));
}

TEST_P(Networks, Gateways) {
    auto loose = samples::internet_gateway("igw-2");
    loose.vpc_id = "";
    write([&](Transaction& tx) {
        internet_gateways::insert(tx, samples::internet_gateway("igw-1"));
        internet_gateways::insert(tx, loose);
        egress_only_internet_gateways::insert(tx, samples::egress_only_internet_gateway("eigw-1"));
        nat_gateways::insert(tx, samples::nat_gateway("nat-1"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(internet_gateways::find_of_vpc(tx, "vpc_id")->id, "igw-1");
        EXPECT_FALSE(internet_gateways::find_of_vpc(tx, "")) << "loose is not attached";
        EXPECT_EQ(internet_gateways::count(tx, scope), 2);
        EXPECT_FALSE(internet_gateways::find(tx, other_account, "igw-1"));
        EXPECT_THAT(ids(egress_only_internet_gateways::list_of_vpc(tx, "vpc_id")),
                    ElementsAre("eigw-1"));
        EXPECT_FALSE(egress_only_internet_gateways::find(tx, other_region, "eigw-1"));
        EXPECT_EQ(nat_gateways::find(tx, scope, "nat-1")->state, domain::NatGatewayState::deleting);
        EXPECT_FALSE(nat_gateways::find(tx, other_account, "nat-1"));
        EXPECT_THAT(ids(nat_gateways::list_of_subnet(tx, "subnet_id")), ElementsAre("nat-1"));
        EXPECT_THAT(ids(nat_gateways::list_of_vpc(tx, "vpc_id")), ElementsAre("nat-1"));
        return 0;
    });
    expect_failure(
        [](Transaction& tx) { internet_gateways::insert(tx, samples::internet_gateway("igw-3")); },
        "two internet gateways of a VPC");
}

TEST_P(Networks, NetworkAcls) {
    write([](Transaction& tx) {
        network_acls::insert(tx, samples::network_acl("acl-1"));
        network_acl_entries::insert(tx, samples::network_acl_entry(100));
        network_acl_entries::insert(tx, samples::network_acl_entry(90));
        network_acl_associations::insert(tx, samples::network_acl_association("aclassoc-1"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(network_acls::find_default(tx, "vpc_id")->id, "acl-1");
        EXPECT_FALSE(network_acls::find(tx, other_account, "acl-1"));
        const auto entries = network_acl_entries::list_of_acl(tx, "network_acl_id");
        EXPECT_THAT(entries, SizeIs(2));
        EXPECT_EQ(entries.front().number, 90) << "in the order of their numbers";
        EXPECT_FALSE(network_acl_entries::find(tx, "network_acl_id", false, 100));
        EXPECT_EQ(network_acl_associations::find_of_subnet(tx, "subnet_id")->id, "aclassoc-1");
        return 0;
    });
    expect_failure([](Transaction& tx) { network_acls::insert(tx, samples::network_acl("acl-2")); },
                   "two default network ACLs of a VPC");
    expect_failure(
        [](Transaction& tx) {
            network_acl_associations::insert(tx, samples::network_acl_association("aclassoc-2"));
        },
        "two network ACLs of a subnet");
    write([](Transaction& tx) {
        network_acl_entries::erase(tx, "network_acl_id", true, 90);
        network_acl_entries::erase_of_acl(tx, "another");
    });
    EXPECT_THAT(read([](Transaction& tx) {
                    return network_acl_entries::list_of_acl(tx, "network_acl_id");
                }),
                SizeIs(1));
}

TEST_P(Networks, PeeringIsBothSides) {
    const Scope requester{"requester_account_id", "requester_region"};
    const Scope accepter{"accepter_account_id", "accepter_region"};
    write([&](Transaction& tx) {
        for (const auto* id : {"pcx-1", "pcx-2", "pcx-3"})
            vpc_peering_connections::insert(tx, samples::vpc_peering_connection(id));
        auto inward = samples::vpc_peering_connection("pcx-4");
        inward.accepter_account_id = "requester_account_id";
        inward.accepter_region = "requester_region";
        vpc_peering_connections::insert(tx, inward);
    });
    read([&](Transaction& tx) {
        for (const auto& side : {requester, accepter}) {
            EXPECT_TRUE(vpc_peering_connections::find(tx, side, "pcx-1"));
            EXPECT_THAT(ids(vpc_peering_connections::list(tx, side, {.limit = 2})),
                        ElementsAre("pcx-1", "pcx-2"));
        }
        EXPECT_THAT(ids(vpc_peering_connections::list(tx, requester, {.after_id = "pcx-2"})),
                    ElementsAre("pcx-3", "pcx-4"))
            << "once, though both sides are the same";
        EXPECT_FALSE(vpc_peering_connections::find(
            tx, {"requester_account_id", "accepter_region"}, "pcx-1"));
        EXPECT_THAT(vpc_peering_connections::list(tx, other_account, {}), IsEmpty());
        EXPECT_THAT(vpc_peering_connections::list_of_vpc(tx, "requester_vpc_id"), SizeIs(4));
        EXPECT_THAT(vpc_peering_connections::list_of_vpc(tx, "accepter_vpc_id"), SizeIs(4));
        return 0;
    });
}

TEST_P(Networks, PrefixListRemembersItsVersions) {
    write([](Transaction& tx) {
        prefix_lists::insert(tx, samples::prefix_list("pl-1"));
        prefix_list_entries::insert(tx, {"pl-1", "10.0.0.0/8", "old", 1, 0});
        prefix_list_entries::insert(tx, {"pl-1", "10.1.0.0/16", "", 1, 0});
        prefix_list_entries::end(tx, "pl-1", "10.0.0.0/8", 2);
        prefix_list_entries::insert(tx, {"pl-1", "10.0.0.0/8", "new", 3, 0});
    });
    const auto version = [&](int64_t number) {
        std::vector<std::string> all;
        for (const auto& entry : read([&](Transaction& tx) {
                 return prefix_list_entries::list_of_version(tx, "pl-1", number);
             }))
            all.push_back(entry.cidr + " " + entry.description);
        return all;
    };
    EXPECT_THAT(version(1), ElementsAre("10.0.0.0/8 old", "10.1.0.0/16 "));
    EXPECT_THAT(version(2), ElementsAre("10.1.0.0/16 "));
    EXPECT_THAT(version(3), ElementsAre("10.0.0.0/8 new", "10.1.0.0/16 "));
    write([](Transaction& tx) { prefix_list_entries::forget_before(tx, "pl-1", 2); });
    EXPECT_THAT(version(1), ElementsAre("10.1.0.0/16 "));
    EXPECT_THAT(version(3), SizeIs(2));
    read([](Transaction& tx) {
        EXPECT_FALSE(prefix_lists::find(tx, other_account, "pl-1"));
        EXPECT_THAT(ids(prefix_lists::list(tx, scope, {})), ElementsAre("pl-1"));
        EXPECT_EQ(prefix_lists::count(tx, scope), 1);
        return 0;
    });
}

TEST_P(Networks, ElasticAddresses) {
    auto loose = samples::address("eipalloc-2");
    loose.public_ip = "another";
    loose.association_id = loose.network_interface_id = loose.private_ip = "";
    write([&](Transaction& tx) {
        addresses::insert(tx, samples::address("eipalloc-1"));
        addresses::insert(tx, loose);
    });
    read([](Transaction& tx) {
        EXPECT_TRUE(addresses::find(tx, scope, "eipalloc-1"));
        EXPECT_FALSE(addresses::find(tx, other_account, "eipalloc-1"));
        EXPECT_EQ(addresses::count(tx, scope), 2);
        EXPECT_EQ(addresses::find_by_public_ip(tx, "another")->allocation_id, "eipalloc-2");
        EXPECT_EQ(addresses::find_by_association(tx, "association_id")->allocation_id,
                  "eipalloc-1");
        EXPECT_FALSE(addresses::find_by_association(tx, ""));
        EXPECT_THAT(addresses::list_of_interface(tx, "network_interface_id"), SizeIs(1));
        EXPECT_TRUE(network_interfaces::has_public_ip(tx, "another"));
        return 0;
    });
    auto twin = samples::address("eipalloc-3");
    twin.association_id = "x";
    expect_failure([&](Transaction& tx) { addresses::insert(tx, twin); }, "the same address twice");
}

TEST_P(Networks, FurtherAddressesOfAnInterface) {
    write([](Transaction& tx) {
        network_interfaces::insert(tx, samples::network_interface("eni-1"));
    });
    read([](Transaction& tx) {
        const auto found = network_interfaces::find(tx, "eni-1");
        EXPECT_THAT(found->ipv6_addresses, ElementsAre("fd00::2", "fd00::1"));
        EXPECT_THAT(found->secondary_addresses, SizeIs(2));
        EXPECT_EQ(found->secondary_addresses.at(0).public_ip, "198.51.100.7");
        EXPECT_EQ(network_interfaces::count_in_subnet(tx, "subnet_id"), 3) << "IPv4 only";
        EXPECT_TRUE(network_interfaces::has_private_ip(tx, "subnet_id", "second"));
        EXPECT_TRUE(network_interfaces::has_private_ip(tx, "subnet_id", "fd00::1"));
        EXPECT_EQ(network_interfaces::find_by_attachment(tx, "attachment_id")->id, "eni-1");
        return 0;
    });
    write([](Transaction& tx) { network_interfaces::erase(tx, "eni-1"); });
    EXPECT_FALSE(read([](Transaction& tx) {
        return network_interfaces::has_private_ip(tx, "subnet_id", "second");
    }));
}

} // namespace
} // namespace pileus::store
