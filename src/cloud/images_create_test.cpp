// SPDX-License-Identifier: Apache-2.0
#include "cloud/disk_fixture.h"
#include "cloud/tags.h"
#include "store/tags.h"

#include <fmt/core.h>

namespace pileus::cloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ImagesCreateTest : public DiskFixture {
  protected:
    std::string code_of_create(ImageCreation request) {
        if (request.instance_id.empty())
            request.instance_id = instance_id;
        if (request.name.empty())
            request.name = "mine";
        return code_of(images_.create(caller_, request));
    }
    // A user's image that is available.
    std::string add_image(const std::string& name = "mine") {
        const auto id = images_.register_image(
            caller_,
            {.name = name,
             .root_device_name = "/dev/xvda",
             .devices = {{.device = "/dev/xvda",
                          .has_ebs = true,
                          .snapshot_id = add_snapshot(caller_, new_snapshot_id())}}});
        EXPECT_TRUE(id) << message_of(id);
        return *id;
    }
    domain::Instance instance() {
        return read([](auto& tx) { return store::instances::find(tx, instance_id); }).value();
    }
    std::string new_snapshot_id() { return fmt::format("snap-{:08x}", ++snapshots_made_); }

    int snapshots_made_ = 0x100;
};

TEST_F(ImagesCreateTest, OfARunningInstanceThatIsRebooted) {
    add_instance();
    const auto id = images_.create(
        caller_,
        {.instance_id = instance_id,
         .name = "mine",
         .description = "as of today",
         .tag_specifications = {{"image", {{"for", "image"}}}, {"snapshot", {{"for", "disks"}}}}});
    ASSERT_TRUE(id) << message_of(id);
    const auto made = image(*id);
    EXPECT_EQ(made.state, "pending");
    EXPECT_EQ(instance().reboots_requested, 1);
    EXPECT_EQ(made.source_instance_id, instance_id);
    EXPECT_EQ(made.boot_mode, "uefi") << "of the image that the instance came from";
    EXPECT_EQ(made.default_user, "admin");
    EXPECT_EQ(made.guest_agent, "1");
    EXPECT_EQ(made.recipe, "");
    EXPECT_FALSE(made.is_public);
    EXPECT_EQ(made.root_device_name, "/dev/xvda");
    ASSERT_THAT(made.devices, SizeIs(2));
    EXPECT_EQ(made.devices[0].device, "/dev/xvda");
    EXPECT_EQ(made.snapshot_id, made.devices[0].snapshot_id);
    EXPECT_EQ(made.devices[1].device, "/dev/sdf");
    EXPECT_EQ(made.devices[1].type, "gp2");
    EXPECT_FALSE(made.devices[1].delete_on_termination);
    const auto disk = snapshot(made.devices[1].snapshot_id);
    EXPECT_EQ(disk.volume_id, data_id);
    EXPECT_EQ(disk.set_id, *id);
    EXPECT_THAT(disk.description, HasSubstr("Created by CreateImage(i-00000001) for ami-"));
    EXPECT_THAT(work(), Contains("image " + *id));
    EXPECT_THAT(work(), Contains("snapshot " + disk.id));
    EXPECT_THAT(work(), Contains("instance i-00000001"));
    const auto tags = [&](const std::string& resource_id) {
        return read([&](auto& tx) { return store::tags::list_of(tx, resource_id); });
    };
    EXPECT_THAT(tags(*id), ElementsAre(domain::Tag{"for", "image"}));
    EXPECT_THAT(tags(disk.id), ElementsAre(domain::Tag{"for", "disks"}));
}

TEST_F(ImagesCreateTest, WithoutARebootTheSnapshotsAreTakenNow) {
    add_instance();
    const auto id =
        images_.create(caller_, {.instance_id = instance_id, .name = "mine", .no_reboot = true});
    ASSERT_TRUE(id) << message_of(id);
    EXPECT_EQ(instance().reboots_requested, 0);
    EXPECT_THAT(work(), Contains("snapshot " + image(*id).snapshot_id));
}

