// SPDX-License-Identifier: Apache-2.0
#include "cloud/internet_gateways.h"
#include "cloud/route_tables.h"
#include "cloud/routing_fixture.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RouteTablesTest : public RoutingFixture {
  protected:
    std::string make(const std::string& vpc_id) {
        const auto made = tables_.create(caller_, {vpc_id, {}, {}});
        EXPECT_TRUE(made) << message_of(made);
        return made ? made->table.id : "";
    }
    RouteTableView see(const std::string& id) {
        const auto listing = tables_.describe(caller_, {id}, {}, {});
        EXPECT_TRUE(listing) << message_of(listing);
        return listing ? listing->items.at(0) : RouteTableView{};
    }
    RouteTableView main_table() {
        return tables_
            .describe(caller_, {}, {{"vpc-id", {vpc_.id}}, {"association.main", {"true"}}}, {})
            ->items.at(0);
    }
    // "10.0.0.0/16 local active"
    std::vector<std::string> routes(const std::string& id) {
        std::vector<std::string> lines;
        for (const auto& route : see(id).routes)
            lines.push_back(route.destination + " " + route.target_id +
                            (route.is_active ? " active" : " blackhole"));
        return lines;
    }
    std::string attached_gateway() {
        const auto id = gateways_.create(caller_, {})->gateway.id;
        EXPECT_TRUE(gateways_.attach(caller_, id, vpc_.id));
        return id;
    }
    RouteRequest to(const std::string& table_id, const std::string& block) {
        RouteRequest request;
        request.route_table_id = table_id;
        (block.find(':') == std::string::npos ? request.cidr_block : request.ipv6_cidr_block) =
            block;
        return request;
    }
    RouteRequest by_gateway(const std::string& table_id,
                            const std::string& block,
                            const std::string& gateway_id) {
        auto request = to(table_id, block);
        request.gateway_id = gateway_id;
        return request;
    }
    RouteRequest by_interface(const std::string& table_id,
                              const std::string& block,
                              const std::string& interface_id) {
        auto request = to(table_id, block);
        request.network_interface_id = interface_id;
        return request;
    }

    RouteTables tables_{context_};
    InternetGateways gateways_{context_};
};

