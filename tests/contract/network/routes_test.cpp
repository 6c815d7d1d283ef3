// SPDX-License-Identifier: Apache-2.0
// Where packets go: gateways, appliances, black holes.
#include "linux_fixture.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

class RoutesTest : public LinuxNetworkTest {
  protected:
    void SetUp() override {
        // A third subnet with a table of its own.
        vpc_.subnets.push_back(
            {"subnet-c1", *Ipv4Cidr::parse("172.31.32.0/20"), std::nullopt, "rtb-own", ""});
        vpc_.route_tables.push_back({"rtb-own", {}});
        LinuxNetworkTest::SetUp();
    }
    std::vector<RouteSpec>& main_routes() { return vpc_.route_tables[0].routes; }
    std::vector<RouteSpec>& own_routes() { return vpc_.route_tables[1].routes; }
};

TEST_F(RoutesTest, PublicAddressesNeedTheGatewayAndTheRoute) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    auto two = sample_interface(vpc_, 11, 2, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    two.addresses[0].public_ip = *Ipv4::parse("127.99.0.11");
    const auto a = guest(one), b = guest(two);
    const auto ssh = a->listen(22), other = b->listen(22);
    EXPECT_TRUE(connect_to(*one.addresses[0].public_ip, 22, 3s));
    EXPECT_FALSE(connect_to(*two.addresses[0].public_ip, 22, 250ms)) << "its table has no route";

    vpc_.internet_gateway = false;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(connect_to(*one.addresses[0].public_ip, 22, 250ms)) << "no gateway";
    EXPECT_TRUE(b->reaches(one.private_ip(), 22)) << "inside the VPC all is as it was";

    vpc_.internet_gateway = true;
    own_routes() = main_routes();
    main_routes().clear();
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(connect_to(*one.addresses[0].public_ip, 22, 250ms)) << "the route is gone";
    EXPECT_TRUE(connect_to(*two.addresses[0].public_ip, 22, 3s)) << "now it has one";

    vpc_.subnets[0].route_table_id = "rtb-own"; // another association
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(connect_to(*one.addresses[0].public_ip, 22, 3s));
}

TEST_F(RoutesTest, AChangeThatFailedHalfwayIsDoneByTheNextAttempt) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto a = guest(one);
    const auto ssh = a->listen(22);
    vpc_.internet_gateway = false;
    vpc_.subnets.pop_back();
    runner_.failures = 1;
    EXPECT_FALSE(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(vpc_)); // the same again, as the engine does
    EXPECT_FALSE(connect_to(*one.addresses[0].public_ip, 22, 250ms)) << "no gateway";
    vpc_.internet_gateway = true;
    runner_.failures = 1;
    EXPECT_FALSE(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(connect_to(*one.addresses[0].public_ip, 22, 3s));
}