TEST_F(ImagesCreateTest, AStoppedInstanceNeedsNoReboot) {
    add_instance(domain::InstanceState::stopped);
    const auto id = images_.create(caller_, {.instance_id = instance_id, .name = "mine"});
    ASSERT_TRUE(id) << message_of(id);
    EXPECT_EQ(instance().reboots_requested, 0);
}

TEST_F(ImagesCreateTest, MappingsChangeAddAndLeaveOut) {
    add_instance();
    const auto id =
        images_.create(caller_,
                       {.instance_id = instance_id,
                        .name = "mine",
                        .no_reboot = true,
                        .devices = {{.device = "/dev/xvda",
                                     .has_ebs = true,
                                     .size_gib = 30,
                                     .type = "gp3",
                                     .iops = 4000,
                                     .delete_on_termination = false},
                                    {.device = "/dev/sdf", .no_device = true},
                                    {.device = "/dev/sdg", .has_ebs = true, .size_gib = 5},
                                    {.device = "/dev/sdh", .virtual_name = "ephemeral0"}}});
    ASSERT_TRUE(id) << message_of(id);
    const auto made = image(*id);
    ASSERT_THAT(made.devices, SizeIs(3));
    EXPECT_EQ(made.devices[0].size_gib, 30);
    EXPECT_EQ(made.size_gib, 30);
    EXPECT_EQ(made.devices[0].iops, 4000);
    EXPECT_FALSE(made.devices[0].delete_on_termination);
    EXPECT_EQ(snapshot(made.snapshot_id).size_gib, 8) << "of the volume";
    EXPECT_EQ(made.devices[1].device, "/dev/sdg");
    EXPECT_EQ(made.devices[1].snapshot_id, "");
    EXPECT_EQ(made.devices[2].virtual_name, "ephemeral0");
}

TEST_F(ImagesCreateTest, RefusedCreations) {
    add_instance();
    EXPECT_EQ(code_of_create({.name = "no"}), "InvalidAMIName.Malformed");
    EXPECT_EQ(code_of_create({.name = "a;b;c"}), "InvalidAMIName.Malformed");
    EXPECT_EQ(code_of_create({.instance_id = "i-99999999"}), "InvalidInstanceID.NotFound");
    EXPECT_EQ(code_of_create({.boot_mode = "floppy"}), "InvalidParameterValue");
    EXPECT_EQ(code_of_create({.devices = {{.device = "/dev/xvda", .no_device = true}}}),
              "InvalidBlockDeviceMapping");
    EXPECT_EQ(code_of_create({.devices = {{.device = "/dev/sdf", .has_ebs = true, .size_gib = 1}}}),
              "InvalidBlockDeviceMapping");
    EXPECT_EQ(code_of_create(
                  {.devices = {{.device = "/dev/sdf", .has_ebs = true, .encryption = {true, ""}}}}),
              "InvalidParameterCombination");
    EXPECT_EQ(code_of_create({.devices = {{.device = "/dev/sdg", .has_ebs = true}}}),
              "MissingParameter");
    EXPECT_EQ(code_of_create({.devices = {{.device = "/dev/sdg"}}}), "InvalidBlockDeviceMapping");
    EXPECT_EQ(code_of(images_.create(dry(), {.instance_id = instance_id, .name = "mine"})),
              "DryRunOperation");
    EXPECT_EQ(code_of(images_.create(foreigner_, {.instance_id = instance_id, .name = "mine"})),
              "InvalidInstanceID.NotFound");
    write([&](auto& tx) {
        auto instance = store::instances::find(tx, instance_id).value();
        instance.state = domain::InstanceState::terminated;
        store::instances::update(tx, instance);
    });
    EXPECT_EQ(code_of_create({}), "IncorrectInstanceState");
    EXPECT_THAT(images_.describe(caller_, {.owners = {"self"}})->items, IsEmpty());
}

