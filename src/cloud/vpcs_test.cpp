// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/tags.h"
#include "cloud/vpcs.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;

class VpcsTest : public CloudFixture {
  protected:
    std::vector<SubnetView> subnets(const Filters& filters = {}) {
        auto listing = vpcs_.describe_subnets(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::sort(listing->items.begin(), listing->items.end(), [](const auto& a, const auto& b) {
            return a.subnet.zone < b.subnet.zone;
        });
        return listing->items;
    }
    std::vector<std::string> zones(const Filters& filters) {
        std::vector<std::string> zones;
        for (const auto& view : subnets(filters))
            zones.push_back(view.subnet.zone);
        return zones;
    }
    Vpcs vpcs_{context_};
};

TEST_F(VpcsTest, EachAccountHasADefaultVpcInEachRegion) {
    ASSERT_TRUE(vpcs_.ensure_default(caller_));
    ASSERT_TRUE(Vpcs(context_).ensure_default(caller_)) << "as after a restart";
    const auto vpcs = vpcs_.describe(caller_, {}, {}, {});
    ASSERT_TRUE(vpcs);
    ASSERT_EQ(vpcs->items.size(), 1u);
    EXPECT_EQ(vpcs->items[0].vpc.cidr_block, "172.31.0.0/16");
    EXPECT_TRUE(vpcs->items[0].vpc.is_default);

    auto elsewhere = caller_;
    elsewhere.region = "eu-west-1";
    ASSERT_TRUE(vpcs_.ensure_default(elsewhere));
    EXPECT_NE(vpcs_.describe(elsewhere, {}, {}, {})->items.at(0).vpc.id, vpcs->items[0].vpc.id);
    elsewhere.region = "mars-north-1";
    EXPECT_EQ(code_of(vpcs_.ensure_default(elsewhere)), "AuthFailure");
}

TEST_F(VpcsTest, AZoneHasOneDefaultSubnet) {
    const auto all = subnets();
    std::vector<std::string> blocks;
    for (const auto& view : all) {
        blocks.push_back(view.subnet.zone + " " + view.subnet.cidr_block);
        EXPECT_TRUE(view.subnet.is_default);
        EXPECT_TRUE(view.subnet.map_public_ip_on_launch);
        EXPECT_EQ(view.available_addresses, 4091);
    }
    EXPECT_THAT(blocks,
                ElementsAre("us-east-1a 172.31.0.0/20",
                            "us-east-1b 172.31.16.0/20",
                            "us-east-1c 172.31.32.0/20"));
}

TEST_F(VpcsTest, DefaultGroupLetsMembersInAndEverythingOut) {
    const auto vpc = vpcs_.describe(caller_, {}, {}, {})->items.at(0).vpc;
    const auto group =
        read([&](auto& tx) { return store::security_groups::find_by_name(tx, vpc.id, "default"); });
    ASSERT_TRUE(group);
    const auto rules =
        read([&](auto& tx) { return store::security_groups::list_rules(tx, group->id); });
    ASSERT_EQ(rules.size(), 2u);
    for (const auto& rule : rules) {
        EXPECT_EQ(rule.protocol, "-1");
        EXPECT_EQ(rule.referenced_group_id, rule.egress ? "" : group->id);
        EXPECT_EQ(rule.cidr_ipv4, rule.egress ? "0.0.0.0/0" : "");
    }
}

TEST_F(VpcsTest, InterfacesTakeAddressesOfTheirSubnet) {
    const auto subnet = subnets()[0].subnet;
    write([&](auto& tx) {
        domain::NetworkInterface interface;
        interface.id = "eni-00000000000000001";
        interface.account_id = caller_.account_id;
        interface.region = caller_.region;
        interface.subnet_id = subnet.id;
        interface.vpc_id = subnet.vpc_id;
        interface.private_ip = "172.31.0.4";
        store::network_interfaces::insert(tx, interface);
    });
    EXPECT_EQ(subnets()[0].available_addresses, 4090);
    EXPECT_THAT(zones({{"available-ip-address-count", {"4090"}}}), ElementsAre("us-east-1a"));
}

TEST_F(VpcsTest, SubnetFilters) {
    const auto b = subnets()[1].subnet;
    Tags tags(context_);
    ASSERT_TRUE(tags.create(caller_, {b.id}, {{"tier", "web"}}));
    const Filter one_b[]{
        {"subnet-id", {b.id}},
        {"availability-zone", {"*b"}},
        {"availabilityZone", {"us-east-1b"}},
        {"availability-zone-id", {"use1-az2"}},
        {"cidr-block", {"172.31.16.0/20"}},
        {"cidrBlock", {"172.31.16.?/20"}},
        {"cidr", {"172.31.16.0/20", "10.0.0.0/8"}},
        {"subnet-arn", {"arn:aws:ec2:us-east-1:111111111111:subnet/" + b.id}},
        {"tag:tier", {"web"}},
        {"tag-key", {"tier"}},
    };
    for (const auto& filter : one_b)
        EXPECT_THAT(zones({filter}), ElementsAre("us-east-1b")) << filter.name;
    const Filter all[]{{"state", {"available"}},
                       {"default-for-az", {"true"}},
                       {"map-public-ip-on-launch", {"true"}},
                       {"owner-id", {"111111111111"}},
                       {"vpc-id", {b.vpc_id}},
                       {"ipv6-native", {"false"}}};
    for (const auto& filter : all)
        EXPECT_EQ(zones({filter}).size(), 3u) << filter.name;
    EXPECT_TRUE(zones({{"availability-zone", {"US-EAST-1B"}}}).empty()) << "case counts";
    EXPECT_TRUE(
        zones({{"availability-zone", {"*b"}}, {"availability-zone-id", {"use1-az1"}}}).empty());
    const auto unknown = vpcs_.describe_subnets(caller_, {}, {{"nonsense", {"x"}}}, {});
    EXPECT_EQ(message_of(unknown), "The filter 'nonsense' is invalid");
}

TEST_F(VpcsTest, UnknownAndForeignIdsAreErrors) {
    const auto foreign = vpcs_.describe(foreigner_, {}, {}, {})->items.at(0).vpc.id;
    EXPECT_EQ(code_of(vpcs_.describe(caller_, {foreign}, {}, {})), "InvalidVpcID.NotFound");
    EXPECT_EQ(message_of(vpcs_.describe(caller_, {foreign}, {}, {})),
              "The vpc ID '" + foreign + "' does not exist");
    EXPECT_EQ(code_of(vpcs_.describe(caller_, {"vpc-xyz"}, {}, {})), "InvalidVpcID.Malformed");
    EXPECT_EQ(code_of(vpcs_.describe_subnets(caller_, {"subnet-01234567"}, {}, {})),
              "InvalidSubnetID.NotFound");
    const auto own = vpcs_.describe(caller_, {}, {}, {})->items.at(0).vpc.id;
    EXPECT_EQ(vpcs_.describe(caller_, {own, own}, {}, {})->items.size(), 1u);
    EXPECT_TRUE(vpcs_.describe(caller_, {own}, {{"is-default", {"false"}}}, {})->items.empty())
        << "filters choose among what was named";
}

TEST_F(VpcsTest, PageTokensAreGoodForOneCallerAndOneOperation) {
    settings_.regions.push_back({"many-1", {}});
    for (char zone = 'a'; zone < 'i'; ++zone)
        settings_.regions.back().zones.push_back(
            {std::string("many-1") + zone, std::string("m-") + zone});
    auto caller = caller_;
    caller.region = "many-1";
    ASSERT_TRUE(vpcs_.ensure_default(caller));
    const auto first = vpcs_.describe_subnets(caller, {}, {}, {5, ""});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->items.size(), 5u);
    const auto second = vpcs_.describe_subnets(caller, {}, {}, {5, first->next_token});
    ASSERT_TRUE(second);
    EXPECT_EQ(second->items.size(), 3u);
    EXPECT_EQ(second->next_token, "");
    EXPECT_LT(first->items.back().subnet.id, second->items.front().subnet.id);

    auto other = caller;
    other.account_id = foreigner_.account_id;
    const PageRequest stolen{5, first->next_token};
    EXPECT_EQ(code_of(vpcs_.describe_subnets(other, {}, {}, stolen)), "InvalidNextToken");
    EXPECT_EQ(code_of(vpcs_.describe(caller, {}, {}, stolen)), "InvalidNextToken");
    EXPECT_EQ(code_of(vpcs_.describe_subnets(caller, {}, {}, {5, "bm9uc2Vuc2U="})),
              "InvalidNextToken");
    EXPECT_EQ(code_of(vpcs_.describe_subnets(caller, {}, {}, {4, ""})), "InvalidParameterValue");
    EXPECT_EQ(code_of(vpcs_.describe_subnets(caller, {}, {}, {1001, ""})), "InvalidParameterValue");
    EXPECT_EQ(vpcs_.describe_subnets(caller, {}, {}, {0, ""})->items.size(), 8u) << "0 is absent";
}

} // namespace
} // namespace pileus::cloud
