// SPDX-License-Identifier: Apache-2.0
// Peered VPCs: between the two of them, and no further.
#include "linux_fixture.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

VpcSpec other_vpc(const std::string& id, const char* cidr, const char* subnet) {
    auto vpc = sample_vpc(id);
    vpc.cidrs = {*Ipv4Cidr::parse(cidr)};
    vpc.subnets.resize(1);
    vpc.subnets[0].cidr = *Ipv4Cidr::parse(subnet);
    return vpc;
}

void peer(VpcSpec& one, VpcSpec& two, const std::string& id) {
    const auto tell = [&](VpcSpec& vpc, const VpcSpec& other) {
        vpc.peerings.push_back({id, other.id, {IpCidr(other.cidrs[0])}});
        vpc.route_tables[0].routes.push_back({IpCidr(other.cidrs[0]), RouteTarget::peering, id});
    };
    tell(one, two);
    tell(two, one);
}

class PeeringTest : public LinuxNetworkTest {
  protected:
    void SetUp() override {
        LinuxNetworkTest::SetUp();
        for (const auto& vpc : {two_, three_}) {
            ASSERT_OK(network_->ensure_vpc(vpc));
            ASSERT_OK(network_->apply_security_groups(
                {open_group(vpc.id, "sg-open" + vpc.id.substr(4))}));
        }
    }
    VpcSpec two_ = other_vpc("vpc-2", "10.2.0.0/16", "10.2.1.0/24");
    VpcSpec three_ = other_vpc("vpc-3", "10.3.0.0/16", "10.3.1.0/24");
};

TEST_F(PeeringTest, PacketsPassOnceBothAgreeAndNotBefore) {
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto two = sample_interface(two_, 11, 0, {"sg-open2"});
    const auto three = sample_interface(three_, 12, 0, {"sg-open3"});
    const auto a = guest(one), b = guest(two, two_), c = guest(three, three_);
    const auto x = a->listen(22), y = b->listen(22), z = c->listen(22);
    EXPECT_TRUE(a->is_refused(two.private_ip(), 22));

    peer(vpc_, two_, "pcx-12");
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(a->is_refused(two.private_ip(), 22)) << "only one side knows";
    ASSERT_OK(network_->ensure_vpc(two_));
    EXPECT_TRUE(a->reaches(two.private_ip(), 22));
    EXPECT_TRUE(b->reaches(one.private_ip(), 22));
    EXPECT_EQ(Guest::peer_of(y), IpAddress(one.private_ip())) << "nothing is translated";

    // vpc-2 is no way to vpc-3.
    peer(two_, three_, "pcx-23");
    ASSERT_OK(network_->ensure_vpc(three_));
    ASSERT_OK(network_->ensure_vpc(two_));
    EXPECT_TRUE(b->reaches(three.private_ip(), 22));
    vpc_.route_tables[0].routes.push_back(
        {*parse_cidr("10.3.0.0/16"), RouteTarget::peering, "pcx-12"});
    three_.route_tables[0].routes.push_back(
        {*parse_cidr("172.31.0.0/16"), RouteTarget::peering, "pcx-23"});
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(three_));
    EXPECT_TRUE(a->is_refused(three.private_ip(), 22)) << "not through the second VPC";
    EXPECT_TRUE(c->is_refused(one.private_ip(), 22));

    start();
    EXPECT_TRUE(a->reaches(two.private_ip(), 22)) << "after a restart of the driver";
    EXPECT_TRUE(b->reaches(three.private_ip(), 22));

    vpc_.peerings.clear(); // the routes stay, and are black holes
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(a->is_refused(two.private_ip(), 22));
    EXPECT_TRUE(b->is_refused(one.private_ip(), 22));
    EXPECT_TRUE(b->reaches(three.private_ip(), 22)) << "the other peering is not touched";
}

TEST_F(PeeringTest, AGroupOfThePeerIsItsMembers) {
    peer(vpc_, two_, "pcx-12");
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(two_));
    ASSERT_OK(network_->apply_security_groups(
        {{"sg-app", "vpc-1", {{false, 6, 80, 80, std::nullopt, "sg-client"}}}}));
    ASSERT_OK(network_->apply_security_groups({port_group("vpc-2", "sg-client", 1, "1.1.1.1/32")}));
    const auto server = sample_interface(vpc_, 10, 0, {"sg-app"});
    auto client = sample_interface(two_, 11, 0, {"sg-open2"});
    const auto a = guest(server), b = guest(client, two_);
    const auto web = a->listen(80);
    EXPECT_TRUE(b->is_refused(server.private_ip(), 80)) << "it is no member";
    client.security_group_ids = {"sg-client"};
    ASSERT_OK(network_->ensure_interface(client));
    EXPECT_TRUE(b->reaches(server.private_ip(), 80));
    start();
    EXPECT_TRUE(b->reaches(server.private_ip(), 80)) << "after a restart of the driver";
    client.security_group_ids = {"sg-open2"};
    ASSERT_OK(network_->ensure_interface(client));
    EXPECT_TRUE(b->is_refused(server.private_ip(), 80));
}

TEST_F(PeeringTest, AVpcThatGoesLeavesBlackHoles) {
    peer(vpc_, two_, "pcx-12");
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->ensure_vpc(two_));
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto a = guest(one);
    ASSERT_OK(network_->remove_vpc("vpc-2"));
    EXPECT_TRUE(a->is_refused(*Ipv4::parse("10.2.1.10"), 22));
    ASSERT_OK(network_->ensure_vpc(two_));
    ASSERT_OK(network_->apply_security_groups({open_group("vpc-2", "sg-open2")}));
    const auto two = sample_interface(two_, 10, 0, {"sg-open2"});
    const auto b = guest(two, two_);
    const auto listening = b->listen(22);
    EXPECT_TRUE(a->reaches(two.private_ip(), 22)) << "it came back";
}

} // namespace
} // namespace pileus::drivers
