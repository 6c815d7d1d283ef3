// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_fixture.h"

namespace pileus::engine {
namespace {

using domain::AttachmentState;
using domain::InstanceState;
using domain::VolumeState;
using drivers::MachineState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

using VolumeController = DiskFixture;

const std::string id = "vol-00000000000000001";

TEST_F(VolumeController, MakesWhatIsCreating) {
    create_volume(id);
    create_volume("vol-00000000000000002", "snap-0123456789abcdef0");
    run_until_quiet();
    EXPECT_EQ(volume(id)->state, VolumeState::available);
    EXPECT_EQ(volume("vol-00000000000000002")->state, VolumeState::available);
    EXPECT_THAT(volumes_on_disk(), ElementsAre(id, "vol-00000000000000002"));
}

TEST_F(VolumeController, OneThatCannotBeMadeIsInError) {
    create_volume(id, "snap-00000000000000bad");
    run_until_quiet();
    EXPECT_EQ(volume(id)->state, VolumeState::creating);
    pass(1min);
    pass(1min);
    pass(1min);
    pass(1min);
    EXPECT_EQ(volume(id)->state, VolumeState::error);
}

TEST_F(VolumeController, PlugsIntoARunningGuestAndPullsAgain) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    EXPECT_EQ(volume(id)->attachment, AttachmentState::attached);
    EXPECT_TRUE(volume(id)->attached_at);
    EXPECT_THAT(plugged(), UnorderedElementsAre(root_id, id));
    EXPECT_EQ(hypervisor_.disk(instance_id, id)->limits.iops, 3000);
    detach(id);
    run_until_quiet();
    EXPECT_THAT(plugged(), ElementsAre(root_id));
    EXPECT_EQ(volume(id)->state, VolumeState::available);
    EXPECT_EQ(volume(id)->instance_id, "");
    EXPECT_EQ(volume(id)->device, "");
}

TEST_F(VolumeController, StaysDetachingUntilTheGuestLetsGoOrItIsForced) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    hypervisor_.make_deaf(instance_id);
    detach(id);
    pass(5min);
    EXPECT_EQ(volume(id)->attachment, AttachmentState::detaching);
    EXPECT_THAT(plugged(), UnorderedElementsAre(root_id, id));
    detach(id, /*force=*/true);
    run_until_quiet();
    EXPECT_EQ(volume(id)->state, VolumeState::available);
}

TEST_F(VolumeController, OneThatCannotBePluggedInIsLetGo) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    for (int i = 0; i < 8; ++i) {
        hypervisor_.fail_next("attach_disk", {errors::unavailable, "no slot is free"});
        pass(1min);
    }
    EXPECT_EQ(volume(id)->state, VolumeState::available);
    EXPECT_THAT(plugged(), ElementsAre(root_id));
}

TEST_F(VolumeController, WaitsForAGuestThatIsBeingRebooted) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    hypervisor_.kill_guest(instance_id, "rebooting");
    attach(id);
    write([&](store::Transaction& tx) { // only the volume is looked at
        store::work::enqueue(tx, "volume", id, host_id, clock_.now());
    });
    for (int i = 0; i < 20; ++i)
        pass(1min);
    EXPECT_EQ(volume(id)->attachment, AttachmentState::attaching);
    engine_.look_at("instance", instance_id);
    run_until_quiet();
    pass(1s);
    EXPECT_EQ(volume(id)->attachment, AttachmentState::attached) << "to a stopped instance";
}

TEST_F(VolumeController, FollowsAStoppedInstanceWithoutAGuest) {
    start_instance();
    request_stop(instance_id);
    change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    EXPECT_EQ(volume(id)->attachment, AttachmentState::attached);
    detach(root_id); // the root volume, which only a stopped instance gives away
    run_until_quiet();
    EXPECT_EQ(volume(root_id)->state, VolumeState::available);
}

TEST_F(VolumeController, AttachedOrDetachedWhileTheGuestStartsIsSoAfterwards) {
    start_instance();
    create_volume(id);
    create_volume("vol-00000000000000002");
    run_until_quiet();
    attach("vol-00000000000000002", "/dev/sdg");
    run_until_quiet();
    request_stop(instance_id);
    change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    // Between the look at the rows and the end of the start.
    bool done = false;
    hypervisor_.on_change([&](const std::string&) {
        if (std::exchange(done, true))
            return;
        attach(id);
        detach("vol-00000000000000002");
    });
    change(instance_id, [&](domain::Instance& i) {
        i.state = InstanceState::pending;
        i.start_count += 1;
    });
    run_until_quiet();
    ASSERT_TRUE(done);
    EXPECT_EQ(volume(id)->attachment, AttachmentState::attached);
    EXPECT_EQ(volume("vol-00000000000000002")->state, VolumeState::available);
    EXPECT_THAT(plugged(), UnorderedElementsAre(root_id, id));
}

