// SPDX-License-Identifier: Apache-2.0
#pragma once

// EngineFixture with the rows that the API writes of volumes, snapshots, images and tasks. For
// tests only.

#include "engine/engine_fixture.h"
#include "store/disk_tasks.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/snapshots.h"

#include <gmock/gmock.h>

namespace pileus::engine {

class DiskFixture : public EngineFixture {
  protected:
    DiskFixture() {
        write([&](store::Transaction& tx) {
            domain::Snapshot shipped;
            shipped.id = base_id;
            shipped.account_id = account;
            shipped.region = region;
            store::snapshots::insert(tx, shipped);
        });
    }

    void enqueue(store::Transaction& tx, const std::string& kind, const std::string& id) {
        store::work::enqueue(tx, kind, id, host_id, clock_.now());
    }

    // CreateVolume.
    void create_volume(const std::string& id, const std::string& snapshot_id = "") {
        write([&](store::Transaction& tx) {
            store::volumes::insert(tx,
                                   {.id = id,
                                    .account_id = account,
                                    .region = region,
                                    .zone = "us-east-1a",
                                    .host_id = host_id,
                                    .snapshot_id = snapshot_id,
                                    .size_gib = 8,
                                    .created_at = clock_.now()});
            enqueue(tx, "volume", id);
        });
    }
    template <class Change> void change_volume(const std::string& id, Change change_row) {
        write([&](store::Transaction& tx) {
            auto row = *store::volumes::find(tx, id);
            change_row(row);
            store::volumes::update(tx, row);
            enqueue(tx, "volume", id);
        });
    }
    // AttachVolume, DetachVolume, DeleteVolume.
    void attach(const std::string& id, const std::string& device = "/dev/sdf") {
        change_volume(id, [&](domain::Volume& v) {
            v.state = domain::VolumeState::in_use;
            v.instance_id = instance_id;
            v.device = device;
            v.attachment = domain::AttachmentState::attaching;
        });
    }
    void detach(const std::string& id, bool force = false) {
        change_volume(id, [&](domain::Volume& v) {
            v.attachment = domain::AttachmentState::detaching;
            v.force_detach = force;
        });
    }
    void delete_volume(const std::string& id) {
        change_volume(id, [](domain::Volume& v) { v.state = domain::VolumeState::deleting; });
    }
    // ModifyVolume.
    void modify(const std::string& id, int64_t size_gib, int64_t iops) {
        write([&](store::Transaction& tx) {
            auto row = *store::volumes::find(tx, id);
            domain::VolumeModification modification;
            modification.volume_id = id;
            modification.account_id = account;
            modification.region = region;
            modification.state = "modifying";
            modification.original_size_gib = row.size_gib;
            modification.target_size_gib = size_gib;
            modification.started_at = clock_.now();
            store::volume_modifications::put(tx, modification);
            row.size_gib = size_gib;
            row.iops = iops;
            store::volumes::update(tx, row);
            enqueue(tx, "volume", id);
        });
    }

    // CreateSnapshot, CreateSnapshots, CopySnapshot, DeleteSnapshot.
    void create_snapshot(const std::string& id,
                         const std::string& volume_id,
                         const std::string& set_id = "",
                         bool at_once = true) {
        write([&](store::Transaction& tx) {
            domain::Snapshot row;
            row.id = id;
            row.account_id = account;
            row.region = region;
            row.host_id = host_id;
            row.volume_id = volume_id;
            row.size_gib = 8;
            row.state = domain::SnapshotState::pending;
            row.progress_percent = 0;
            row.set_id = set_id;
            row.started_at = clock_.now();
            store::snapshots::insert(tx, row);
            if (at_once)
                enqueue(tx, "snapshot", id);
        });
    }
    void change_snapshot_work(const std::string& id) {
        write([&](store::Transaction& tx) { enqueue(tx, "snapshot", id); });
    }
    void copy_snapshot(const std::string& id, const std::string& from, bool encrypted) {
        write([&](store::Transaction& tx) {
            domain::Snapshot row;
            row.id = id;
            row.account_id = account;
            row.region = region;
            row.host_id = host_id;
            row.volume_id = no_volume_id;
            row.size_gib = 8;
            row.state = domain::SnapshotState::pending;
            row.encrypted = encrypted;
            row.source_snapshot_id = from;
            row.started_at = clock_.now();
            store::snapshots::insert(tx, row);
            enqueue(tx, "snapshot", id);
        });
    }
    void delete_snapshot(const std::string& id) {
        write([&](store::Transaction& tx) {
            auto row = *store::snapshots::find(tx, id);
            row.state = domain::SnapshotState::deleting;
            store::snapshots::update(tx, row);
            enqueue(tx, "snapshot", id);
        });
    }

