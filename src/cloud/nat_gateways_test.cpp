// SPDX-License-Identifier: Apache-2.0
#include "cloud/nat_gateways.h"
#include "cloud/routing_fixture.h"
#include "store/nat_gateways.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = domain::NatGatewayState;

class NatGatewaysTest : public RoutingFixture {
  protected:
    Result<NatGatewayView> make_public(const std::string& allocation_id,
                                       const std::string& private_ip = "") {
        return gateways_.create(caller_, {subnet_.id, true, allocation_id, private_ip, {}, {}});
    }
    std::vector<domain::NetworkInterface> interfaces() {
        return read(
            [&](auto& tx) { return store::network_interfaces::list_of_subnet(tx, subnet_.id); });
    }
    domain::Address address(const std::string& id) {
        return *read([&](auto& tx) { return store::addresses::find(tx, id); });
    }

    NatGateways gateways_{context_};
};

TEST_F(NatGatewaysTest, APublicOneHasAnInterfaceAndAnElasticIp) {
    const auto allocation = add_address(caller_, "127.64.0.20");
    const auto made = make_public(allocation, "10.0.1.50");
    ASSERT_TRUE(made) << message_of(made);
    const auto& gateway = made->gateway;
    EXPECT_EQ(gateway.state, State::pending);
    EXPECT_EQ(gateway.private_ip, "10.0.1.50");
    EXPECT_EQ(gateway.public_ip, "127.64.0.20");
    EXPECT_EQ(made->zone, "us-east-1a");
    EXPECT_THAT(take_work(), ElementsAre("nat-gateway " + gateway.id));
    ASSERT_EQ(interfaces().size(), 1u);
    const auto interface = interfaces().front();
    EXPECT_EQ(interface.id, gateway.network_interface_id);
    EXPECT_EQ(interface.kind, domain::NetworkInterfaceKind::nat_gateway);
    EXPECT_EQ(interface.description, "Interface for NAT Gateway " + gateway.id);
    EXPECT_EQ(interface.public_ip, "127.64.0.20");
    EXPECT_FALSE(interface.source_dest_check);
    EXPECT_EQ(address(allocation).association_id, gateway.association_id);
    EXPECT_EQ(address(allocation).network_interface_id, interface.id);
    EXPECT_TRUE(address(allocation).is_service_managed);
}

