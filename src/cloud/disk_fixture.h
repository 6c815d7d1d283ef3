// SPDX-License-Identifier: Apache-2.0
#pragma once

// A running instance with its volumes, as the engine would have left it, and an engine's part of
// the work on snapshots. For tests only.

#include "cloud/cloud_fixture.h"
#include "cloud/images.h"
#include "cloud/snapshots.h"
#include "domain/instance.h"
#include "domain/volume.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/work.h"

#include <string>
#include <vector>

namespace pileus::cloud {

class DiskFixture : public CloudFixture {
  protected:
    static constexpr const char* instance_id = "i-00000001";
    static constexpr const char* root_id = "vol-00000001";
    static constexpr const char* data_id = "vol-00000002";

    domain::Volume make_volume(const std::string& id, const std::string& device) const {
        domain::Volume volume;
        volume.id = id;
        volume.account_id = caller_.account_id;
        volume.region = caller_.region;
        volume.zone = "us-east-1a";
        volume.host_id = settings_.host.host_id;
        volume.size_gib = 8;
        volume.state = domain::VolumeState::in_use;
        volume.instance_id = instance_id;
        volume.device = device;
        volume.delete_on_termination = true;
        volume.attachment = domain::AttachmentState::attached;
        volume.attached_at = clock_.now();
        return volume;
    }
    void add_instance(domain::InstanceState state = domain::InstanceState::running) {
        domain::Instance instance;
        instance.id = instance_id;
        instance.account_id = caller_.account_id;
        instance.region = caller_.region;
        instance.zone = "us-east-1a";
        instance.host_id = settings_.host.host_id;
        instance.image_id = add_shipped();
        instance.type = "t3.micro";
        instance.architecture = "x86_64";
        instance.root_device_name = "/dev/xvda";
        instance.state = state;
        auto data = make_volume(data_id, "/dev/sdf");
        data.size_gib = 20;
        data.type = "gp2";
        data.iops = 100;
        data.throughput_mib_s = 0;
        data.delete_on_termination = false;
        write([&](auto& tx) {
            store::instances::insert(tx, instance);
            store::volumes::insert(tx, make_volume(root_id, "/dev/xvda"));
            store::volumes::insert(tx, data);
        });
    }
    // Of the installation's own; the id in us-east-1.
    std::string add_shipped(const std::string& recipe = "debian-12") {
        BuiltImage build;
        build.recipe = recipe;
        build.content_sha256 = std::string(64, 'a');
        build.boot_mode = "uefi";
        build.default_user = "admin";
        build.guest_agent = "1";
        build.size_gib = 8;
        const auto images = images_.register_built(build);
        EXPECT_TRUE(images) << message_of(images);
        EXPECT_TRUE(images_.publish({images->at(0).id, images->at(1).id}));
        return images->at(0).id;
    }
    // A snapshot that is there, of nobody's volume.
    std::string add_snapshot(const domain::Caller& owner, const std::string& id) {
        domain::Snapshot snapshot;
        snapshot.id = id;
        snapshot.account_id = owner.account_id;
        snapshot.region = owner.region;
        snapshot.host_id = settings_.host.host_id;
        snapshot.volume_id = root_id;
        snapshot.size_gib = 8;
        snapshot.description = "made for a test";
        snapshot.started_at = snapshot.taken_at.emplace(clock_.now());
        snapshot.completed_at = clock_.now();
        write([&](auto& tx) { store::snapshots::insert(tx, snapshot); });
        return id;
    }
    domain::Snapshot snapshot(const std::string& id) {
        return read([&](auto& tx) { return store::snapshots::find(tx, id); }).value();
    }
    domain::Image image(const std::string& id) {
        return read([&](auto& tx) { return store::images::find(tx, id); }).value();
    }
    // What the engine does in the end.
    void complete(const std::string& id) {
        write([&](auto& tx) {
            auto row = store::snapshots::find(tx, id).value();
            row.state = domain::SnapshotState::completed;
            row.progress_percent = 100;
            row.taken_at = row.completed_at.emplace(clock_.now());
            store::snapshots::update(tx, row);
        });
    }
    void make_available(const std::string& image_id) {
        for (const auto& device : image(image_id).devices)
            if (!device.snapshot_id.empty())
                complete(device.snapshot_id);
        EXPECT_TRUE(images_.publish({image_id}));
    }
    // "snapshot snap-1": all work that is enqueued.
    std::vector<std::string> work() {
        return read([](auto& tx) {
            std::vector<std::string> items;
            for (const auto& item : store::work::list(tx, 1000))
                if (item.kind != "vpc")
                    items.push_back(item.kind + " " + item.resource_id);
            return items;
        });
    }

    Images images_{context_};
    Snapshots snapshots_{context_};
};

} // namespace pileus::cloud