TEST_F(ImagesCreateTest, NamesAreOnesOwn) {
    const auto id = add_image("the name");
    const auto refused = images_.register_image(
        caller_,
        {.name = "the name",
         .root_device_name = "/dev/xvda",
         .devices = {{.device = "/dev/xvda",
                      .has_ebs = true,
                      .snapshot_id = add_snapshot(caller_, new_snapshot_id())}}});
    EXPECT_EQ(code_of(refused), "InvalidAMIName.Duplicate");
    EXPECT_EQ(message_of(refused), "AMI name the name is already in use by AMI " + id);
    ASSERT_TRUE(images_.deregister(caller_, id, false));
    add_image("the name");
    const auto elsewhere = images_.register_image(
        foreigner_,
        {.name = "the name",
         .root_device_name = "/dev/xvda",
         .devices = {{.device = "/dev/xvda",
                      .has_ebs = true,
                      .snapshot_id = add_snapshot(foreigner_, new_snapshot_id())}}});
    EXPECT_TRUE(elsewhere) << message_of(elsewhere);
}

TEST_F(ImagesCreateTest, RegisteredFromSnapshots) {
    const auto root = add_snapshot(caller_, new_snapshot_id());
    const auto data = add_snapshot(caller_, new_snapshot_id());
    const auto id = images_.register_image(
        caller_,
        {.name = "from disks",
         .architecture = "arm64",
         .root_device_name = "/dev/sda1",
         .boot_mode = "uefi-preferred",
         .imds_v2_required = true,
         .devices = {
             {.device = "/dev/sdb",
              .has_ebs = true,
              .snapshot_id = data,
              .type = "io1",
              .iops = 200},
             {.device = "/dev/sda1", .has_ebs = true, .snapshot_id = root, .size_gib = 9}}});
    ASSERT_TRUE(id) << message_of(id);
    const auto made = image(*id);
    EXPECT_EQ(made.state, "available");
    EXPECT_EQ(made.snapshot_id, root) << "the root first";
    EXPECT_EQ(made.size_gib, 9);
    EXPECT_EQ(made.devices[1].iops, 200);
    EXPECT_TRUE(made.imds_v2_required);
    EXPECT_EQ(made.boot_mode, "uefi-preferred");
}

TEST_F(ImagesCreateTest, RefusedRegistrations) {
    const auto mine = add_snapshot(caller_, new_snapshot_id());
    const auto foreign = add_snapshot(foreigner_, new_snapshot_id());
    const auto refused = [&](const std::string& root, std::vector<BlockDeviceRequest> devices) {
        return code_of(images_.register_image(
            caller_, {.name = "mine", .root_device_name = root, .devices = std::move(devices)}));
    };
    const BlockDeviceRequest good{.device = "/dev/xvda", .has_ebs = true, .snapshot_id = mine};
    EXPECT_EQ(refused("/dev/xvda", {}), "InvalidBlockDeviceMapping");
    EXPECT_EQ(refused("/dev/sda1", {good}), "InvalidBlockDeviceMapping");
    EXPECT_EQ(refused("/dev/xvda", {good, good}), "InvalidBlockDeviceMapping");
    auto bad = good;
    bad.snapshot_id = foreign;
    EXPECT_EQ(refused("/dev/xvda", {bad}), "InvalidSnapshot.NotFound");
    bad = good;
    bad.size_gib = 1;
    EXPECT_EQ(refused("/dev/xvda", {bad}), "InvalidBlockDeviceMapping");
    bad = good;
    bad.type = "io1";
    EXPECT_EQ(refused("/dev/xvda", {bad}), "MissingParameter");
    bad = good;
    bad.encryption.encrypted = true;
    EXPECT_EQ(refused("/dev/xvda", {bad}), "InvalidParameterCombination");
    EXPECT_EQ(code_of(images_.register_image(caller_,
                                             {.name = "mine",
                                              .root_device_name = "/dev/xvda",
                                              .virtualization_type = "paravirtual",
                                              .devices = {good}})),
              "InvalidParameterValue");
}

