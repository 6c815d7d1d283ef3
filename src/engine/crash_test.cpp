// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of the daemon between any two steps of what is done with disks: the next daemon finishes
// it, nothing is left over, and guests write where the next start would look for it.
#include "engine/warm_fixture.h"

#include <fstream>
#include <functional>

namespace pileus::engine {
namespace {

using domain::InstanceState;
using domain::SnapshotState;
using domain::VolumeState;
using testing::IsEmpty;
using namespace std::chrono_literals;

const std::string first = "snap-00000000000000001", second = "snap-00000000000000002";

// A fixture that can be made as often as there are places to crash.
class World final : public WarmFixture {
  public:
    using Step = std::function<void(World&)>;

    void TestBody() override {}

    // Runs `step` and what follows from it, killed at the point; then the next daemon takes over.
    // False: it was over before that point.
    bool killed_in(const Step& step, int point) {
        crash_points_.crash_at(point);
        bool was_killed = false;
        try {
            step(*this);
            settle_down();
        } catch (const Crash&) {
            was_killed = true;
        }
        crash_points_.disarm();
        start_again();
        return was_killed;
    }
    void start_again() {
        write([&](store::Transaction& tx) { store::work::release_leases(tx, host_id); });
        EXPECT_TRUE(volumes_.recover());
        EXPECT_TRUE(instances_.recover(*hypervisor_.recover(), false));
        EXPECT_TRUE(recover_warm_templates(*store_, hypervisor_, clock_, host_id));
        EXPECT_TRUE(recover_disks(*store_, sources_, clock_, host_id));
        LayerController of_next_daemon{
            *store_, clock_, hypervisor_, volumes_, disks_, locks_, long_work_, host_id};
        EXPECT_TRUE(of_next_daemon.reconcile({.kind = "layers", .resource_id = "layers"}));
        settle_down();
    }
    void settle_down() {
        run_until_quiet();
        for (int i = 0; i < 6; ++i)
            pass(40s);
    }
    void with_data_volume() {
        start_instance();
        create_volume(data_id);
        run_until_quiet();
        attach(data_id);
        run_until_quiet();
    }
    void expect_in_order() {
        EXPECT_THAT(findings(), IsEmpty());
        if (state(instance_id) != InstanceState::running)
            return;
        for (const auto& id : plugged())
            expect_guest_follows(id);
    }

    using DiskFixture::attach;
    using DiskFixture::base_id;
    using DiskFixture::begin;
    using DiskFixture::copy_id;
    using DiskFixture::create_image;
    using DiskFixture::create_snapshot;
    using DiskFixture::create_volume;
    using DiskFixture::data_id;
    using DiskFixture::delete_snapshot;
    using DiskFixture::delete_volume;
    using DiskFixture::detach;
    using DiskFixture::findings;
    using DiskFixture::force_stop;
    using DiskFixture::fork_instance;
    using DiskFixture::image;
    using DiskFixture::instance_id;
    using DiskFixture::is_forking;
    using DiskFixture::make_task;
    using DiskFixture::modification;
    using DiskFixture::modify;
    using DiskFixture::other_id;
    using DiskFixture::plugged;
    using DiskFixture::request_hibernation;
    using DiskFixture::request_start;
    using DiskFixture::root_id;
    using DiskFixture::snapshot;
    using DiskFixture::snapshots_on_disk;
    using DiskFixture::start_instance;
    using DiskFixture::task;
    using DiskFixture::volume;
    using DiskFixture::volumes_on_disk;
    using WarmFixture::clone_id;
    using WarmFixture::clone_root_id;
    using WarmFixture::depth;
    using WarmFixture::first_id;
    using WarmFixture::is_launch_noted;
    using WarmFixture::is_warm;
    using WarmFixture::launch_of_image;
    using WarmFixture::make_template;
    using WarmFixture::only_template;
    using WarmFixture::settle_templates;