TEST_F(RoutesTest, AConnectionOutlivesAChangeOfOtherRoutes) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto a = guest(one);
    const auto ssh = a->listen(22);
    const auto connection = connect_to(*one.addresses[0].public_ip, 22, 3s);
    ASSERT_TRUE(connection);
    const UniqueFd accepted(::accept(ssh.get(), nullptr, nullptr));
    for (uint32_t i = 0; i < 20; ++i) {
        main_routes().push_back(
            {IpCidr(Ipv4Cidr{Ipv4{0x0a00'0000 + (i << 16)}, 16}), RouteTarget::blackhole, ""});
        ASSERT_OK(network_->ensure_vpc(vpc_));
        char byte = 'x';
        ASSERT_EQ(::send(connection.get(), &byte, 1, MSG_NOSIGNAL), 1);
        pollfd polled{accepted.get(), POLLIN, 0};
        ASSERT_EQ(::poll(&polled, 1, 150), 1) << "no packet was lost";
        ASSERT_EQ(::recv(accepted.get(), &byte, 1, 0), 1);
    }
}

TEST_F(RoutesTest, ARouteInsideTheVpcLeadsThroughAnAppliance) {
    auto appliance = sample_interface(vpc_, 10, 1, {"sg-open"});
    appliance.source_dest_check = false;
    const auto client = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto neighbour = sample_interface(vpc_, 12, 0, {"sg-open"});
    const auto server = sample_interface(vpc_, 13, 2, {"sg-open"});
    const auto m = guest(appliance), c = guest(client), n = guest(neighbour), s = guest(server);
    const auto listening = s->listen(22), near = n->listen(22);
    ASSERT_TRUE(c->reaches(server.private_ip(), 22)) << "the VPC's own route";

    m->forward(false);
    vpc_.subnets[1].route_table_id = "rtb-own"; // its own packets must not come back to it
    main_routes().push_back({*parse_cidr("172.31.32.0/20"), RouteTarget::interface, appliance.id});
    main_routes().push_back({*parse_cidr("172.31.0.0/20"), RouteTarget::interface, appliance.id});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(c->is_refused(server.private_ip(), 22)) << "the appliance keeps it";
    EXPECT_TRUE(c->reaches(neighbour.private_ip(), 22)) << "inside a subnet nothing is routed";
    m->forward(true);
    EXPECT_TRUE(c->reaches(server.private_ip(), 22)) << "the appliance forwards it";

    ASSERT_OK(network_->remove_interface("vpc-1", appliance.id));
    EXPECT_TRUE(c->is_refused(server.private_ip(), 22)) << "a route to what is gone";
    main_routes().resize(1);
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(c->reaches(server.private_ip(), 22));
}

TEST_F(RoutesTest, ACheckedInterfaceForwardsNothing) {
    const auto appliance = sample_interface(vpc_, 10, 1, {"sg-open"});
    const auto client = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto server = sample_interface(vpc_, 13, 2, {"sg-open"});
    main_routes().push_back({*parse_cidr("172.31.32.0/20"), RouteTarget::interface, appliance.id});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    const auto m = guest(appliance), c = guest(client), s = guest(server);
    const auto listening = s->listen(22);
    m->forward(true);
    EXPECT_TRUE(c->is_refused(server.private_ip(), 22));
}

TEST_F(RoutesTest, TheLongestPrefixDecides) {
    const auto client = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto one = sample_interface(vpc_, 12, 2, {"sg-open"});
    const auto two = sample_interface(vpc_, 13, 2, {"sg-open"});
    const auto c = guest(client), a = guest(one), b = guest(two);
    const auto x = a->listen(22), y = b->listen(22);
    main_routes().push_back({IpCidr(Ipv4Cidr{one.private_ip(), 32}), RouteTarget::blackhole, ""});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(c->is_refused(one.private_ip(), 22));
    EXPECT_TRUE(c->reaches(two.private_ip(), 22));
}

TEST_F(RoutesTest, AnAddressThatNobodyHasRefusesAtOnce) {
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto a = guest(one);
    const auto started = std::chrono::steady_clock::now();
    EXPECT_FALSE(connect_to(*Ipv4::parse("127.99.0.99"), 22, 3s));
    EXPECT_LT(std::chrono::steady_clock::now() - started, 500ms);
}

TEST_F(RoutesTest, SubnetsAndBlocksComeAndGo) {
    vpc_.cidrs.push_back(*Ipv4Cidr::parse("10.77.0.0/16"));
    vpc_.subnets.push_back(
        {"subnet-d1", *Ipv4Cidr::parse("10.77.1.0/24"), std::nullopt, "rtb-main", ""});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto two = sample_interface(vpc_, 11, 3, {"sg-open"});
    {
        const auto a = guest(one), b = guest(two);
        const auto listening = b->listen(22);
        EXPECT_TRUE(a->reaches(two.private_ip(), 22));
        EXPECT_EQ(b->resolve(one.host_name + ".ec2.internal", *Ipv4::parse("172.31.0.2")),
                  one.private_ip());
    }
    ASSERT_OK(network_->remove_interface("vpc-1", two.id));
    vpc_.subnets.pop_back();
    vpc_.cidrs.pop_back();
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(network_->ensure_interface(two));
}

} // namespace
} // namespace pileus::drivers