    // CreateImage of the instance's root volume.
    void create_image(bool reboot) {
        create_snapshot(image_snapshot_id, root_id, "set-1", /*at_once=*/false);
        write([&](store::Transaction& tx) {
            domain::Image image;
            image.id = image_id;
            image.account_id = account;
            image.region = region;
            image.name = "mine";
            image.state = "pending";
            image.root_device_name = "/dev/xvda";
            image.snapshot_id = image_snapshot_id;
            image.size_gib = 8;
            image.source_instance_id = instance_id;
            image.created_at = clock_.now();
            image.devices = {
                {.device = "/dev/xvda", .snapshot_id = image_snapshot_id, .size_gib = 8}};
            store::images::insert(tx, image);
            enqueue(tx, "image", image_id);
            enqueue(tx, "snapshot", image_snapshot_id);
            if (!reboot)
                return;
            auto instance = *store::instances::find(tx, instance_id);
            instance.reboots_requested += 1;
            instance.stop_deadline = clock_.now() + std::chrono::minutes{2};
            store::instances::update(tx, instance);
            enqueue(tx, "instance", instance_id);
        });
    }

    // ImportSnapshot, ImportImage, ExportImage.
    domain::DiskTask make_task(domain::DiskTaskKind kind) {
        domain::DiskTask task;
        task.id = kind == domain::DiskTaskKind::import_image      ? "import-ami-00000000000000001"
                  : kind == domain::DiskTaskKind::import_snapshot ? "import-snap-00000000000000001"
                                                                  : "export-ami-00000000000000001";
        task.kind = kind;
        task.account_id = account;
        task.region = region;
        task.host_id = host_id;
        task.status = "pending";
        task.format = "qcow2";
        task.snapshot_id = "snap-0000000000000000f";
        task.image_id = kind == domain::DiskTaskKind::import_image ? image_id : "";
        task.created_at = clock_.now();
        return task;
    }
    void begin(const domain::DiskTask& task) {
        write([&](store::Transaction& tx) {
            store::disk_tasks::insert(tx, task);
            enqueue(tx, "disk-task", task.id);
            if (task.kind == domain::DiskTaskKind::export_image)
                return;
            domain::Snapshot row;
            row.id = task.snapshot_id;
            row.account_id = account;
            row.region = region;
            row.host_id = host_id;
            row.volume_id = no_volume_id;
            row.state = domain::SnapshotState::pending;
            row.source_path = task.source;
            row.started_at = clock_.now();
            store::snapshots::insert(tx, row);
            if (task.kind == domain::DiskTaskKind::import_snapshot)
                return;
            domain::Image image;
            image.id = task.image_id;
            image.account_id = account;
            image.region = region;
            image.name = task.id;
            image.state = "pending";
            image.boot_mode = task.boot_mode;
            image.root_device_name = "/dev/sda1";
            image.snapshot_id = task.snapshot_id;
            image.created_at = clock_.now();
            image.devices = {{.device = "/dev/sda1", .snapshot_id = task.snapshot_id}};
            store::images::insert(tx, image);
        });
    }

