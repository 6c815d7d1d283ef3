// SPDX-License-Identifier: Apache-2.0
// NAT gateways, and the way out of the machine. The machine is a network namespace with a neighbour
// outside, so that nothing leaves the real one.
#include "linux_fixture.h"
#include "machine.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

class NatGatewayTest : public MachineTest {
  protected:
    void SetUp() override {
        MachineTest::SetUp();
        if (IsSkipped())
            return;
        // Subnet a is public; subnet b leads to the gateway in it.
        vpc_.route_tables.push_back(
            {"rtb-private", {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}}});
        vpc_.subnets[1].route_table_id = "rtb-private";
        ASSERT_OK(network_->ensure_vpc(vpc_));
        ASSERT_OK(network_->apply_security_groups({open_group("vpc-1", "sg-open")}));
        nat_ = sample_interface(vpc_, 200, 0, {});
        nat_.id = "eni-nat";
        nat_.kind = InterfaceKind::nat_gateway;
        nat_.addresses[0].public_ip = *Ipv4::parse("127.99.0.200");
    }
    InterfaceSpec nat_;
};

TEST_F(NatGatewayTest, PrivateGuestsReachTheWorldAndNotTheOtherWay) {
    const auto inside = sample_interface(vpc_, 10, 1, {"sg-open"});
    const auto a = guest(inside);
    const auto outside = listen_outside(443);
    EXPECT_TRUE(a->is_refused(outside_ip, 443)) << "the gateway is not there yet";
    ASSERT_OK(network_->ensure_interface(nat_));
    EXPECT_TRUE(a->reaches(outside_ip, 443));
    EXPECT_EQ(Guest::peer_of(outside), IpAddress(machine_ip));
    const auto counters = network_->read_counters("vpc-1", nat_.id);
    ASSERT_OK(counters);
    EXPECT_GT(counters->bytes_in, 0u);
    EXPECT_FALSE(connect_from_machine(*nat_.addresses[0].public_ip, 443)) << "it is no server";
    EXPECT_FALSE(network_->open_tap("vpc-1", nat_.id));

    start();
    EXPECT_TRUE(a->reaches(outside_ip, 443)) << "after a restart of the driver";
    ASSERT_OK(network_->remove_interface("vpc-1", nat_.id));
    EXPECT_TRUE(a->is_refused(outside_ip, 443));
    EXPECT_EQ(ours_in("/run/netns"), (std::set<std::string>{"ptest-edge", "ptest-vpc-1"}));
}

TEST_F(NatGatewayTest, TheAclOfItsSubnetApplies) {
    ASSERT_OK(network_->ensure_interface(nat_));
    const auto inside = sample_interface(vpc_, 10, 1, {"sg-open"});
    const auto a = guest(inside);
    const auto outside = listen_outside(443);
    ASSERT_TRUE(a->reaches(outside_ip, 443));
    vpc_.network_acls = {{"acl-1", {{100, true, true, -1, *parse_cidr("0.0.0.0/0"), -1, -1}}}};
    vpc_.subnets[0].network_acl_id = "acl-1";
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(a->is_refused(outside_ip, 443));
}

TEST_F(NatGatewayTest, APrivateGatewayTranslatesTowardsPeers) {
    auto other = sample_vpc("vpc-2");
    other.cidrs = {*Ipv4Cidr::parse("10.2.0.0/16")};
    other.subnets.resize(1);
    other.subnets[0].cidr = *Ipv4Cidr::parse("10.2.1.0/24");
    other.peerings = {{"pcx-1", "vpc-1", {*parse_cidr("172.31.0.0/16")}}};
    other.route_tables[0].routes = {{*parse_cidr("172.31.0.0/16"), RouteTarget::peering, "pcx-1"}};
    vpc_.peerings = {{"pcx-1", "vpc-2", {*parse_cidr("10.2.0.0/16")}}};
    vpc_.route_tables[0].routes.push_back(
        {*parse_cidr("10.2.0.0/16"), RouteTarget::peering, "pcx-1"});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(other));
    ASSERT_OK(network_->apply_security_groups({open_group("vpc-2", "sg-other")}));
    nat_.addresses[0].public_ip.reset();
    ASSERT_OK(network_->ensure_interface(nat_));
    const auto server = sample_interface(other, 10, 0, {"sg-other"});
    const auto a = guest(sample_interface(vpc_, 10, 1, {"sg-open"}));
    const auto b = guest(server, other);
    const auto listening = b->listen(22);
    EXPECT_TRUE(a->reaches(server.private_ip(), 22));
    EXPECT_EQ(Guest::peer_of(listening), IpAddress(nat_.private_ip()));
}

TEST_F(NatGatewayTest, OnlyPublicAddressesReachTheWorldDirectly) {
    auto with = sample_interface(vpc_, 10, 0, {"sg-open"});
    with.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto without = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto a = guest(with), b = guest(without);
    const auto outside = listen_outside(443);
    EXPECT_TRUE(a->reaches(outside_ip, 443));
    EXPECT_TRUE(b->is_refused(outside_ip, 443));
    EXPECT_TRUE(a->is_refused(machine_ip, 443)) << "the machine itself is not the world";
}

} // namespace
} // namespace pileus::drivers
