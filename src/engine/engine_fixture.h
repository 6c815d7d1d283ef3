// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of this folder stand on: a store, a clock that stands still, emulated drivers, and
// the rows of one VPC with one instance to be launched. For tests only.

#include "base/temporary_folder.h"
#include "catalog/catalog.h"
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"
#include "drivers/network/emulated/emulated_network.h"
#include "drivers/volumes/emulated/emulated_volumes.h"
#include "engine/crash_points.h"
#include "engine/disk_check.h"
#include "engine/disk_tasks.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
#include "engine/images.h"
#include "engine/instances.h"
#include "engine/layers.h"
#include "engine/nat_gateways.h"
#include "engine/network_interfaces.h"
#include "engine/recovery.h"
#include "engine/security_groups.h"
#include "engine/snapshots.h"
#include "engine/volumes.h"
#include "engine/vpcs.h"
#include "engine/warm_keeping.h"
#include "engine/warm_templates.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/ledger.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/sqlite/temporary_store.h"
#include "store/volumes.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::engine {

inline constexpr std::string_view fixture_catalog = R"(
[[family]]
name = "t3"
manufacturer = "Intel"
clock_ghz = 2.5
threads_per_core = 2
architectures = ["x86_64"]
hypervisor = "nitro"
current_generation = true
burstable = true
free_tier = false
ebs_optimized = true
ena = "required"
sizes = [
    { size = "micro", vcpus = 2, memory_mib = 1024, network = "Up to 5 Gigabit", interfaces = 2, addresses = 2, ebs_mbps = [87, 2085], ebs_iops = [500, 11800] },
]
)";

class EngineFixture : public testing::Test {
  protected:
    EngineFixture() {
        EXPECT_TRUE(volumes_.import_snapshot("snap-0123456789abcdef0", "/dev/null"));
        write([&](store::Transaction& tx) {
            store::vpcs::insert(tx,
                                {.id = vpc_id,
                                 .account_id = account,
                                 .region = region,
                                 .cidr_block = "172.31.0.0/16"});
            store::subnets::insert(tx,
                                   {.id = subnet_id,
                                    .account_id = account,
                                    .region = region,
                                    .vpc_id = vpc_id,
                                    .zone = "us-east-1a",
                                    .cidr_block = "172.31.0.0/20"});
            store::security_groups::insert(tx,
                                           {.id = group_id,
                                            .account_id = account,
                                            .region = region,
                                            .vpc_id = vpc_id,
                                            .name = "default"});
        });
    }

    // The rows that RunInstances writes.
    domain::Instance launch(const std::string& id = "i-0123456789abcdef0") {
        domain::Instance instance;
        instance.id = id;
        instance.account_id = account;
        instance.region = region;
        instance.zone = "us-east-1a";
        instance.host_id = host_id;
        instance.vpc_id = vpc_id;
        instance.subnet_id = subnet_id;
        instance.type = "t3.micro";
        instance.root_device_name = "/dev/xvda";
        instance.launch_time = clock_.now();
        instance.created_at = clock_.now();
        instance.start_count = 1;
        const auto suffix = id.substr(2);
        write([&](store::Transaction& tx) {
            store::instances::insert(tx, instance);
            store::volumes::insert(tx,
                                   {.id = "vol-" + suffix,
                                    .account_id = account,
                                    .region = region,
                                    .zone = "us-east-1a",
                                    .host_id = host_id,
                                    .snapshot_id = "snap-0123456789abcdef0",
                                    .size_gib = 8,
                                    .created_at = clock_.now(),
                                    .instance_id = id,
                                    .device = "/dev/xvda",
                                    .delete_on_termination = true,
                                    .attachment = domain::AttachmentState::attaching});
            domain::NetworkInterface interface;
            interface.id = "eni-" + suffix;
            interface.account_id = account;
            interface.region = region;
            interface.host_id = host_id;
            interface.vpc_id = vpc_id;
            interface.subnet_id = subnet_id;
            ++launched_;
            interface.mac = "02:00:00:00:00:0" + std::to_string(launched_);
            interface.private_ip = "172.31.0.1" + std::to_string(launched_);
            interface.security_group_ids = {group_id};
            interface.public_ip = "127.64.0.1" + std::to_string(launched_);
            interface.wants_public_ip = true;
            interface.instance_id = id;
            store::network_interfaces::insert(tx, interface);
            store::work::enqueue(tx, "instance", id, host_id, clock_.now());
        });
        return instance;
    }

    template <class Body> void write(Body body) {
        EXPECT_TRUE(store_->write([&](store::Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        }));
    }
    // Changes the row as an API call does, and enqueues the work.
    template <class Change> void change(const std::string& id, Change change_row) {
        write([&](store::Transaction& tx) {
            auto instance = *store::instances::find(tx, id);
            const bool was_charged = instance.is_charged();
            change_row(instance);
            store::instances::update(tx, instance);
            store::charges::instance_changed(tx, was_charged, instance, clock_.now());
            store::work::enqueue(tx, "instance", id, host_id, clock_.now());
        });
    }
    void request_stop(const std::string& id) {
        change(id, [&](domain::Instance& i) {
            i.state = *next(i.state, domain::InstanceEvent::stop_requested);
            i.stop_deadline = clock_.now() + std::chrono::minutes{2};
        });
    }
    void request_termination(const std::string& id) {
        change(id, [](domain::Instance& i) {
            i.state = *next(i.state, domain::InstanceEvent::terminate_requested);
        });
    }
    domain::Instance row(const std::string& id) {
        return store_->read([&](store::Transaction& tx) { return store::instances::find(tx, id); })
            .value();
    }
    domain::InstanceState state(const std::string& id) { return row(id).state; }
    std::vector<std::string> ledger() {
        std::vector<std::string> kinds;
        for (const auto& event :
             store_->read([&](store::Transaction& tx) { return store::ledger::list(tx, 0, 1000); }))
            kinds.emplace_back(to_string(event.kind));
        return kinds;
    }
    void run_until_quiet() { engine_.run_due(); }
    void pass(Duration duration) {
        clock_.advance(duration);
        engine_.run_due();
    }

