// SPDX-License-Identifier: Apache-2.0
#include "cloud/block_devices.h"
#include "cloud/ebs_defaults.h"
#include "cloud/interface_fixture.h"
#include "store/snapshots.h"
#include "store/volumes.h"

namespace pileus::cloud {
namespace {

using domain::Volume;
using testing::ElementsAre;
using testing::SizeIs;

BlockDeviceRequest volume_at(const std::string& device, std::optional<int64_t> size_gib = {}) {
    BlockDeviceRequest request;
    request.device = device;
    request.size_gib = size_gib;
    return request;
}

class BlockDevicesTest : public InterfaceFixture {
  protected:
    // An image of the caller's: a root of 8 GiB, a gp3 of 20 GiB with 4,000 IOPS, an empty one.
    std::string add_image() {
        write([&](auto& tx) {
            for (const auto* id : {"snap-00000001", "snap-00000002"})
                add_snapshot(tx, id, caller_, id == std::string("snap-00000001") ? 8 : 20);
            domain::Image image;
            image.id = "ami-00000001";
            image.account_id = caller_.account_id;
            image.region = caller_.region;
            image.root_device_name = "/dev/xvda";
            image.snapshot_id = "snap-00000001";
            image.size_gib = 8;
            domain::ImageDevice root{.device = "/dev/xvda",
                                     .snapshot_id = "snap-00000001",
                                     .size_gib = 8,
                                     .type = "gp2",
                                     .iops = 100};
            domain::ImageDevice data{.device = "/dev/sdf",
                                     .snapshot_id = "snap-00000002",
                                     .size_gib = 20,
                                     .type = "gp3",
                                     .iops = 4000,
                                     .throughput_mib_s = 200,
                                     .delete_on_termination = false};
            domain::ImageDevice empty{.device = "/dev/sdg", .size_gib = 3};
            domain::ImageDevice ephemeral{.device = "/dev/sdh", .virtual_name = "ephemeral0"};
            image.devices = {root, data, empty, ephemeral};
            store::images::insert(tx, image);
        });
        return "ami-00000001";
    }
    void add_snapshot(store::Transaction& tx,
                      const std::string& id,
                      const domain::Caller& owner,
                      int64_t size_gib,
                      bool encrypted = false) {
        domain::Snapshot snapshot;
        snapshot.id = id;
        snapshot.account_id = owner.account_id;
        snapshot.region = owner.region;
        snapshot.size_gib = size_gib;
        snapshot.encrypted = encrypted;
        snapshot.taken_at = clock_.now();
        store::snapshots::insert(tx, snapshot);
    }
    LaunchRequest request_with(const std::vector<BlockDeviceRequest>& devices,
                               const std::string& image_id = "") {
        auto request = launch_request();
        if (!image_id.empty())
            request.image_id = image_id;
        request.block_devices = devices;
        return request;
    }
    // As DescribeInstances shows them: the root first, then by device.
    std::vector<Volume> volumes_of(const LaunchRequest& request) {
        const auto reservation = instances_.launch(caller_, request);
        EXPECT_TRUE(reservation) << message_of(reservation);
        return reservation ? reservation->instances.at(0).volumes : std::vector<Volume>{};
    }
    std::string refusal(const std::vector<BlockDeviceRequest>& devices,
                        const std::string& image_id = "") {
        const auto refused = instances_.launch(caller_, request_with(devices, image_id));
        return refused ? "" : refused.error().code + ": " + refused.error().message;
    }
};

std::string summary(const Volume& v) {
    return v.device + " " + v.snapshot_id + " " + std::to_string(v.size_gib) + " " + v.type + " " +
           std::to_string(v.iops) + (v.delete_on_termination ? " goes" : " stays");
}
std::vector<std::string> summaries(const std::vector<Volume>& volumes) {
    std::vector<std::string> all;
    for (const auto& volume : volumes)
        all.push_back(summary(volume));
    return all;
}

TEST_F(BlockDevicesTest, ShippedImageHasItsRoot) {
    EXPECT_THAT(summaries(volumes_of(launch_request())),
                ElementsAre("/dev/xvda snap-00000000000000001 8 gp3 3000 goes"));
}

TEST_F(BlockDevicesTest, DevicesOfTheImageComeByThemselves) {
    const auto volumes = volumes_of(request_with({}, add_image()));
    EXPECT_THAT(summaries(volumes),
                ElementsAre("/dev/xvda snap-00000001 8 gp2 100 goes",
                            "/dev/sdf snap-00000002 20 gp3 4000 stays",
                            "/dev/sdg  3 gp2 100 goes"));
    for (const auto& volume : volumes) {
        EXPECT_EQ(volume.attachment, domain::AttachmentState::attaching);
        EXPECT_EQ(volume.zone, "us-east-1a");
    }
}

TEST_F(BlockDevicesTest, RequestChangesLeavesOutAndAdds) {
    auto root = volume_at("/dev/xvda", 30);
    root.type = "io1";
    root.iops = 500;
    root.delete_on_termination = false;
    auto data = volume_at("/dev/sdf");
    data.delete_on_termination = true; // and all else as the image has it
    BlockDeviceRequest without{.device = "/dev/sdg", .no_device = true};
    auto added = volume_at("/dev/sdz", 125);
    added.type = "st1";
    BlockDeviceRequest ephemeral{.device = "/dev/sdy", .virtual_name = "ephemeral1"};
    BlockDeviceRequest none{.device = "/dev/sdx", .no_device = true};
    EXPECT_THAT(summaries(volumes_of(
                    request_with({added, none, without, data, ephemeral, root}, add_image()))),
                ElementsAre("/dev/xvda snap-00000001 30 io1 500 stays",
                            "/dev/sdf snap-00000002 20 gp3 4000 goes",
                            "/dev/sdz  125 st1 0 goes"));
}

TEST_F(BlockDevicesTest, FiguresOfTheImagesTypeAreNotAnothers) {
    auto data = volume_at("/dev/sdf");
    data.type = "gp2";
    EXPECT_THAT(summaries(volumes_of(request_with({data}, add_image()))).at(1),
                "/dev/sdf snap-00000002 20 gp2 100 stays");
}

TEST_F(BlockDevicesTest, AnotherSnapshotBringsItsOwnSize) {
    const auto image_id = add_image();
    write([&](auto& tx) { add_snapshot(tx, "snap-00000009", caller_, 50); });
    auto data = volume_at("/dev/sdf");
    data.snapshot_id = "snap-00000009";
    EXPECT_THAT(summaries(volumes_of(request_with({data}, image_id))).at(1),
                "/dev/sdf snap-00000009 50 gp3 4000 stays");
}

TEST_F(BlockDevicesTest, TwentySevenVolumesAndNoMore) {
    std::vector<BlockDeviceRequest> devices;
    for (char c = 'b'; c <= 'z'; ++c)
        devices.push_back(volume_at(std::string("/dev/sd") + c, 1));
    devices.push_back(volume_at("/dev/xvdba", 1));
    EXPECT_THAT(volumes_of(request_with(devices)), SizeIs(27));
    devices.push_back(volume_at("/dev/xvdbb", 1));
    EXPECT_EQ(refusal(devices),
              "AttachmentLimitExceeded: An instance with 1 network interfaces can have at most 27 "
              "volumes, and the launch asks for 28.");
}

TEST_F(BlockDevicesTest, WhatIsRefused) {
    const auto image_id = add_image();
    const auto with = [&](auto change, const std::string& device = "/dev/sdf") {
        auto request = volume_at(device, 20);
        change(request);
        return refusal({request}, image_id);
    };
    EXPECT_EQ(with([](auto& r) { r.size_gib = 19; }),
              "InvalidBlockDeviceMapping: Volume of size 19GB is smaller than snapshot "
              "'snap-00000002', expect size >= 20GB");
    EXPECT_EQ(with([](auto& r) { r.snapshot_id = "snap-0000000a"; }),
              "InvalidSnapshot.NotFound: The snapshot 'snap-0000000a' does not exist.");
    EXPECT_EQ(with([](auto& r) { r.type = "gp2", r.iops = 3000; }),
              "InvalidParameterCombination: The parameter iops is not supported for gp2 volumes.");
    EXPECT_EQ(with([](auto& r) { r.device = "/dev/sdk1"; }),
              "InvalidBlockDeviceMapping: Invalid device name /dev/sdk1");
    EXPECT_EQ(with([](auto& r) { r.virtual_name = "swap"; }),
              "InvalidBlockDeviceMapping: Invalid virtual name swap: it must be ephemeral0 to "
              "ephemeral23.");
    EXPECT_EQ(with([](auto& r) { r.snapshot_id = "snap-00000002"; }, "/dev/xvda"),
              "InvalidBlockDeviceMapping: snapshotId cannot be modified on root device");
    EXPECT_EQ(with([](auto& r) { r.no_device = true; }, "/dev/xvda"),
              "InvalidBlockDeviceMapping: The root device cannot be left out.");
    EXPECT_EQ(
        with([](auto& r) { r.size_gib = 200, r.type = "st1"; }, "/dev/xvda"),
        "InvalidBlockDeviceMapping: The root volume of an instance cannot be of the type st1.");
    EXPECT_EQ(refusal({volume_at("/dev/sdm")}),
              "MissingParameter: The request must contain the parameter size or snapshotId");
    EXPECT_EQ(refusal({volume_at("/dev/sdm", 1), volume_at("/dev/sdm", 2)}),
              "InvalidBlockDeviceMapping: The device '/dev/sdm' is used in more than one "
              "block-device mapping");
    EXPECT_EQ(
        read([&](auto& tx) { return store::volumes::list(tx, scope_of(caller_), {}); }).size(), 0u)
        << "what is refused leaves nothing";
}

TEST_F(BlockDevicesTest, SnapshotOfAnotherNeedsItsPermission) {
    write([&](auto& tx) { add_snapshot(tx, "snap-0000000f", foreigner_, 5); });
    auto data = volume_at("/dev/sdf");
    data.snapshot_id = "snap-0000000f";
    EXPECT_EQ(refusal({data}),
              "InvalidSnapshot.NotFound: The snapshot 'snap-0000000f' does not exist.");
    write([&](auto& tx) { store::snapshots::permit(tx, {"snap-0000000f", caller_.account_id}); });
    EXPECT_EQ(volumes_of(request_with({data})).at(1).size_gib, 5);
}

TEST_F(BlockDevicesTest, SharedImageBringsItsSnapshots) {
    const auto image_id = add_image();
    write([&](auto& tx) { store::images::permit(tx, {image_id, foreigner_.account_id}); });
    auto request = launch_request();
    request.image_id = image_id;
    const auto reservation = instances_.launch(foreigner_, request);
    ASSERT_TRUE(reservation) << message_of(reservation);
    EXPECT_THAT(reservation->instances.at(0).volumes, SizeIs(3));
    EXPECT_EQ(reservation->instances.at(0).volumes.at(1).account_id, foreigner_.account_id);
}

TEST_F(BlockDevicesTest, EncryptionIsAskedForInheritedOrTheDefault) {
    write([&](auto& tx) { add_snapshot(tx, "snap-0000000e", caller_, 5, true); });
    auto asked = volume_at("/dev/sdf", 1);
    asked.encryption.encrypted = true;
    auto inherited = volume_at("/dev/sdg");
    inherited.snapshot_id = "snap-0000000e";
    const auto volumes = volumes_of(request_with({asked, inherited, volume_at("/dev/sdh", 1)}));
    ASSERT_THAT(volumes, SizeIs(4));
    const auto key = default_kms_key(scope_of(caller_));
    EXPECT_FALSE(volumes[0].encrypted);
    EXPECT_TRUE(volumes[1].encrypted);
    EXPECT_EQ(volumes[1].kms_key_id, key);
    EXPECT_TRUE(volumes[2].encrypted);
    EXPECT_FALSE(volumes[3].encrypted);
    ASSERT_TRUE(EbsDefaults(context_).set_encryption(caller_, true));
    for (const auto& volume : volumes_of(request_with({volume_at("/dev/sdh", 1)})))
        EXPECT_EQ(volume.kms_key_id, key) << volume.device;
    asked.encryption.kms_key_id = "arn:aws:kms:us-east-1:222222222222:key/other";
    EXPECT_THAT(refusal({asked}), testing::HasSubstr("does not exist"));
}

TEST_F(BlockDevicesTest, StorageQuotaCountsEveryInstance) {
    settings_.limits.volume_storage_tib = 1;
    auto request = request_with({volume_at("/dev/sdf", 300)});
    request.minimum_count = request.maximum_count = 4;
    EXPECT_EQ(code_of(instances_.launch(caller_, request)), "VolumeLimitExceeded");
    request.minimum_count = request.maximum_count = 3;
    EXPECT_TRUE(instances_.launch(caller_, request));
}

TEST_F(BlockDevicesTest, ImageKnowsTheDayOfItsLastLaunch) {
    const auto image_id = add_image();
    const auto launched_at = [&] {
        return read([&](auto& tx) { return store::images::find(tx, image_id)->last_launched_at; });
    };
    const auto first = clock_.now();
    volumes_of(request_with({}, image_id));
    clock_.advance(std::chrono::hours{1});
    volumes_of(request_with({}, image_id));
    EXPECT_EQ(launched_at(), first);
    clock_.advance(std::chrono::hours{23});
    volumes_of(request_with({}, image_id));
    EXPECT_EQ(launched_at(), first + std::chrono::hours{24});
}

TEST_F(BlockDevicesTest, DeleteOnTerminationChangesByDevice) {
    const auto id = launch(request_with({volume_at("/dev/sdf", 1)}));
    const auto change = [&](const std::string& device, const std::string& volume_id, bool value) {
        change::DeleteOnTermination wanted;
        wanted.devices = {{device, volume_id, value}};
        return code_of(instances_.modify(caller_, id, wanted));
    };
    const auto volume_at_sdf = [&] { return instances_.describe_one(caller_, id)->volumes.at(1); };
    EXPECT_TRUE(volume_at_sdf().delete_on_termination);
    EXPECT_EQ(change("/dev/sdf", "", false), "");
    EXPECT_FALSE(volume_at_sdf().delete_on_termination);
    EXPECT_EQ(change("/dev/sdf", volume_at_sdf().id, true), "");
    EXPECT_TRUE(volume_at_sdf().delete_on_termination);
    EXPECT_EQ(change("/dev/sdg", "", true), "InvalidInstanceAttributeValue");
    EXPECT_EQ(change("/dev/sdf", "vol-00000001", true), "InvalidInstanceAttributeValue");
}

TEST_F(BlockDevicesTest, InstanceWithoutItsRootDoesNotStart) {
    const auto id = launch(launch_request());
    set_state(id, domain::InstanceState::stopped);
    write([&](auto& tx) {
        auto root = store::volumes::list_of_instance(tx, id).at(0);
        root.instance_id.clear();
        store::volumes::update(tx, root);
    });
    EXPECT_EQ(message_of(instances_.start(caller_, {id})),
              "Invalid value '" + id +
                  "' for instanceId. Instance does not have a volume attached at root (/dev/xvda)");
}

} // namespace
} // namespace pileus::cloud