TEST_F(ImagesCreateTest, CopiesHaveDisksOfTheirOwn) {
    const auto shipped = add_shipped();
    auto there = caller_;
    there.region = "eu-west-1";
    const ImageCopy request{.source_region = "us-east-1",
                            .source_image_id = shipped,
                            .name = "my debian",
                            .encryption = {true, ""},
                            .client_token = {"token", "hash"}};
    const auto id = images_.copy(there, request);
    ASSERT_TRUE(id) << message_of(id);
    EXPECT_EQ(*images_.copy(there, request), *id) << "the same token";
    const auto made = image(*id);
    EXPECT_EQ(made.region, "eu-west-1");
    EXPECT_EQ(made.account_id, caller_.account_id);
    EXPECT_EQ(made.state, "pending");
    EXPECT_EQ(made.owner_alias, "");
    EXPECT_EQ(made.source_image_id, shipped);
    EXPECT_EQ(made.source_image_region, "us-east-1");
    EXPECT_EQ(made.default_user, "admin");
    EXPECT_EQ(made.guest_agent, "1");
    EXPECT_TRUE(made.devices.at(0).encrypted);
    const auto disk = snapshot(made.snapshot_id);
    EXPECT_EQ(disk.source_snapshot_id, image(shipped).snapshot_id);
    EXPECT_EQ(disk.account_id, caller_.account_id);
    EXPECT_TRUE(disk.encrypted);
    EXPECT_THAT(work(), Contains("image " + *id));
    EXPECT_THAT(work(), Contains("snapshot " + disk.id));
}

TEST_F(ImagesCreateTest, CopiesOfOthersNeedTheirDisks) {
    const auto id = add_image();
    const ImageCopy request{
        .source_region = "us-east-1", .source_image_id = id, .name = "a copy of it"};
    EXPECT_EQ(code_of(images_.copy(foreigner_, request)), "InvalidAMIID.NotFound");
    ASSERT_TRUE(
        images_.change(caller_, id, image_change::LaunchPermissions{{foreigner_.account_id}, {}}));
    EXPECT_EQ(code_of(images_.copy(foreigner_, request)), "InvalidRequest");
    ASSERT_TRUE(
        snapshots_.change_grantees(caller_, image(id).snapshot_id, {{foreigner_.account_id}, {}}));
    EXPECT_TRUE(images_.copy(foreigner_, request));
    ASSERT_TRUE(Tags(context_).create(caller_, {id}, {{"a", "b"}}));
    const auto copy = images_.copy(caller_,
                                   {.source_region = "us-east-1",
                                    .source_image_id = id,
                                    .name = "with tags",
                                    .copy_image_tags = true});
    ASSERT_TRUE(copy) << message_of(copy);
    EXPECT_THAT(read([&](auto& tx) { return store::tags::list_of(tx, *copy); }),
                ElementsAre(domain::Tag{"a", "b"}));
    EXPECT_EQ(
        code_of(images_.copy(
            caller_,
            {.source_region = "us-east-1", .source_image_id = *copy, .name = "of a pending one"})),
        "InvalidAMIID.Unavailable");
}

TEST_F(ImagesCreateTest, WhatCanBeLaunched) {
    const auto launchable = [&](const domain::Caller& caller, const std::string& id) {
        return read(
            [&](auto& tx) { return code_of(find_launchable_image(tx, scope_of(caller), id)); });
    };
    const auto id = add_image();
    EXPECT_EQ(launchable(caller_, id), "");
    EXPECT_EQ(launchable(foreigner_, id), "InvalidAMIID.NotFound");
    ASSERT_TRUE(images_.change(caller_, id, image_change::LaunchPermissions{{"all"}, {}}));
    EXPECT_EQ(launchable(foreigner_, id), "");
    ASSERT_TRUE(images_.set_disabled(caller_, id, true));
    EXPECT_EQ(launchable(caller_, id), "InvalidAMIID.Unavailable");
    EXPECT_EQ(launchable(foreigner_, id), "InvalidAMIID.NotFound") << "private again";
    ASSERT_TRUE(images_.set_disabled(caller_, id, false));
    EXPECT_EQ(launchable(caller_, id), "");
    ASSERT_TRUE(images_.deregister(caller_, id, false));
    EXPECT_EQ(launchable(caller_, id), "InvalidAMIID.NotFound");
}

} // namespace
} // namespace pileus::cloud