    const std::string account = "111122223333", region = "us-east-1", host_id = "host-1";
    const std::string vpc_id = "vpc-0123456789abcdef0", subnet_id = "subnet-0123456789abcdef0",
                      group_id = "sg-0123456789abcdef0";
    int launched_ = 0;
    int64_t free_ = int64_t{1} << 40;
    ManualClock clock_;
    store::TemporaryStore store_{clock_};
    const catalog::Catalog catalog_ = catalog::Catalog::parse(fixture_catalog, "fixture").value();
    drivers::EmulatedVolumes volumes_;
    drivers::EmulatedNetwork network_;
    drivers::EmulatedHypervisor hypervisor_{{}, clock_};
    KeyedLocks locks_;
    CrashPoints crash_points_;
    CrashingVolumes crashing_volumes_{volumes_, crash_points_};
    CrashingHypervisor crashing_hypervisor_{hypervisor_, crash_points_};
    VpcNetwork vpc_network_{*store_, network_, host_id};
    TemporaryFolder folder_;
    SystemProcessRunner runner_;
    ImportSources sources_{
        runner_,
        {.folder = folder_ / "imports", .url_prefixes = {}, .downloads = folder_ / "downloads"}};
    LongWork long_work_{2};
    Disks disks_{*store_, clock_, crashing_hypervisor_, crashing_volumes_, host_id};
    SeededRandom random_{5};
    WarmUses warm_uses_;
    WarmOptions warm_options_{.host_id = host_id};
    WarmLaunches warm_launches_{*store_,
                                clock_,
                                random_,
                                crashing_hypervisor_,
                                crashing_volumes_,
                                warm_uses_,
                                warm_options_,
                                1500};
    WarmTemplateController warm_templates_{*store_,
                                           clock_,
                                           random_,
                                           catalog_,
                                           crashing_hypervisor_,
                                           crashing_volumes_,
                                           locks_,
                                           warm_uses_,
                                           warm_options_};
    WarmTemplateKeeper warm_keeper_{
        *store_, clock_, crashing_hypervisor_, warm_uses_, warm_options_};
    Forks forks_{*store_, random_, crashing_hypervisor_, 1500};
    Hibernations hibernations_{*store_, clock_, crashing_hypervisor_, std::chrono::minutes{2}};
    GuestStarter starter_{*store_,
                          catalog_,
                          crashing_hypervisor_,
                          network_,
                          vpc_network_,
                          disks_,
                          locks_,
                          warm_launches_,
                          forks_,
                          hibernations_,
                          1500};
    InstanceController instances_{*store_,
                                  clock_,
                                  crashing_hypervisor_,
                                  vpc_network_,
                                  disks_,
                                  starter_,
                                  warm_launches_,
                                  hibernations_,
                                  locks_,
                                  {.host_id = host_id, .free_bytes = [this] { return free_; }}};
    ForkController fork_controller_{*store_,
                                    clock_,
                                    crashing_hypervisor_,
                                    crashing_volumes_,
                                    disks_,
                                    locks_,
                                    {.host_id = host_id}};
    VolumeController volume_controller_{*store_,
                                        clock_,
                                        crashing_hypervisor_,
                                        crashing_volumes_,
                                        disks_,
                                        locks_,
                                        {.host_id = host_id}};
    SnapshotController snapshots_{
        *store_, clock_, crashing_volumes_, disks_, locks_, long_work_, {.host_id = host_id}};
    ImageController images_{*store_, clock_, host_id};
    LayerController layers_{*store_,
                            clock_,
                            crashing_hypervisor_,
                            crashing_volumes_,
                            disks_,
                            locks_,
                            long_work_,
                            host_id};
    DiskTaskController disk_tasks_{*store_,
                                   clock_,
                                   crashing_volumes_,
                                   sources_,
                                   long_work_,
                                   {.host_id = host_id, .export_folder = folder_ / "exports"}};
    const DiskCheckOptions check_options_{.host_id = host_id,
                                          .instances_folder = folder_ / "instances",
                                          .downloads = folder_ / "downloads"};
    DiskCheckController disk_check_{*store_, clock_, crashing_volumes_, check_options_};
    SecurityGroupController security_groups_{vpc_network_};
    NetworkInterfaceController network_interfaces_{*store_,
                                                   clock_,
                                                   crashing_hypervisor_,
                                                   network_,
                                                   vpc_network_,
                                                   locks_,
                                                   {.host_id = host_id}};
    VpcController vpcs_{vpc_network_, *store_, clock_};
    NatGatewayController nat_gateways_{*store_, clock_, vpc_network_, {.host_id = host_id}};
    HousekeepingController housekeeping_{*store_, clock_, {.host_id = host_id}};
    Engine engine_{*store_,
                   clock_,
                   {.host_id = host_id, .owner = "test"},
                   {&instances_,
                    &fork_controller_,
                    &security_groups_,
                    &network_interfaces_,
                    &vpcs_,
                    &nat_gateways_,
                    &volume_controller_,
                    &snapshots_,
                    &images_,
                    &layers_,
                    &disk_tasks_,
                    &disk_check_,
                    &warm_templates_,
                    &warm_keeper_,
                    &housekeeping_}};
};

} // namespace pileus::engine