TEST_F(NatGatewaysTest, APrivateOneHasNone) {
    const auto made = gateways_.create(caller_, {subnet_.id, false, "", "", {}, {"once", "hash"}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->gateway.public_ip, "");
    EXPECT_EQ(interfaces().front().private_ip, made->gateway.private_ip);
    EXPECT_EQ(
        gateways_.create(caller_, {subnet_.id, false, "", "", {}, {"once", "hash"}})->gateway.id,
        made->gateway.id);
    EXPECT_EQ(interfaces().size(), 1u);
}

TEST_F(NatGatewaysTest, WhatIsWrongWithTheRequestIsSaidAtOnce) {
    const auto allocation = add_address(caller_, "127.64.0.20");
    const auto foreign = add_address(foreigner_, "127.64.0.21");
    const auto missing = make_public("eipalloc-0123456789abcdef0");
    EXPECT_EQ(code_of(missing), "InvalidElasticIpID.NotFound");
    EXPECT_EQ(message_of(missing), "The elasticIp ID 'eipalloc-0123456789abcdef0' does not exist");
    EXPECT_EQ(code_of(make_public(foreign)), "InvalidElasticIpID.NotFound");
    EXPECT_EQ(code_of(make_public("eip-1")), "InvalidElasticIpID.Malformed");
    EXPECT_EQ(code_of(make_public("")), "MissingParameter");
    EXPECT_EQ(code_of(gateways_.create(caller_, {subnet_.id, false, allocation, "", {}, {}})),
              "InvalidParameterCombination");
    EXPECT_EQ(code_of(gateways_.create(foreigner_, {subnet_.id, true, foreign, "", {}, {}})),
              "InvalidSubnetID.NotFound");
    EXPECT_EQ(code_of(make_public(allocation, "10.0.9.1")), "InvalidParameterValue");
    add_interface(subnet_, "10.0.1.10");
    EXPECT_EQ(code_of(make_public(allocation, "10.0.1.10")), "InvalidIPAddress.InUse");
    EXPECT_EQ(code_of(gateways_.create(dry(), {subnet_.id, true, allocation, "", {}, {}})),
              "DryRunOperation");
    EXPECT_THAT(gateways_.describe(caller_, {}, {}, {})->items, IsEmpty());
    settings_.limits.nat_gateways_per_zone = 0;
    EXPECT_EQ(code_of(make_public(allocation)), "NatGatewayLimitExceeded");
}

TEST_F(NatGatewaysTest, WhatIsWrongWithTheAddressIsSaidByAGatewayThatHasFailed) {
    const auto allocation = add_address(caller_, "127.64.0.20");
    ASSERT_TRUE(make_public(allocation));
    const auto second = make_public(allocation);
    ASSERT_TRUE(second) << message_of(second);
    EXPECT_EQ(second->gateway.state, State::failed);
    EXPECT_EQ(second->gateway.failure_code, "Resource.AlreadyAssociated");
    EXPECT_EQ(second->gateway.failure_message,
              "Elastic IP address [" + allocation + "] is already associated");
    EXPECT_TRUE(second->gateway.deleted_at.has_value());
    EXPECT_EQ(interfaces().size(), 1u) << "it has none";
}

TEST_F(NatGatewaysTest, AFullSubnetFailsTheGateway) {
    const auto small = add_subnet(vpc_, "10.0.2.0/28");
    for (int i = 4; i < 15; ++i)
        add_interface(small, "10.0.2." + std::to_string(i));
    const auto made = gateways_.create(caller_, {small.id, false, "", "", {}, {}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->gateway.failure_code, "InsufficientFreeAddressesInSubnet");
}

TEST_F(NatGatewaysTest, DeletionIsWorkOnce) {
    const auto id = make_public(add_address(caller_, "127.64.0.20"))->gateway.id;
    take_work();
    EXPECT_EQ(code_of(gateways_.erase(foreigner_, id)), "NatGatewayNotFound");
    EXPECT_EQ(message_of(gateways_.erase(caller_, "nat-0123456789abcdef0")),
              "NatGateway nat-0123456789abcdef0 was not found");
    EXPECT_EQ(code_of(gateways_.erase(caller_, "nat-1")), "NatGatewayMalformed");
    EXPECT_EQ(code_of(gateways_.erase(dry(), id)), "DryRunOperation");
    ASSERT_TRUE(gateways_.erase(caller_, id));
    EXPECT_THAT(take_work(), ElementsAre("nat-gateway " + id));
    EXPECT_EQ(gateways_.describe(caller_, {id}, {}, {})->items.at(0).gateway.state,
              State::deleting);
    ASSERT_TRUE(gateways_.erase(caller_, id)) << "again is as good as once";
    EXPECT_THAT(take_work(), IsEmpty());
}

TEST_F(NatGatewaysTest, DescribesByEveryFilter) {
    const auto made = gateways_.create(
        caller_, {subnet_.id, false, "", "", {{"natgateway", {{"Name", "out"}}}}, {}});
    ASSERT_TRUE(made) << message_of(made);
    for (const auto& filter : {Filter{"nat-gateway-id", {made->gateway.id}},
                               Filter{"state", {"pending"}},
                               Filter{"subnet-id", {subnet_.id}},
                               Filter{"vpc-id", {vpc_.id}},
                               Filter{"tag:Name", {"out"}}}) {
        EXPECT_EQ(gateways_.describe(caller_, {}, {filter}, {})->items.size(), 1u) << filter.name;
        EXPECT_THAT(gateways_.describe(foreigner_, {}, {filter}, {})->items, IsEmpty());
    }
    EXPECT_THAT(gateways_.describe(caller_, {}, {{"state", {"available"}}}, {})->items, IsEmpty());
}

} // namespace
} // namespace pileus::cloud