    using EngineFixture::folder_;
    using EngineFixture::hypervisor_;
    using EngineFixture::request_termination;
    using EngineFixture::run_until_quiet;
    using EngineFixture::state;
    using EngineFixture::volumes_;
};

void crash_everywhere(const World::Step& prepare,
                      const World::Step& step,
                      const World::Step& expect) {
    constexpr int points_max = 400;
    int point = 0;
    for (bool was_killed = true; was_killed; ++point) {
        ASSERT_LT(point, points_max) << "it never ends";
        SCOPED_TRACE("killed at point " + std::to_string(point));
        World world;
        prepare(world);
        was_killed = world.killed_in(step, point);
        world.expect_in_order();
        expect(world);
        if (testing::Test::HasFailure())
            return;
    }
    EXPECT_GT(point, 2) << "no step was found to crash between";
}

TEST(CrashOfTheDaemon, WhileSnapshotsOfASetAreTaken) {
    crash_everywhere([](World& w) { w.with_data_volume(); },
                     [](World& w) {
                         w.create_snapshot(first, w.root_id, "set-1");
                         w.create_snapshot(second, w.data_id, "set-1");
                     },
                     [](World& w) {
                         EXPECT_EQ(w.snapshot(first)->state, SnapshotState::completed);
                         EXPECT_EQ(w.snapshot(second)->state, SnapshotState::completed);
                         EXPECT_EQ(w.snapshot(first)->taken_at, w.snapshot(second)->taken_at);
                     });
}

TEST(CrashOfTheDaemon, WhileSnapshotsOfAVolumeThatNobodyHasAreTaken) {
    crash_everywhere(
        [](World& w) {
            w.start_instance();
            w.create_volume(w.data_id);
            w.run_until_quiet();
        },
        [](World& w) {
            w.create_snapshot(first, w.data_id);
            w.create_snapshot(second, w.data_id);
        },
        [](World& w) {
            EXPECT_EQ(w.snapshot(first)->state, SnapshotState::completed);
            EXPECT_EQ(w.snapshot(second)->state, SnapshotState::completed);
        });
}

TEST(CrashOfTheDaemon, WhileASnapshotIsTakenAndDeletedAtOnce) {
    crash_everywhere([](World& w) { w.start_instance(); },
                     [](World& w) {
                         w.create_snapshot(first, w.root_id);
                         w.run_until_quiet();
                         w.delete_snapshot(first);
                     },
                     [](World& w) {
                         if (w.snapshot(first)) { // killed before anybody asked for its deletion
                             EXPECT_EQ(w.snapshot(first)->state, SnapshotState::completed);
                             w.delete_snapshot(first);
                             w.settle_down();
                         }
                         EXPECT_FALSE(w.snapshot(first));
                         EXPECT_THAT(w.snapshots_on_disk(), testing::ElementsAre(w.base_id));
                         w.expect_in_order();
                     });
}

TEST(CrashOfTheDaemon, WhileVolumesComeAndGo) {
    crash_everywhere([](World& w) { w.with_data_volume(); },
                     [](World& w) {
                         w.create_volume(w.other_id, w.base_id);
                         w.detach(w.data_id);
                     },
                     [](World& w) {
                         EXPECT_EQ(w.volume(w.other_id)->state, VolumeState::available);
                         EXPECT_EQ(w.volume(w.data_id)->state, VolumeState::available);
                         EXPECT_THAT(w.plugged(), testing::ElementsAre(w.root_id));
                     });
}

TEST(CrashOfTheDaemon, WhileAVolumeIsAttachedAndGrown) {
    crash_everywhere(
        [](World& w) {
            w.start_instance();
            w.create_volume(w.data_id);
            w.run_until_quiet();
        },
        [](World& w) {
            w.attach(w.data_id);
            w.modify(w.data_id, 20, 4000);
        },
        [](World& w) {
            EXPECT_EQ(w.volume(w.data_id)->attachment, domain::AttachmentState::attached);
            EXPECT_EQ(w.modification(w.data_id).state, "completed");
            EXPECT_EQ(w.volumes_.open(w.data_id)->size_gib, 20);
        });
}

TEST(CrashOfTheDaemon, WhileAnImageIsMadeWithAReboot) {
    crash_everywhere([](World& w) { w.with_data_volume(); },
                     [](World& w) { w.create_image(/*reboot=*/true); },
                     [](World& w) {
                         EXPECT_EQ(w.image().state, "available");
                         EXPECT_EQ(w.state(w.instance_id), InstanceState::running);
                         EXPECT_THAT(w.plugged(),
                                     testing::UnorderedElementsAre(w.root_id, w.data_id));
                     });
}

TEST(CrashOfTheDaemon, WhileAnInstanceStartsAndEnds) {
    crash_everywhere([](World&) {},
                     [](World& w) {
                         w.start_instance();
                         w.request_termination(w.instance_id);
                     },
                     [](World& w) {
                         if (w.state(w.instance_id) == InstanceState::running) {
                             w.request_termination(w.instance_id);
                             w.settle_down();
                         }
                         EXPECT_EQ(w.state(w.instance_id), InstanceState::terminated);
                         EXPECT_THAT(w.volumes_on_disk(), IsEmpty());
                         EXPECT_THAT(w.findings(), IsEmpty());
                     });
}

TEST(CrashOfTheDaemon, WhileAnInstanceHibernatesAndWakes) {
    crash_everywhere([](World& w) { w.with_data_volume(); },
                     [](World& w) {
                         w.request_hibernation(w.instance_id);
                         w.run_until_quiet();
                         w.request_start(w.instance_id);
                     },
                     [](World& w) {
                         if (w.state(w.instance_id) == InstanceState::stopped) {
                             EXPECT_TRUE(w.hypervisor_.is_hibernating(w.instance_id));
                             w.request_start(w.instance_id);
                             w.settle_down();
                         }
                         EXPECT_EQ(w.state(w.instance_id), InstanceState::running);
                         EXPECT_FALSE(w.hypervisor_.is_hibernating(w.instance_id));
                         EXPECT_THAT(w.plugged(),
                                     testing::UnorderedElementsAre(w.root_id, w.data_id));
                     });
}

TEST(CrashOfTheDaemon, WhileAnInstanceIsForked) {
    crash_everywhere([](World& w) { w.start_instance(); },
                     [](World& w) { w.fork_instance(); },
                     [](World& w) {
                         EXPECT_EQ(w.state(w.copy_id), InstanceState::running);
                         EXPECT_FALSE(w.is_forking());
                         EXPECT_THAT(*w.hypervisor_.templates(), IsEmpty());
                         EXPECT_THAT(w.snapshots_on_disk(), testing::ElementsAre(w.base_id));
                     });
}

TEST(CrashOfTheDaemon, WhileLayersAreJoined) {
    crash_everywhere(
        [](World& w) {
            w.start_instance();
            for (const auto& id : {first, second}) {
                w.create_snapshot(id, w.root_id);
                w.run_until_quiet();
            }
        },
        [](World& w) {
            w.delete_snapshot(first);
            w.delete_snapshot(second);
        },
        [](World& w) { EXPECT_THAT(w.snapshots_on_disk(), testing::ElementsAre(w.base_id)); });
}

TEST(CrashOfTheDaemon, WhileAWarmTemplateIsMade) {
    crash_everywhere([](World&) {},
                     [](World& w) { w.make_template(); },
                     [](World& w) {
                         w.settle_templates();
                         const auto made = w.only_template();
                         EXPECT_EQ(made.state, domain::WarmTemplateState::ready);
                         EXPECT_EQ(w.hypervisor_.templates()->size(), 1u);
                         EXPECT_THAT(w.volumes_on_disk(), testing::ElementsAre(w.root_id));
                         EXPECT_THAT(w.snapshots_on_disk(),
                                     testing::UnorderedElementsAre(w.base_id, made.snapshot_id));
                     });
}

// However it ends, a guest that booted has a disk of its image, and one that was told who it is has
// one of the template.
TEST(CrashOfTheDaemon, WhileAnInstanceIsStartedFromAWarmTemplate) {
    crash_everywhere([](World& w) { w.make_template(); },
                     [](World& w) { w.launch_of_image(w.clone_id); },
                     [](World& w) {
                         EXPECT_EQ(w.state(w.clone_id), InstanceState::running);
                         EXPECT_FALSE(w.is_launch_noted(w.clone_id));
                         const size_t over = w.is_warm(w.clone_id) ? 1 : 0;
                         EXPECT_EQ(w.depth(w.clone_root_id), w.depth(w.root_id) + over);
                     });
}

TEST(CrashOfTheDaemon, WhileAStartFromAWarmTemplateFails) {
    crash_everywhere([](World& w) { w.make_template(); },
                     [](World& w) {
                         w.hypervisor_.fail_next("start_from", {errors::timeout, "no answer"});
                         w.launch_of_image(w.clone_id);
                     },
                     [](World& w) {
                         EXPECT_EQ(w.state(w.clone_id), InstanceState::running);
                         EXPECT_FALSE(w.is_launch_noted(w.clone_id));
                         const size_t over = w.is_warm(w.clone_id) ? 1 : 0;
                         EXPECT_EQ(w.depth(w.clone_root_id), w.depth(w.root_id) + over);
                     });
}

TEST(CrashOfTheDaemon, WhileAWarmLaunchIsTerminatedAtOnce) {
    crash_everywhere([](World& w) { w.make_template(); },
                     [](World& w) {
                         w.launch_of_image(w.clone_id);
                         w.run_until_quiet();
                         w.request_termination(w.clone_id);
                     },
                     [](World& w) {
                         if (w.state(w.clone_id) != InstanceState::terminated) {
                             w.request_termination(w.clone_id);
                             w.settle_down();
                         }
                         EXPECT_FALSE(w.is_launch_noted(w.clone_id));
                         EXPECT_THAT(w.volumes_on_disk(), testing::ElementsAre(w.root_id));
                         EXPECT_THAT(w.findings(), IsEmpty());
                     });
}

TEST(CrashOfTheDaemon, WhileADiskIsImported) {
    crash_everywhere(
        [](World& w) {
            w.start_instance();
            std::filesystem::create_directories(w.folder_ / "imports");
            std::ofstream(w.folder_ / "imports" / "disk.qcow2") << "content";
        },
        [](World& w) {
            auto task = w.make_task(domain::DiskTaskKind::import_image);
            task.source = "disk.qcow2";
            w.begin(task);
        },
        [](World& w) {
            EXPECT_EQ(w.task("import-ami-00000000000000001").state, "completed");
            EXPECT_EQ(w.image().state, "available");
        });
}

} // namespace
} // namespace pileus::engine
