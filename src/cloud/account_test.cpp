// SPDX-License-Identifier: Apache-2.0
#include "cloud/account.h"
#include "cloud/cloud_fixture.h"
#include "cloud/instance_types.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class AccountTest : public CloudFixture {
  protected:
    Account account_{context_};
    InstanceTypes types_{context_};

    std::vector<std::string> type_names(const Filters& filters) {
        const auto listing = types_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> names;
        for (const auto& type : listing->items)
            names.push_back(type.name);
        return names;
    }
};

TEST_F(AccountTest, RegionsByNameAndFilter) {
    const auto regions = account_.describe_regions(caller_, {}, {});
    ASSERT_TRUE(regions);
    ASSERT_THAT(*regions, SizeIs(2));
    EXPECT_EQ(regions->at(1).endpoint, "ec2.us-east-1.amazonaws.com");
    EXPECT_THAT(*account_.describe_regions(caller_, {"eu-west-1"}, {}), SizeIs(1));
    EXPECT_THAT(*account_.describe_regions(caller_, {}, {{"region-name", {"eu-*"}}}), SizeIs(1));
    EXPECT_EQ(code_of(account_.describe_regions(caller_, {"mars"}, {})), "InvalidParameterValue");
}

TEST_F(AccountTest, ZonesOfTheCallersRegion) {
    EXPECT_THAT(*account_.describe_zones(caller_, {}), SizeIs(3));
    const auto b = account_.describe_zones(caller_, {.filters = {{"zone-id", {"use1-az2"}}}});
    ASSERT_TRUE(b);
    ASSERT_THAT(*b, SizeIs(1));
    EXPECT_EQ(b->at(0).name, "us-east-1b");
    EXPECT_THAT(*account_.describe_zones(caller_, {.ids = {"use1-az3"}}), SizeIs(1));
    const auto unknown = account_.describe_zones(caller_, {.names = {"eu-west-1a"}});
    EXPECT_EQ(code_of(unknown), "InvalidParameterValue");
    EXPECT_EQ(message_of(unknown), "Invalid availability zone: [eu-west-1a]");
    EXPECT_EQ(code_of(account_.describe_zones(dry(), {})), "DryRunOperation");
}

TEST_F(AccountTest, AttributesNameTheDefaultVpc) {
    const auto attributes = account_.describe_attributes(caller_, {"default-vpc"});
    ASSERT_TRUE(attributes);
    ASSERT_THAT(*attributes, SizeIs(1));
    EXPECT_THAT(attributes->at(0).values.at(0), testing::StartsWith("vpc-"));
    EXPECT_THAT(*account_.describe_attributes(caller_, {}), SizeIs(6));
}

TEST_F(AccountTest, InstanceTypesByNameFilterAndPage) {
    EXPECT_THAT(type_names({{"instance-type", {"t3.*"}}}), ElementsAre("t3.micro", "t3.nano"));
    EXPECT_THAT(type_names({{"burstable-performance-supported", {"false"}}}), SizeIs(3));
    EXPECT_THAT(type_names({{"memory-info.size-in-mib", {"8192"}}}), ElementsAre("m5.large"));
    EXPECT_THAT(type_names({{"vcpu-info.default-vcpus", {"4", "8"}}}),
                ElementsAre("m5.2xlarge", "m5.xlarge"));
    EXPECT_THAT(type_names({{"processor-info.supported-architecture", {"arm64"}}}), SizeIs(0));
    const auto unknown = types_.describe(caller_, {"t3.nano", "t9.nano"}, {}, {});
    EXPECT_EQ(code_of(unknown), "InvalidInstanceType");
    EXPECT_EQ(message_of(unknown), "The following supplied instance types do not exist: [t9.nano]");
    EXPECT_EQ(code_of(types_.describe(caller_, {}, {}, {101, ""})), "InvalidParameterValue");
}

TEST_F(AccountTest, OfferingsByRegionAndZone) {
    EXPECT_THAT(types_.describe_offerings(caller_, "", {}, {})->items, SizeIs(5));
    const Filters nano_in_b{{"instance-type", {"t3.nano"}}, {"location", {"us-east-1b"}}};
    EXPECT_THAT(types_.describe_offerings(caller_, "availability-zone", nano_in_b, {})->items,
                SizeIs(1));
    EXPECT_THAT(types_.describe_offerings(caller_, "availability-zone-id", {}, {})->items,
                SizeIs(15));
    const auto page = types_.describe_offerings(caller_, "availability-zone", {}, {8, ""});
    ASSERT_THAT(page->items, SizeIs(8));
    EXPECT_THAT(
        types_.describe_offerings(caller_, "availability-zone", {}, {8, page->next_token})->items,
        SizeIs(7));
    EXPECT_EQ(code_of(types_.describe_offerings(caller_, "planet", {}, {})),
              "InvalidParameterValue");
}

} // namespace
} // namespace pileus::cloud