    std::optional<domain::Volume> volume(const std::string& id) {
        return store_->read([&](store::Transaction& tx) { return store::volumes::find(tx, id); });
    }
    std::optional<domain::Snapshot> snapshot(const std::string& id) {
        return store_->read([&](store::Transaction& tx) { return store::snapshots::find(tx, id); });
    }
    domain::Image image() {
        return *store_->read(
            [&](store::Transaction& tx) { return store::images::find(tx, image_id); });
    }
    domain::DiskTask task(const std::string& id) {
        return *store_->read(
            [&](store::Transaction& tx) { return store::disk_tasks::find(tx, id); });
    }
    domain::VolumeModification modification(const std::string& id) {
        return *store_->read(
            [&](store::Transaction& tx) { return store::volume_modifications::find(tx, id); });
    }
    std::vector<std::string> plugged() { return *hypervisor_.plugged_disks(instance_id); }
    std::vector<std::string> volumes_on_disk() {
        std::vector<std::string> ids;
        const auto observed = volumes_.observe();
        for (const auto& each : *observed)
            ids.push_back(each.id);
        return ids;
    }
    std::vector<std::string> snapshots_on_disk() {
        std::vector<std::string> ids;
        const auto observed = volumes_.observe_snapshots();
        for (const auto& each : *observed)
            ids.push_back(each.id);
        return ids;
    }
    // What the guest has open is what the volume is now.
    void expect_guest_follows(const std::string& id) {
        const auto disk = hypervisor_.disk(instance_id, id);
        const auto chain = volumes_.open(id);
        ASSERT_TRUE(disk && chain) << id;
        std::vector<std::string> there{disk->path};
        there.insert(there.end(), disk->backing.begin(), disk->backing.end());
        std::vector<std::string> wanted;
        for (const auto& layer : chain->layers)
            wanted.push_back(layer.path);
        EXPECT_EQ(there, wanted) << id;
    }
    std::vector<std::string> findings() { return *check_disks(*store_, volumes_, check_options_); }

    // `pileus fork`: the copy of the instance, and one instance that is to start from it.
    void fork_instance() {
        launch(copy_id);
        write([&](store::Transaction& tx) {
            domain::Fork fork;
            fork.id = fork_id;
            fork.account_id = account;
            fork.region = region;
            fork.host_id = host_id;
            fork.source_instance_id = instance_id;
            fork.template_id = "wt-00000000000000001";
            std::vector<domain::ForkDisk> disks;
            for (const auto& volume : store::volumes::list_of_instance(tx, instance_id))
                disks.push_back({.snapshot_id = "snap-f" + volume.id.substr(5),
                                 .fork_id = fork_id,
                                 .volume_id = volume.id,
                                 .device = volume.device});
            store::forks::insert(tx, fork, disks);
            auto row = *store::instances::find(tx, copy_id);
            row.fork_id = fork_id;
            store::instances::update(tx, row);
            enqueue(tx, "fork", fork_id);
        });
    }
    bool is_forking() {
        return store_->read([&](store::Transaction& tx) { return store::forks::find(tx, fork_id); })
            .has_value();
    }
    // StopInstances with Hibernate.
    void request_hibernation(const std::string& id) {
        change(id, [&](domain::Instance& i) {
            i.state = *next(i.state, domain::InstanceEvent::stop_requested);
            i.stop_deadline = clock_.now() + std::chrono::minutes{2};
            i.hibernation_configured = true;
            i.hibernation = domain::Hibernation::saving;
        });
    }
    // StartInstances.
    void request_start(const std::string& id) {
        change(id, [&](domain::Instance& i) {
            i.state = *next(i.state, domain::InstanceEvent::start_requested);
            i.start_count += 1;
        });
    }
    void start_instance() {
        launch();
        run_until_quiet();
        ASSERT_EQ(state(instance_id), domain::InstanceState::running);
    }
    void force_stop() {
        request_stop(instance_id);
        change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
        run_until_quiet();
    }

    const std::string instance_id = "i-0123456789abcdef0", root_id = "vol-0123456789abcdef0";
    const std::string copy_id = "i-0123456789abcdef1", fork_id = "fork-00000000000000001";
    const std::string data_id = "vol-00000000000000001", other_id = "vol-00000000000000002";
    const std::string base_id = "snap-0123456789abcdef0"; // of the instance's image
    const std::string image_id = "ami-00000000000000001",
                      image_snapshot_id = "snap-0000000000000000a";
};

} // namespace pileus::engine
