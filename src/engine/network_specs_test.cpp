// SPDX-License-Identifier: Apache-2.0
#include "engine/network_specs.h"
#include "store/dhcp_options.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/sqlite/temporary_store.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::engine {
namespace {

using domain::NatGatewayState;
using domain::PeeringState;
using drivers::RouteTarget;
using store::Transaction;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class NetworkSpecs : public testing::Test {
  protected:
    NetworkSpecs() {
        write([&](Transaction& tx) {
            add_vpc(tx, "vpc-a", "10.0.0.0/16");
            add_vpc(tx, "vpc-b", "10.1.0.0/16");
            store::subnets::insert(tx,
                                   {.id = "subnet-a",
                                    .vpc_id = "vpc-a",
                                    .cidr_block = "10.0.1.0/24",
                                    .ipv6_cidr_block = "fd00:1::/64"});
            store::route_tables::insert(tx, {.id = "rtb-a", .vpc_id = "vpc-a"});
            store::route_table_associations::insert(tx, {"rtbassoc-a", "rtb-a", "vpc-a", ""});
        });
    }

    void add_vpc(Transaction& tx, const std::string& id, const std::string& cidr) {
        store::vpcs::insert(tx,
                            {.id = id,
                             .account_id = "1",
                             .region = "eu-west-1",
                             .cidr_block = cidr,
                             .dhcp_options_id = "dopt-none-such"});
    }
    void add_peering(Transaction& tx, const std::string& id, PeeringState state) {
        store::vpc_peering_connections::insert(
            tx,
            {.id = id, .requester_vpc_id = "vpc-a", .accepter_vpc_id = "vpc-b", .state = state});
    }
    static void
    add_route(Transaction& tx, const std::string& destination, const std::string& target) {
        store::routes::insert(tx, {"rtb-a", destination, target});
    }
    void add_interface(Transaction& tx, const std::string& id, const std::string& vpc_id) {
        domain::NetworkInterface row;
        row.id = id;
        row.vpc_id = vpc_id;
        row.subnet_id = "subnet-of-" + vpc_id;
        row.private_ip = "10.0.1." + std::to_string(10 + interfaces_++);
        store::network_interfaces::insert(tx, row);
    }
    static void add_group(Transaction& tx, const std::string& id, const std::string& vpc_id) {
        store::security_groups::insert(tx, {.id = id, .vpc_id = vpc_id, .name = id});
    }
    void add_rule(Transaction& tx, const std::string& group, domain::SecurityGroupRule rule) {
        rule.id = "sgr-" + std::to_string(rules_++);
        rule.security_group_id = group;
        store::security_groups::insert_rule(tx, rule);
    }

    template <class Body> void write(Body body) {
        EXPECT_TRUE(store_->write([&](Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        }));
    }
    drivers::VpcSpec vpc(const std::string& id = "vpc-a") {
        return store_->read([&](Transaction& tx) { return make_vpc_spec(tx, id); }).value();
    }
    // "10.0.0.0/8 → interface eni-1", in order.
    std::vector<std::string> routes() {
        static const std::map<RouteTarget, std::string> names{
            {RouteTarget::internet_gateway, "internet gateway"},
            {RouteTarget::egress_only_internet_gateway, "egress-only"},
            {RouteTarget::interface, "interface"},
            {RouteTarget::peering, "peering"},
            {RouteTarget::blackhole, "black hole"}};
        std::vector<std::string> out;
        const auto spec = vpc();
        for (const auto& route : spec.route_tables.at(0).routes)
            out.push_back(to_string(route.destination) + " " + names.at(route.target) +
                          (route.target_id.empty() ? "" : " " + route.target_id));
        return out;
    }
    std::vector<drivers::SecurityGroupSpec> groups(const std::vector<std::string>& ids) {
        return store_->read([&](Transaction& tx) { return make_security_group_specs(tx, ids); });
    }

    int interfaces_ = 0;
    int rules_ = 0;
    ManualClock clock_;
    store::TemporaryStore store_{clock_};
};

TEST_F(NetworkSpecs, HasNoneOfAVpcThatIsGone) {
    EXPECT_FALSE(store_->read([](Transaction& tx) { return make_vpc_spec(tx, "vpc-c"); }));
}

TEST_F(NetworkSpecs, AVpcHasItsBlocksAndSubnets) {
    write([](Transaction& tx) {
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-1", "vpc-a", "10.9.0.0/16", false});
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-2", "vpc-a", "fd00:1::/56", true});
        store::subnets::insert(tx,
                               {.id = "subnet-b", .vpc_id = "vpc-a", .cidr_block = "10.9.1.0/24"});
        store::route_tables::insert(tx, {.id = "rtb-b", .vpc_id = "vpc-a"});
        store::route_table_associations::insert(tx, {"rtbassoc-b", "rtb-b", "vpc-a", "subnet-b"});
        store::network_acl_associations::insert(tx, {"aclassoc-b", "acl-b", "subnet-b"});
    });
    const auto spec = vpc();
    EXPECT_THAT(spec.cidrs,
                ElementsAre(*Ipv4Cidr::parse("10.0.0.0/16"), *Ipv4Cidr::parse("10.9.0.0/16")));
    EXPECT_THAT(spec.ipv6_cidrs, ElementsAre(*Ipv6Cidr::parse("fd00:1::/56")));
    EXPECT_EQ(spec.dns_domain, "eu-west-1.compute.internal");
    ASSERT_THAT(spec.subnets, SizeIs(2));
    EXPECT_EQ(spec.subnets[0].route_table_id, "rtb-a"); // the main one
    EXPECT_EQ(spec.subnets[0].network_acl_id, "");
    EXPECT_EQ(spec.subnets[0].ipv6_cidr, Ipv6Cidr::parse("fd00:1::/64"));
    EXPECT_EQ(spec.subnets[1].route_table_id, "rtb-b");
    EXPECT_EQ(spec.subnets[1].network_acl_id, "acl-b");
    EXPECT_FALSE(spec.subnets[1].ipv6_cidr);
}

TEST_F(NetworkSpecs, RoutesLeadWhereTheirTargetsAre) {
    write([&](Transaction& tx) {
        store::internet_gateways::insert(tx, {.id = "igw-1", .vpc_id = "vpc-a"});
        store::egress_only_internet_gateways::insert(tx, {.id = "eigw-1", .vpc_id = "vpc-a"});
        add_interface(tx, "eni-1", "vpc-a");
        add_interface(tx, "eni-nat", "vpc-a");
        store::nat_gateways::insert(tx,
                                    {.id = "nat-1",
                                     .vpc_id = "vpc-a",
                                     .state = NatGatewayState::available,
                                     .network_interface_id = "eni-nat"});
        add_peering(tx, "pcx-1", PeeringState::active);
        add_route(tx, "0.0.0.0/0", "igw-1");
        add_route(tx, "::/0", "eigw-1");
        add_route(tx, "192.0.2.0/24", "eni-1");
        add_route(tx, "198.51.100.0/24", "nat-1");
        add_route(tx, "10.1.0.0/16", "pcx-1");
    });
    EXPECT_TRUE(vpc().internet_gateway);
    EXPECT_THAT(routes(),
                testing::UnorderedElementsAre("0.0.0.0/0 internet gateway",
                                              "::/0 egress-only",
                                              "192.0.2.0/24 interface eni-1",
                                              "198.51.100.0/24 interface eni-nat",
                                              "10.1.0.0/16 peering pcx-1"));
}

TEST_F(NetworkSpecs, RoutesWithoutATargetAreBlackHoles) {
    write([&](Transaction& tx) {
        store::internet_gateways::insert(tx, {.id = "igw-detached"});
        store::egress_only_internet_gateways::insert(tx, {.id = "eigw-b", .vpc_id = "vpc-b"});
        add_interface(tx, "eni-b", "vpc-b");
        add_interface(tx, "eni-nat", "vpc-a");
        store::nat_gateways::insert(tx,
                                    {.id = "nat-deleting",
                                     .vpc_id = "vpc-a",
                                     .state = NatGatewayState::deleting,
                                     .network_interface_id = "eni-nat"});
        add_peering(tx, "pcx-pending", PeeringState::pending_acceptance);
        int block = 0;
        for (const auto* target : {"igw-detached",
                                   "eigw-b",
                                   "eni-b",
                                   "eni-gone",
                                   "nat-deleting",
                                   "nat-gone",
                                   "pcx-pending",
                                   "pcx-gone",
                                   "vgw-1",
                                   ""})
            add_route(tx, "172.16." + std::to_string(block++) + ".0/24", target);
    });
    EXPECT_FALSE(vpc().internet_gateway);
    EXPECT_THAT(vpc().peerings, IsEmpty());
    const auto all = routes();
    EXPECT_THAT(all, SizeIs(10));
    for (const auto& route : all)
        EXPECT_THAT(route, testing::EndsWith("black hole"));
}

TEST_F(NetworkSpecs, PrefixListsAreExpandedAndPlainBlocksComeFirst) {
    write([&](Transaction& tx) {
        add_interface(tx, "eni-1", "vpc-a");
        store::prefix_lists::insert(tx, {.id = "pl-1", .version = 2});
        store::prefix_list_entries::insert(tx, {"pl-1", "192.0.2.0/24", "", 1, 0});
        store::prefix_list_entries::insert(tx, {"pl-1", "198.51.100.0/24", "", 1, 2}); // no more
        store::prefix_list_entries::insert(tx, {"pl-1", "203.0.113.0/24", "", 2, 0});
        store::prefix_list_entries::insert(tx, {"pl-1", "203.0.114.0/24", "", 3, 0}); // not yet
        add_route(tx, "pl-1", "eni-1");
        add_route(tx, "203.0.113.0/24", "eni-gone");
        add_route(tx, "pl-gone", "eni-1");
    });
    EXPECT_THAT(routes(), ElementsAre("192.0.2.0/24 interface eni-1", "203.0.113.0/24 black hole"));
}

TEST_F(NetworkSpecs, EntriesOfNetworkAclsAreInTheirOrder) {
    write([](Transaction& tx) {
        store::network_acls::insert(tx, {.id = "acl-1", .vpc_id = "vpc-a"});
        const auto add = [&](bool egress, int number, bool allow, const std::string& block) {
            store::network_acl_entries::insert(tx,
                                               {"acl-1", egress, number, allow, 6, block, 1, 2});
        };
        add(true, 100, true, "0.0.0.0/0");
        add(false, 200, true, "::/0");
        add(false, 50, false, "10.0.0.0/8");
    });
    const auto spec = vpc();
    ASSERT_THAT(spec.network_acls, SizeIs(1));
    const auto& entries = spec.network_acls[0].entries;
    ASSERT_THAT(entries, SizeIs(3));
    EXPECT_EQ(entries[0],
              (drivers::AclEntrySpec{50, false, false, 6, *parse_cidr("10.0.0.0/8"), 1, 2}));
    EXPECT_EQ(entries[1], (drivers::AclEntrySpec{200, false, true, 6, *parse_cidr("::/0"), 1, 2}));
    EXPECT_EQ(entries[2],
              (drivers::AclEntrySpec{100, true, true, 6, *parse_cidr("0.0.0.0/0"), 1, 2}));
}

TEST_F(NetworkSpecs, APeeringHasTheBlocksOfTheOtherSide) {
    write([&](Transaction& tx) {
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-1", "vpc-b", "10.2.0.0/16", false});
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-2", "vpc-b", "fd00:2::/56", true});
        add_peering(tx, "pcx-1", PeeringState::active);
        add_peering(tx, "pcx-2", PeeringState::deleted);
    });
    const auto there = vpc("vpc-a").peerings;
    ASSERT_THAT(there, SizeIs(1));
    EXPECT_EQ(there[0].peer_vpc_id, "vpc-b");
    EXPECT_THAT(there[0].peer_cidrs,
                ElementsAre(*parse_cidr("10.1.0.0/16"),
                            *parse_cidr("10.2.0.0/16"),
                            *parse_cidr("fd00:2::/56")));
    const auto back = vpc("vpc-b").peerings;
    ASSERT_THAT(back, SizeIs(1));
    EXPECT_EQ(back[0].peer_vpc_id, "vpc-a");
    EXPECT_THAT(back[0].peer_cidrs, ElementsAre(*parse_cidr("10.0.0.0/16")));
}

TEST_F(NetworkSpecs, DhcpOptionsAsTheySayOrAsEveryRegionHasThemOrNone) {
    EXPECT_EQ(vpc().dhcp.domain_name, "eu-west-1.compute.internal");
    EXPECT_TRUE(vpc().dhcp.vpc_resolver);
    const auto use = [&](const std::string& id) {
        write([&](Transaction& tx) {
            auto row = *store::vpcs::find(tx, "vpc-a");
            row.dhcp_options_id = id;
            row.enable_dns_support = false;
            store::vpcs::update(tx, row);
        });
        return vpc().dhcp;
    };
    EXPECT_EQ(use("default"), (drivers::DhcpSpec{.domain_name = "", .vpc_resolver = false}));
    EXPECT_FALSE(vpc().dns_support);
    write([](Transaction& tx) {
        store::dhcp_options::insert(tx,
                                    {.id = "dopt-1",
                                     .domain_name = "corp.example",
                                     .domain_name_servers = {"10.0.0.9", "fd00:1::9"},
                                     .ntp_servers = {"169.254.169.123"},
                                     .netbios_name_servers = {"10.0.0.8"},
                                     .netbios_node_type = 2});
        store::dhcp_options::insert(
            tx, {.id = "dopt-2", .domain_name_servers = {"10.0.0.9", "AmazonProvidedDNS"}});
    });
    EXPECT_EQ(use("dopt-1"),
              (drivers::DhcpSpec{
                  .domain_name = "corp.example",
                  .vpc_resolver = false,
                  .domain_name_servers = {*parse_cidr("10.0.0.9/32"), *parse_cidr("fd00:1::9/128")},
                  .ntp_servers = {*Ipv4::parse("169.254.169.123")},
                  .netbios_name_servers = {*Ipv4::parse("10.0.0.8")},
                  .netbios_node_type = 2}));
    EXPECT_EQ(use("dopt-2"),
              (drivers::DhcpSpec{.domain_name = "",
                                 .vpc_resolver = true,
                                 .domain_name_servers = {*parse_cidr("10.0.0.9/32")}}));
}

TEST_F(NetworkSpecs, AnInterfaceHasAllItsAddresses) {
    domain::NetworkInterface row;
    row.id = "eni-1";
    row.vpc_id = "vpc-a";
    row.subnet_id = "subnet-a";
    row.mac = "02:00:00:00:00:01";
    row.private_ip = "10.0.1.10";
    row.public_ip = "127.64.0.10";
    row.secondary_addresses = {{"10.0.1.11", ""}, {"10.0.1.12", "127.64.0.12"}};
    row.ipv6_addresses = {"fd00:1::a"};
    row.security_group_ids = {"sg-1"};
    row.source_dest_check = false;
    auto spec = make_interface_spec(row);
    EXPECT_EQ(spec.kind, drivers::InterfaceKind::guest);
    EXPECT_EQ(spec.host_name, "ip-10-0-1-10");
    EXPECT_THAT(
        spec.addresses,
        ElementsAre(drivers::AddressSpec{*Ipv4::parse("10.0.1.10"), Ipv4::parse("127.64.0.10")},
                    drivers::AddressSpec{*Ipv4::parse("10.0.1.11"), std::nullopt},
                    drivers::AddressSpec{*Ipv4::parse("10.0.1.12"), Ipv4::parse("127.64.0.12")}));
    EXPECT_THAT(spec.ipv6_addresses, ElementsAre(*Ipv6::parse("fd00:1::a")));
    EXPECT_THAT(spec.security_group_ids, ElementsAre("sg-1"));
    EXPECT_FALSE(spec.source_dest_check);
    row.kind = domain::NetworkInterfaceKind::nat_gateway;
    spec = make_interface_spec(row);
    EXPECT_EQ(spec.kind, drivers::InterfaceKind::nat_gateway);
    EXPECT_THAT(spec.security_group_ids, IsEmpty());
}

TEST_F(NetworkSpecs, RulesKeepTheirMeaning) {
    write([&](Transaction& tx) {
        store::prefix_lists::insert(tx, {.id = "pl-1", .version = 1});
        store::prefix_list_entries::insert(tx, {"pl-1", "192.0.2.0/24", "", 1, 0});
        store::prefix_list_entries::insert(tx, {"pl-1", "198.51.100.0/24", "", 1, 0});
        add_group(tx, "sg-1", "vpc-a");
        const auto add = [&](domain::SecurityGroupRule rule) { add_rule(tx, "sg-1", rule); };
        add({.protocol = "tcp", .from_port = 22, .to_port = 23, .cidr_ipv4 = "10.0.0.0/8"});
        add({.egress = true, .protocol = "-1", .cidr_ipv6 = "::/0"});
        add({.protocol = "icmpv6", .from_port = 128, .cidr_ipv6 = "::/0"});
        add({.protocol = "50", .cidr_ipv4 = "0.0.0.0/0"});
        add({.protocol = "udp", .from_port = 53, .to_port = 53, .prefix_list_id = "pl-1"});
        add({.protocol = "udp", .from_port = 53, .to_port = 53, .prefix_list_id = "pl-gone"});
    });
    const auto all = groups({"sg-1", "sg-gone"});
    ASSERT_THAT(all, SizeIs(1));
    const auto block = [](const char* text) { return parse_cidr(text); };
    EXPECT_THAT(all[0].rules,
                testing::UnorderedElementsAre(
                    drivers::TrafficRule{false, 6, 22, 23, block("10.0.0.0/8"), ""},
                    drivers::TrafficRule{true, -1, -1, -1, block("::/0"), ""},
                    drivers::TrafficRule{false, 58, 128, -1, block("::/0"), ""},
                    drivers::TrafficRule{false, 50, -1, -1, block("0.0.0.0/0"), ""},
                    drivers::TrafficRule{false, 17, 53, 53, block("192.0.2.0/24"), ""},
                    drivers::TrafficRule{false, 17, 53, 53, block("198.51.100.0/24"), ""}));
}

TEST_F(NetworkSpecs, GroupsComeWithThoseThatTheyNamePeersFirst) {
    write([&](Transaction& tx) {
        add_peering(tx, "pcx-1", PeeringState::active);
        add_vpc(tx, "vpc-c", "10.3.0.0/16");
        add_group(tx, "sg-a1", "vpc-a");
        add_group(tx, "sg-a2", "vpc-a");
        add_group(tx, "sg-b", "vpc-b");
        add_group(tx, "sg-c", "vpc-c");
        const auto add = [&](const std::string& group, const std::string& names) {
            add_rule(tx, group, {.protocol = "-1", .referenced_group_id = names});
        };
        add("sg-a1", "sg-a2");
        add("sg-a2", "sg-a1");
        add("sg-a2", "sg-b");
        add("sg-b", "sg-a1");
        add("sg-a1", "sg-c"); // no peering leads there
        add("sg-a1", "sg-gone");
    });
    const auto all = groups({"sg-a1"});
    std::vector<std::string> ids;
    for (const auto& group : all)
        ids.push_back(group.id);
    ASSERT_THAT(ids, SizeIs(3));
    EXPECT_EQ(ids[0], "sg-b");
    EXPECT_THAT(ids, testing::UnorderedElementsAre("sg-a1", "sg-a2", "sg-b"));
    for (const auto& group : all)
        if (group.id == "sg-a1")
            EXPECT_THAT(group.rules,
                        ElementsAre(testing::Field(&drivers::TrafficRule::peer_security_group_id,
                                                   "sg-a2")));
}

TEST_F(NetworkSpecs, GroupsInUseFollowTheVpcsPeerings) {
    const auto across = [&] {
        return store_->read([](Transaction& tx) { return groups_across_peerings(tx, "vpc-a"); });
    };
    write([&](Transaction& tx) {
        domain::Instance instance;
        instance.id = "i-1";
        instance.state = domain::InstanceState::running;
        store::instances::insert(tx, instance);
        for (const auto* id : {"eni-1", "eni-unused"}) {
            add_interface(tx, id, "vpc-a");
            auto row = *store::network_interfaces::find(tx, id);
            row.security_group_ids = {std::string("sg-of-") + id};
            row.instance_id = row.id == "eni-1" ? "i-1" : "";
            store::network_interfaces::update(tx, row);
        }
    });
    EXPECT_THAT(across(), IsEmpty());
    write([&](Transaction& tx) { add_peering(tx, "pcx-1", PeeringState::deleted); });
    EXPECT_THAT(across(), ElementsAre("sg-of-eni-1"));
}

TEST_F(NetworkSpecs, InterfacesAreInUseBehindGuestsAndNatGateways) {
    write([&](Transaction& tx) {
        for (const auto* id : {"eni-free", "eni-running", "eni-stopped", "eni-nat", "eni-old-nat"})
            add_interface(tx, id, "vpc-a");
        const auto attach = [&](const std::string& id, domain::InstanceState state) {
            domain::Instance instance;
            instance.id = "i-" + id;
            instance.state = state;
            store::instances::insert(tx, instance);
            auto row = *store::network_interfaces::find(tx, id);
            row.instance_id = instance.id;
            store::network_interfaces::update(tx, row);
        };
        attach("eni-running", domain::InstanceState::running);
        attach("eni-stopped", domain::InstanceState::stopped);
        for (const auto& [id, state] : {std::pair("eni-nat", NatGatewayState::pending),
                                        std::pair("eni-old-nat", NatGatewayState::deleting)}) {
            auto row = *store::network_interfaces::find(tx, id);
            row.kind = domain::NetworkInterfaceKind::nat_gateway;
            store::network_interfaces::update(tx, row);
            store::nat_gateways::insert(tx,
                                        {.id = std::string("nat-") + id,
                                         .vpc_id = "vpc-a",
                                         .state = state,
                                         .network_interface_id = id});
        }
    });
    std::vector<std::string> used;
    store_->read([&](Transaction& tx) {
        for (const auto& row : store::network_interfaces::list_of_vpc(tx, "vpc-a"))
            if (is_in_use(tx, row))
                used.push_back(row.id);
        return 0;
    });
    EXPECT_THAT(used, testing::UnorderedElementsAre("eni-running", "eni-nat"));
}

} // namespace
} // namespace pileus::engine