TEST_F(RouteTablesTest, ANewOneKnowsTheBlocksOfItsVpc) {
    add_block(vpc_, "fd70:696c:6500::/56");
    add_block(vpc_, "100.64.0.0/16");
    const auto made =
        tables_.create(caller_, {vpc_.id, {{"route-table", {{"tier", "web"}}}}, {"once", "hash"}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_THAT(routes(made->table.id),
                ElementsAre("10.0.0.0/16 local active",
                            "100.64.0.0/16 local active",
                            "fd70:696c:6500::/56 local active"));
    EXPECT_THAT(made->associations, IsEmpty());
    EXPECT_EQ(made->tags.at(0).value, "web");
    EXPECT_THAT(take_work(), IsEmpty()) << "no subnet follows it";

    EXPECT_EQ(tables_.create(caller_, {vpc_.id, {}, {"once", "hash"}})->table.id, made->table.id);
    EXPECT_EQ(code_of(tables_.create(caller_, {vpc_.id, {}, {"once", "other"}})),
              "IdempotentParameterMismatch");
    EXPECT_EQ(code_of(tables_.create(foreigner_, {vpc_.id, {}, {}})), "InvalidVpcID.NotFound");
    EXPECT_EQ(code_of(tables_.create(caller_, {"vpc-x", {}, {}})), "InvalidVpcID.Malformed");
    EXPECT_EQ(code_of(tables_.create(dry(), {vpc_.id, {}, {}})), "DryRunOperation");
    settings_.limits.route_tables_per_vpc = 2;
    EXPECT_EQ(code_of(tables_.create(caller_, {vpc_.id, {}, {}})), "RouteTableLimitExceeded");
}

TEST_F(RouteTablesTest, AreDeletedWhenNothingFollowsThem) {
    const auto table = make(vpc_.id);
    const auto association = tables_.associate(caller_, table, subnet_.id);
    ASSERT_TRUE(association) << message_of(association);
    const auto used = tables_.erase(caller_, table);
    EXPECT_EQ(code_of(used), "DependencyViolation");
    EXPECT_EQ(message_of(used),
              "The routeTable '" + table + "' has dependencies and cannot be deleted.");
    EXPECT_EQ(code_of(tables_.erase(caller_, main_table().table.id)), "DependencyViolation");
    ASSERT_TRUE(tables_.disassociate(caller_, association->id));
    EXPECT_EQ(code_of(tables_.erase(foreigner_, table)), "InvalidRouteTableID.NotFound");
    EXPECT_EQ(code_of(tables_.erase(caller_, "rtb-1")), "InvalidRouteTableId.Malformed");
    EXPECT_EQ(code_of(tables_.erase(dry(), table)), "DryRunOperation");
    ASSERT_TRUE(tables_.erase(caller_, table));
    EXPECT_EQ(code_of(tables_.describe(caller_, {table}, {}, {})), "InvalidRouteTableID.NotFound");
}

TEST_F(RouteTablesTest, ASubnetFollowsOneTable) {
    const auto first = make(vpc_.id);
    const auto second = make(vpc_.id);
    const auto association = tables_.associate(caller_, first, subnet_.id);
    ASSERT_TRUE(association);
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    EXPECT_EQ(tables_.associate(caller_, first, subnet_.id)->id, association->id) << "as before";
    EXPECT_EQ(code_of(tables_.associate(caller_, second, subnet_.id)),
              "Resource.AlreadyAssociated");

    const auto other = add_subnet(add_vpc(caller_, "10.9.0.0/16"), "10.9.0.0/24");
    EXPECT_EQ(code_of(tables_.associate(caller_, first, other.id)), "InvalidParameterValue");
    EXPECT_EQ(code_of(tables_.associate(caller_, first, "subnet-0123456789abcdef0")),
              "InvalidSubnetID.NotFound");

    const auto replaced = tables_.replace_association(caller_, association->id, second);
    ASSERT_TRUE(replaced) << message_of(replaced);
    EXPECT_NE(replaced->id, association->id);
    EXPECT_EQ(see(second).associations.at(0).subnet_id, subnet_.id);
    EXPECT_THAT(see(first).associations, IsEmpty());
    EXPECT_EQ(code_of(tables_.disassociate(caller_, association->id)),
              "InvalidAssociationID.NotFound");
    EXPECT_EQ(code_of(tables_.disassociate(foreigner_, replaced->id)),
              "InvalidAssociationID.NotFound");
}

TEST_F(RouteTablesTest, TheMainOneIsReplacedNotRemoved) {
    const auto old = main_table();
    const auto main = old.associations.at(0).id;
    EXPECT_EQ(code_of(tables_.disassociate(caller_, main)), "InvalidParameterValue");
    const auto table = make(vpc_.id);
    const auto replaced = tables_.replace_association(caller_, main, table);
    ASSERT_TRUE(replaced) << message_of(replaced);
    EXPECT_EQ(main_table().table.id, table);
    EXPECT_TRUE(tables_.erase(caller_, old.table.id)) << "it is one like the others now";
    const auto foreign = add_vpc(caller_, "10.9.0.0/16");
    EXPECT_EQ(code_of(tables_.replace_association(caller_, replaced->id, make(foreign.id))),
              "InvalidParameterValue");
}

TEST_F(RouteTablesTest, RoutesLeadToGatewaysOfTheVpc) {
    const auto table = make(vpc_.id);
    const auto loose = gateways_.create(caller_, {})->gateway.id;
    const auto refused = tables_.create_route(caller_, by_gateway(table, "0.0.0.0/0", loose));
    EXPECT_EQ(code_of(refused), "InvalidParameterValue");
    EXPECT_EQ(message_of(refused),
              "route table " + table + " and network gateway " + loose +
                  " belong to different networks");
    ASSERT_TRUE(gateways_.attach(caller_, loose, vpc_.id));
    take_work();
    ASSERT_TRUE(tables_.create_route(caller_, by_gateway(table, "0.0.0.0/0", loose)));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    ASSERT_TRUE(tables_.create_route(caller_, by_gateway(table, "2001:DB8::1/32", loose)));
    EXPECT_THAT(routes(table),
                ElementsAre("10.0.0.0/16 local active",
                            "0.0.0.0/0 " + loose + " active",
                            "2001:db8::/32 " + loose + " active"));
    ASSERT_TRUE(gateways_.detach(caller_, loose, vpc_.id));
    EXPECT_EQ(routes(table).at(1), "0.0.0.0/0 " + loose + " blackhole");
    ASSERT_TRUE(gateways_.erase(caller_, loose));
    EXPECT_EQ(routes(table).at(1), "0.0.0.0/0 " + loose + " blackhole");
}

TEST_F(RouteTablesTest, EveryRequestNamesOneDestinationAndOneTarget) {
    const auto table = make(vpc_.id);
    const auto gateway = attached_gateway();
    const auto interface = add_interface(subnet_, "10.0.1.10");
    auto two_targets = by_gateway(table, "0.0.0.0/0", gateway);
    two_targets.network_interface_id = interface.id;
    auto two_destinations = by_gateway(table, "0.0.0.0/0", gateway);
    two_destinations.ipv6_cidr_block = "::/0";
    auto transit = to(table, "0.0.0.0/0");
    transit.unsupported_parameter = "TransitGatewayId";
    auto list = to(table, "");
    list.prefix_list_id = "pl-0123456789abcdef0";
    list.gateway_id = gateway;
    auto nat = to(table, "0.0.0.0/0");
    nat.nat_gateway_id = "nat-0123456789abcdef0";
    auto egress_only = to(table, "::/0");
    egress_only.egress_only_internet_gateway_id = "eigw-0123456789abcdef0";
    auto peering = to(table, "10.9.0.0/16");
    peering.vpc_peering_connection_id = "pcx-0123456789abcdef0";
    auto instance = to(table, "0.0.0.0/0");
    instance.instance_id = "i-0123456789abcdef0";
    const std::pair<RouteRequest, std::string> cases[]{
        {to(table, "0.0.0.0/0"), "MissingParameter"},
        {by_gateway(table, "", gateway), "MissingParameter"},
        {two_targets, "InvalidParameterCombination"},
        {two_destinations, "InvalidParameterCombination"},
        {transit, "UnsupportedOperation"},
        {list, "InvalidPrefixListID.NotFound"},
        {nat, "InvalidNatGatewayID.NotFound"},
        {egress_only, "InvalidGatewayID.NotFound"},
        {peering, "InvalidVpcPeeringConnectionID.NotFound"},
        {instance, "InvalidInstanceID.NotFound"},
        {by_gateway(table, "10.0.0.0/33", gateway), "InvalidParameterValue"},
        {by_gateway(table, "169.254.169.254/32", gateway), "InvalidParameterValue"},
        {by_gateway(table, "fd00:ec2::254/128", gateway), "InvalidParameterValue"},
        {by_gateway(table, "0.0.0.0/0", "local"), "InvalidGatewayID.NotFound"},
        {by_gateway(table, "0.0.0.0/0", "igw-0123456789abcdef0"), "InvalidGatewayID.NotFound"},
        {by_gateway(table, "0.0.0.0/0", "vgw-0123456789abcdef0"), "UnsupportedOperation"},
        {by_interface(table, "0.0.0.0/0", "eni-0123456789abcdef0"),
         "InvalidNetworkInterfaceID.NotFound"},
        {by_gateway("rtb-0123456789abcdef0", "0.0.0.0/0", gateway), "InvalidRouteTableID.NotFound"},
    };
    for (const auto& [request, code] : cases)
        EXPECT_EQ(code_of(tables_.create_route(caller_, request)), code)
            << request.cidr_block << request.ipv6_cidr_block << " " << request.gateway_id;
    EXPECT_EQ(routes(table).size(), 1u) << "bad input changes nothing";
}

TEST_F(RouteTablesTest, LocalRoutesAreGuarded) {
    const auto table = make(vpc_.id);
    const auto gateway = attached_gateway();
    const auto appliance = add_interface(subnet_, "10.0.1.10", add_instance());
    EXPECT_EQ(code_of(tables_.create_route(caller_, by_gateway(table, "10.0.0.0/16", gateway))),
              "RouteAlreadyExists");
    EXPECT_EQ(code_of(tables_.erase_route(caller_, to(table, "10.0.0.0/16"))),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(tables_.replace_route(caller_, by_gateway(table, "10.0.0.0/16", gateway))),
              "UnsupportedOperation");
    auto reset = to(table, "10.0.0.0/16");
    reset.local_target = true;
    EXPECT_TRUE(tables_.replace_route(caller_, reset));

    const auto inside = tables_.create_route(caller_, by_gateway(table, "10.0.1.0/24", gateway));
    EXPECT_EQ(code_of(inside), "InvalidParameterValue");
    EXPECT_EQ(message_of(inside),
              "The destination CIDR block 10.0.1.0/24 is equal to or more specific than one of "
              "this VPC's CIDR blocks. This route can target only an interface or an instance.");
    EXPECT_EQ(
        code_of(tables_.create_route(caller_, by_interface(table, "10.0.1.0/25", appliance.id))),
        "InvalidParameterValue")
        << "not the whole block of a subnet";
    EXPECT_TRUE(tables_.create_route(caller_, by_interface(table, "10.0.1.0/24", appliance.id)));
    EXPECT_TRUE(tables_.create_route(caller_, by_gateway(table, "10.0.0.0/8", gateway)))
        << "less specific than the VPC's";
}

TEST_F(RouteTablesTest, RoutesToInstancesShowWhoTheyAre) {
    const auto table = make(vpc_.id);
    const auto instance = add_instance();
    const auto first = add_interface(subnet_, "10.0.1.10", instance);
    auto request = to(table, "0.0.0.0/0");
    request.instance_id = instance;
    ASSERT_TRUE(tables_.create_route(caller_, request));
    const auto route = see(table).routes.at(1);
    EXPECT_EQ(route.target_id, first.id);
    EXPECT_EQ(route.instance_id, instance);
    EXPECT_EQ(route.instance_owner_id, caller_.account_id);
    EXPECT_TRUE(route.is_active);

    add_interface(subnet_, "10.0.1.11", instance);
    request.cidr_block = "192.0.2.0/24";
    const auto several = tables_.create_route(caller_, request);
    EXPECT_EQ(code_of(several), "InvalidInstanceID");
    EXPECT_EQ(message_of(several),
              "There are multiple interfaces attached to instance '" + instance +
                  "'. Please specify an interface ID for the operation instead.");
    write([&](auto& tx) {
        auto row = *store::instances::find(tx, instance);
        row.state = domain::InstanceState::stopped;
        store::instances::update(tx, row);
    });
    EXPECT_FALSE(see(table).routes.at(1).is_active);
    write([&](auto& tx) { store::network_interfaces::erase(tx, first.id); });
    EXPECT_FALSE(see(table).routes.at(1).is_active);
}

TEST_F(RouteTablesTest, RoutesToPeeringsWaitForThem) {
    const auto table = make(vpc_.id);
    const auto peer = add_vpc(foreigner_, "10.9.0.0/16");
    auto peering = add_peering(vpc_, peer, domain::PeeringState::pending_acceptance);
    auto request = to(table, "10.9.0.0/16");
    request.vpc_peering_connection_id = peering.id;
    ASSERT_TRUE(tables_.create_route(caller_, request));
    EXPECT_EQ(routes(table).at(1), "10.9.0.0/16 " + peering.id + " blackhole");
    peering.state = domain::PeeringState::active;
    write([&](auto& tx) { store::vpc_peering_connections::update(tx, peering); });
    EXPECT_EQ(routes(table).at(1), "10.9.0.0/16 " + peering.id + " active");

    const auto other = add_vpc(caller_, "10.8.0.0/16");
    request.route_table_id = make(other.id);
    EXPECT_EQ(code_of(tables_.create_route(caller_, request)), "InvalidParameterValue");
}

TEST_F(RouteTablesTest, RoutesAreReplacedAndDeleted) {
    const auto table = make(vpc_.id);
    const auto gateway = attached_gateway();
    const auto interface = add_interface(subnet_, "10.0.1.10");
    const auto missing = tables_.replace_route(caller_, by_gateway(table, "0.0.0.0/0", gateway));
    EXPECT_EQ(code_of(missing), "InvalidParameterValue");
    EXPECT_EQ(message_of(missing),
              "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute "
              "instead.");
    ASSERT_TRUE(tables_.create_route(caller_, by_gateway(table, "0.0.0.0/0", gateway)));
    const auto again =
        tables_.create_route(caller_, by_interface(table, "0.0.0.0/0", interface.id));
    EXPECT_EQ(code_of(again), "RouteAlreadyExists");
    EXPECT_EQ(message_of(again), "The route identified by 0.0.0.0/0 already exists.");
    ASSERT_TRUE(tables_.replace_route(caller_, by_interface(table, "0.0.0.0/0", interface.id)));
    EXPECT_EQ(routes(table).at(1), "0.0.0.0/0 " + interface.id + " blackhole") << "not attached";
    auto on_trial = dry();
    EXPECT_EQ(code_of(tables_.erase_route(on_trial, to(table, "0.0.0.0/0"))), "DryRunOperation");
    take_work();
    ASSERT_TRUE(tables_.erase_route(caller_, to(table, "0.0.0.0/0")));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    const auto gone = tables_.erase_route(caller_, to(table, "0.0.0.0/0"));
    EXPECT_EQ(code_of(gone), "InvalidRoute.NotFound");
    EXPECT_EQ(message_of(gone),
              "no route with destination-cidr-block 0.0.0.0/0 in route table " + table);
}

TEST_F(RouteTablesTest, APrefixListTakesTheRoomOfAllItsEntries) {
    settings_.limits.routes_per_route_table = 10;
    const auto table = make(vpc_.id);
    const auto gateway = attached_gateway();
    auto request = to(table, "");
    request.gateway_id = gateway;
    request.prefix_list_id = add_prefix_list(false, 9);
    ASSERT_TRUE(tables_.create_route(caller_, request));
    EXPECT_TRUE(tables_.create_route(caller_, by_gateway(table, "192.0.2.0/24", gateway)));
    EXPECT_EQ(code_of(tables_.create_route(caller_, by_gateway(table, "0.0.0.0/0", gateway))),
              "RouteLimitExceeded");
    EXPECT_TRUE(tables_.create_route(caller_, by_gateway(table, "::/0", gateway)))
        << "the families count apart";
    EXPECT_TRUE(tables_.erase_route(caller_, request));
}

TEST_F(RouteTablesTest, DescribesByEveryFilter) {
    const auto table = make(vpc_.id);
    const auto gateway = attached_gateway();
    const auto association = *tables_.associate(caller_, table, subnet_.id);
    const auto instance = add_instance();
    add_interface(subnet_, "10.0.1.10", instance);
    ASSERT_TRUE(tables_.create_route(caller_, by_gateway(table, "0.0.0.0/0", gateway)));
    ASSERT_TRUE(tables_.create_route(caller_, by_gateway(table, "::/0", gateway)));
    auto request = to(table, "192.0.2.0/24");
    request.instance_id = instance;
    ASSERT_TRUE(tables_.create_route(caller_, request));
    const std::pair<std::string, std::string> cases[]{
        {"association.route-table-association-id", association.id},
        {"association.route-table-id", table},
        {"association.subnet-id", subnet_.id},
        {"route-table-id", table},
        {"route.destination-cidr-block", "192.0.2.0/24"},
        {"route.destination-ipv6-cidr-block", "::/0"},
        {"route.gateway-id", gateway},
        {"route.instance-id", instance},
        {"route.origin", "CreateRoute"},
    };
    for (const auto& [name, value] : cases) {
        const auto listing =
            tables_.describe(caller_, {}, {{"vpc-id", {vpc_.id}}, {name, {value}}}, {});
        ASSERT_TRUE(listing) << message_of(listing);
        ASSERT_EQ(listing->items.size(), 1u) << name;
        EXPECT_EQ(listing->items[0].table.id, table) << name;
    }
    EXPECT_EQ(tables_.describe(caller_, {}, {{"route.gateway-id", {"local"}}}, {})->items.size(),
              tables_.describe(caller_, {}, {}, {})->items.size());
    EXPECT_EQ(code_of(tables_.describe(caller_, {}, {{"route.nothing", {"x"}}}, {})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(tables_.describe(caller_, {}, {}, {101, ""})), "InvalidParameterValue");
    EXPECT_THAT(tables_.describe(foreigner_, {}, {{"vpc-id", {vpc_.id}}}, {})->items, IsEmpty());
}

} // namespace
} // namespace pileus::cloud
