// SPDX-License-Identifier: Apache-2.0
#include "model/ec2/create_launch_template.h"
#include "model/ec2/describe_spot_price_history.h"
#include "model/ec2/import_key_pair.h"
#include "model/ec2/run_instances.h"
#include "model/ec2/structures/response_launch_template_data.h"
#include "model/sts/get_caller_identity.h"

#include <chrono>
#include <cstring>
#include <gmock/gmock.h>

namespace pileus::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class T> std::vector<T> items(const List<T>& list) {
    return {list.begin(), list.end()};
}

TEST(View, HoldsEveryKindOfScalar) {
    Arena arena;
    auto in = RunInstancesRequest::make(arena);
    in.set_image_id("ami-1").set_max_count(3).set_ebs_optimized(false);
    EXPECT_EQ(in.image_id(), "ami-1");
    EXPECT_EQ(in.max_count(), 3);
    EXPECT_EQ(in.ebs_optimized(), false);
    EXPECT_EQ(in.min_count(), std::nullopt);
    EXPECT_EQ(in.kernel_id(), std::nullopt);

    Time time{std::chrono::microseconds{1'324'369'771'123'000}};
    auto prices = DescribeSpotPriceHistoryRequest::make(arena);
    prices.set_start_time(time);
    EXPECT_EQ(prices.start_time(), time);

    auto key = ImportKeyPairRequest::make(arena);
    key.set_public_key_material(std::string_view("\0\xff", 2));
    EXPECT_EQ(key.public_key_material(), std::string_view("\0\xff", 2));
}

TEST(View, KeepsItsOwnCopyOfText) {
    Arena arena;
    auto in = RunInstancesRequest::make(arena);
    std::string text = "ami-before";
    in.set_image_id(text);
    text = "ami-after!";
    EXPECT_EQ(in.image_id(), "ami-before");
}

TEST(View, TakesOptionalsAndLeavesNulloptAbsent) {
    Arena arena;
    auto in = RunInstancesRequest::make(arena);
    in.set_image_id(std::optional<std::string>("ami-1"));
    in.set_kernel_id(std::optional<std::string_view>());
    in.set_key_name(std::nullopt);
    in.set_max_count(std::optional<int32_t>());
    in.set_ebs_optimized(std::optional<bool>(true));
    in.set_dry_run(std::nullopt);
    EXPECT_EQ(in.image_id(), "ami-1");
    EXPECT_EQ(in.kernel_id(), std::nullopt);
    EXPECT_EQ(in.key_name(), std::nullopt);
    EXPECT_EQ(in.max_count(), std::nullopt);
    EXPECT_EQ(in.ebs_optimized(), true);
    EXPECT_EQ(in.dry_run(), std::nullopt);
}

TEST(View, ChainsThroughAnAbsentStructure) {
    Arena arena;
    const auto in = RunInstancesRequest::make(arena);
    EXPECT_FALSE(in.placement());
    EXPECT_EQ(in.placement().availability_zone(), std::nullopt);
    EXPECT_THAT(items(in.security_group_ids()), IsEmpty());
    EXPECT_FALSE(in.security_group_ids().present());
}

TEST(View, MakesANestedStructureOnce) {
    Arena arena;
    auto in = RunInstancesRequest::make(arena);
    in.set_placement().set_availability_zone("us-east-1a");
    in.set_placement().set_tenancy("default");
    ASSERT_TRUE(in.placement());
    EXPECT_EQ(in.placement().availability_zone(), "us-east-1a");
    EXPECT_EQ(in.placement().tenancy(), "default");
}

TEST(View, AddsToListsInOrder) {
    Arena arena;
    auto out = Reservation::make(arena);
    for (int i = 0; i < 100; ++i)
        out.add_instances().set_instance_id("i-" + std::to_string(i)).set_ami_launch_index(i);
    ASSERT_EQ(out.instances().size(), 100u);
    int expected = 0;
    for (Instance instance : out.instances())
        EXPECT_EQ(instance.ami_launch_index(), expected++);
    EXPECT_EQ(out.instances()[99].instance_id(), "i-99");

    auto in = RunInstancesRequest::make(arena);
    in.add_security_group_ids("sg-1").add_security_group_ids("sg-2");
    EXPECT_THAT(items(in.security_group_ids()), ElementsAre("sg-1", "sg-2"));
}

TEST(View, TellsATouchedListFromAnAbsentOne) {
    Arena arena;
    auto out = Reservation::make(arena);
    out.touch_groups();
    EXPECT_TRUE(out.groups().present());
    EXPECT_TRUE(out.groups().empty());
    EXPECT_FALSE(out.instances().present());
}

TEST(ViewDeathTest, RefusesToChangeAFrozenTree) {
    Arena arena;
    auto in = RunInstancesRequest::make(arena);
    Placement placement = in.set_placement();
    in.record()->freeze();
    EXPECT_DEATH(in.set_image_id("ami-1"), "written to after decoding");
    EXPECT_DEATH(placement.set_tenancy("host"), "written to after decoding");
    EXPECT_DEATH(in.add_security_group_ids("sg-1"), "written to after decoding");
}

TEST(ViewDeathTest, RefusesToWriteToAnAbsentStructure) {
    Placement nothing;
    EXPECT_DEATH(nothing.set_tenancy("host"), "absent structure");
}

TEST(View, CopiesWhatTwoStructuresShare) {
    Arena arena;
    auto request = RequestLaunchTemplateData::make(arena);
    request.set_image_id("ami-1").set_ebs_optimized(true).touch_security_groups();
    request.set_placement().set_tenancy("default");
    request.add_block_device_mappings().set_device_name("/dev/xvda").set_ebs().set_volume_size(8);
    request.add_security_group_ids("sg-1");

    auto response = ResponseLaunchTemplateData::make(arena);
    response.set_kernel_id("stays").add_security_group_ids("goes");
    copy_matching(request, response);
    EXPECT_EQ(response.image_id(), "ami-1");
    EXPECT_EQ(response.ebs_optimized(), true);
    EXPECT_EQ(response.kernel_id(), "stays");
    EXPECT_EQ(response.placement().tenancy(), "default");
    ASSERT_EQ(response.block_device_mappings().size(), 1u);
    EXPECT_EQ(response.block_device_mappings()[0].ebs().volume_size(), 8);
    EXPECT_THAT(items(response.security_group_ids()), ElementsAre("sg-1"));
    EXPECT_TRUE(response.security_groups().present());
}

TEST(Record, ComparesDeeplyAndCanIgnoreAMember) {
    Arena arena;
    auto a = RunInstancesRequest::make(arena);
    auto b = RunInstancesRequest::make(arena);
    for (auto* one : {&a, &b}) {
        one->set_image_id("ami-1").set_client_token("same").add_security_group_ids("sg-1");
        one->set_placement().set_tenancy("default");
    }
    EXPECT_TRUE(equal(*a.record(), *b.record()));
    b.set_client_token("other");
    EXPECT_FALSE(equal(*a.record(), *b.record()));
    EXPECT_TRUE(equal(*a.record(), *b.record(), {"ClientToken"}));
    b.set_placement().set_tenancy("host");
    EXPECT_FALSE(equal(*a.record(), *b.record(), {"ClientToken"}));
}

TEST(Operations, AreTypesWithTheirStructures) {
    static_assert(std::is_same_v<operations::RunInstances::Request, RunInstancesRequest>);
    static_assert(std::is_same_v<operations::RunInstances::Response, Reservation>);
    static_assert(std::is_same_v<sts::operations::GetCallerIdentity::Response,
                                 sts::GetCallerIdentityResponse>);
    EXPECT_EQ(operations::RunInstances::schema().name(), "RunInstances");
    EXPECT_EQ(sts::operations::GetCallerIdentity::schema().name(), "GetCallerIdentity");
}

TEST(Arena, KeepsWhatItHandsOutApartAndAligned) {
    Arena arena;
    std::vector<std::string_view> copies;
    for (int i = 0; i < 2000; ++i) {
        copies.push_back(arena.copy(std::string(static_cast<size_t>(i), 'x')));
        auto address = reinterpret_cast<uintptr_t>(arena.allocate(16, 8));
        EXPECT_EQ(address % 8, 0u);
        std::memset(reinterpret_cast<void*>(address), 0xAA, 16);
    }
    for (size_t i = 0; i < copies.size(); ++i)
        EXPECT_EQ(copies[i], std::string(i, 'x'));
}

} // namespace
} // namespace pileus::model