TEST_F(VolumeController, DetachedWhileTheGuestGoesDownIsFreeAfterwards) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    hypervisor_.make_deaf(instance_id);
    request_stop(instance_id);
    detach(id);
    run_until_quiet();
    EXPECT_EQ(volume(id)->attachment, AttachmentState::detaching);
    pass(3min);
    EXPECT_EQ(state(instance_id), InstanceState::stopped);
    EXPECT_EQ(volume(id)->state, VolumeState::available);
}

TEST_F(VolumeController, TerminationTakesThoseThatGoWithTheInstance) {
    start_instance();
    create_volume(id);
    create_volume("vol-00000000000000002");
    run_until_quiet();
    attach(id);
    attach("vol-00000000000000002", "/dev/sdg");
    change_volume("vol-00000000000000002",
                  [](domain::Volume& v) { v.delete_on_termination = true; });
    run_until_quiet();
    request_termination(instance_id);
    run_until_quiet();
    EXPECT_EQ(volume(id)->state, VolumeState::available);
    EXPECT_FALSE(volume("vol-00000000000000002"));
    EXPECT_FALSE(volume(root_id));
    EXPECT_THAT(volumes_on_disk(), ElementsAre(id));
    EXPECT_THAT(ledger(), testing::Contains("volume-deleted").Times(2));
}

TEST_F(VolumeController, AnInstanceWithoutARootVolumeDoesNotStart) {
    start_instance();
    request_stop(instance_id);
    change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    detach(root_id);
    run_until_quiet();
    change(instance_id, [&](domain::Instance& i) {
        i.state = InstanceState::pending;
        i.start_count += 1;
    });
    for (int i = 0; i < 4; ++i)
        pass(1min);
    EXPECT_EQ(state(instance_id), InstanceState::stopped);
    EXPECT_THAT(row(instance_id).state_reason_message, testing::HasSubstr("no root volume"));
}

TEST_F(VolumeController, GrowsAndIsLimitedUnderARunningGuest) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    modify(id, 20, 5000);
    run_until_quiet();
    EXPECT_EQ(modification(id).state, "completed");
    EXPECT_EQ(modification(id).progress_percent, 100);
    EXPECT_EQ(hypervisor_.disk(instance_id, id)->size_gib, 20);
    EXPECT_EQ(hypervisor_.disk(instance_id, id)->limits.iops, 5000);
    EXPECT_EQ(volumes_.open(id)->size_gib, 20);
}

TEST_F(VolumeController, GrowsWhileNobodyHasIt) {
    create_volume(id);
    run_until_quiet();
    modify(id, 20, 3000);
    run_until_quiet();
    EXPECT_EQ(modification(id).state, "completed");
    EXPECT_EQ(volumes_.open(id)->size_gib, 20);
}

TEST_F(VolumeController, ModificationThatFailsIsTriedAgain) {
    start_instance();
    create_volume(id);
    run_until_quiet();
    attach(id);
    run_until_quiet();
    hypervisor_.fail_next("resize_disk", {errors::unavailable, "busy"});
    modify(id, 20, 3000);
    run_until_quiet();
    EXPECT_EQ(modification(id).state, "modifying");
    pass(1s);
    EXPECT_EQ(modification(id).state, "completed");
}

TEST_F(VolumeController, DeletionRemovesTheDiskThenTheRow) {
    create_volume(id);
    run_until_quiet();
    delete_volume(id);
    run_until_quiet();
    EXPECT_FALSE(volume(id));
    EXPECT_THAT(volumes_on_disk(), IsEmpty());
}

TEST_F(VolumeController, GuestThatFindsNoSpaceIsImpairedUntilThereIsRoom) {
    start_instance();
    free_ = 0;
    hypervisor_.run_out_of_space(instance_id);
    engine_.look_at("instance", instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::running);
    EXPECT_THAT(row(instance_id).impairment, testing::HasSubstr("no space left"));
    EXPECT_EQ(row(instance_id).impaired_since, clock_.now());
    pass(1min);
    EXPECT_EQ(hypervisor_.observe(instance_id).state, MachineState::paused);
    free_ = int64_t{1} << 30;
    pass(6s);
    pass(6s);
    EXPECT_EQ(hypervisor_.observe(instance_id).state, MachineState::running);
    EXPECT_EQ(row(instance_id).impairment, "");
    EXPECT_FALSE(row(instance_id).impaired_since);
}

} // namespace
} // namespace pileus::engine
