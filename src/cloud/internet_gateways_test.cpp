// SPDX-License-Identifier: Apache-2.0
#include "cloud/internet_gateways.h"
#include "cloud/routing_fixture.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class InternetGatewaysTest : public RoutingFixture {
  protected:
    std::string make() { return gateways_.create(caller_, {})->gateway.id; }
    std::vector<std::string> ids(const Filters& filters) {
        std::vector<std::string> ids;
        const auto listing = gateways_.describe(caller_, {}, filters, {});
        for (const auto& view : listing->items)
            ids.push_back(view.gateway.id);
        return ids;
    }

    InternetGateways gateways_{context_};
    EgressOnlyInternetGateways egress_only_{context_};
};

TEST_F(InternetGatewaysTest, AttachToOneVpcWhichHasOne) {
    const auto first = make();
    const auto second = make();
    ASSERT_TRUE(gateways_.attach(caller_, first, vpc_.id));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    const auto again = gateways_.attach(caller_, first, vpc_.id);
    EXPECT_EQ(code_of(again), "Resource.AlreadyAssociated");
    EXPECT_EQ(message_of(again),
              "resource " + first + " is already attached to network " + vpc_.id);
    const auto another = gateways_.attach(caller_, second, vpc_.id);
    EXPECT_EQ(code_of(another), "InvalidParameterValue");
    EXPECT_EQ(message_of(another),
              "Network " + vpc_.id + " already has an internet gateway attached");
    EXPECT_EQ(code_of(gateways_.attach(caller_, second, "vpc-0123456789abcdef0")),
              "InvalidVpcID.NotFound");
    EXPECT_EQ(code_of(gateways_.attach(foreigner_, second, vpc_.id)),
              "InvalidInternetGatewayID.NotFound");
    EXPECT_EQ(code_of(gateways_.attach(caller_, "igw-1", vpc_.id)),
              "InvalidInternetGatewayId.Malformed");

    EXPECT_EQ(code_of(gateways_.erase(caller_, first)), "DependencyViolation");
    const auto loose = gateways_.detach(caller_, second, vpc_.id);
    EXPECT_EQ(code_of(loose), "Gateway.NotAttached");
    EXPECT_EQ(message_of(loose), "resource " + second + " is not attached to network " + vpc_.id);
    ASSERT_TRUE(gateways_.detach(caller_, first, vpc_.id));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    EXPECT_TRUE(gateways_.erase(caller_, first));
    EXPECT_EQ(code_of(gateways_.erase(caller_, first)), "InvalidInternetGatewayID.NotFound");
}

TEST_F(InternetGatewaysTest, StayWhilePublicAddressesAreMapped) {
    const auto gateway = make();
    ASSERT_TRUE(gateways_.attach(caller_, gateway, vpc_.id));
    auto interface = add_interface(subnet_, "10.0.1.10");
    interface.secondary_addresses = {{"10.0.1.11", "127.64.0.11"}};
    write([&](auto& tx) { store::network_interfaces::update(tx, interface); });
    const auto mapped = gateways_.detach(caller_, gateway, vpc_.id);
    EXPECT_EQ(code_of(mapped), "DependencyViolation");
    EXPECT_EQ(message_of(mapped),
              "Network " + vpc_.id +
                  " has some mapped public address(es). Please unmap those public address(es) "
                  "before detaching the gateway.");
    interface.secondary_addresses.clear();
    write([&](auto& tx) { store::network_interfaces::update(tx, interface); });
    EXPECT_TRUE(gateways_.detach(caller_, gateway, vpc_.id));
}

TEST_F(InternetGatewaysTest, AreCountedFilteredAndTagged) {
    const auto tagged =
        gateways_.create(caller_, {{"internet-gateway", {{"Name", "out"}}}})->gateway.id;
    ASSERT_TRUE(gateways_.attach(caller_, tagged, vpc_.id));
    make();
    EXPECT_THAT(ids({{"tag:Name", {"out"}}}), ElementsAre(tagged));
    EXPECT_THAT(ids({{"attachment.vpc-id", {vpc_.id}}}), ElementsAre(tagged));
    EXPECT_THAT(ids({{"attachment.state", {"available"}}, {"internet-gateway-id", {tagged}}}),
                ElementsAre(tagged));
    EXPECT_THAT(ids({{"owner-id", {"999999999999"}}}), IsEmpty());
    EXPECT_EQ(code_of(gateways_.create(caller_, {{"vpc", {{"a", "b"}}}})), "InvalidParameterValue");
    EXPECT_EQ(code_of(gateways_.create(dry(), {})), "DryRunOperation");
    settings_.limits.internet_gateways = 2;
    EXPECT_EQ(code_of(gateways_.create(caller_, {})), "InternetGatewayLimitExceeded");
}

TEST_F(InternetGatewaysTest, EgressOnlyOnesBelongToTheirVpc) {
    const EgressOnlyInternetGatewayCreation request{
        vpc_.id, {{"egress-only-internet-gateway", {{"a", "b"}}}}, {"once", "hash"}};
    const auto made = egress_only_.create(caller_, request);
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(egress_only_.create(caller_, request)->gateway.id, made->gateway.id);
    EXPECT_EQ(code_of(egress_only_.create(foreigner_, {vpc_.id, {}, {}})), "InvalidVpcID.NotFound");
    EXPECT_EQ(egress_only_.describe(caller_, {}, {{"tag:a", {"b"}}}, {})->items.size(), 1u);
    EXPECT_EQ(code_of(egress_only_.describe(caller_, {}, {{"vpc-id", {"x"}}}, {})),
              "InvalidParameterValue")
        << "EC2 has filters on tags only";
    EXPECT_EQ(code_of(egress_only_.erase(foreigner_, made->gateway.id)),
              "InvalidGatewayID.NotFound");
    take_work();
    ASSERT_TRUE(egress_only_.erase(caller_, made->gateway.id));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    settings_.limits.egress_only_internet_gateways = 0;
    EXPECT_EQ(code_of(egress_only_.create(caller_, {vpc_.id, {}, {}})),
              "EgressOnlyInternetGatewayLimitExceeded");
}

} // namespace
} // namespace pileus::cloud
