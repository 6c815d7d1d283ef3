// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_fixture.h"

namespace pileus::engine {
namespace {

using domain::InstanceState;
using domain::SnapshotState;
using domain::VolumeState;
using drivers::MachineState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

const std::string id = "snap-00000000000000001", second_id = "snap-00000000000000002";

using SnapshotController = DiskFixture;

TEST_F(SnapshotController, TakesOneOfAVolumeThatNobodyHasOpen) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot(id, data_id);
    run_until_quiet();
    EXPECT_EQ(snapshot(id)->state, SnapshotState::completed);
    EXPECT_EQ(snapshot(id)->progress_percent, 100);
    EXPECT_TRUE(snapshot(id)->taken_at);
    EXPECT_TRUE(snapshot(id)->completed_at);
    EXPECT_EQ(volumes_.open(data_id)->layers.size(), 2u);
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(SnapshotController, SwitchesARunningGuestToItsNextLayer) {
    start_instance();
    const auto before = hypervisor_.disk(instance_id, root_id)->path;
    create_snapshot(id, root_id);
    run_until_quiet();
    EXPECT_EQ(snapshot(id)->state, SnapshotState::completed);
    EXPECT_NE(hypervisor_.disk(instance_id, root_id)->path, before);
    expect_guest_follows(root_id);
    EXPECT_FALSE(volumes_.pending_switch(root_id));
}

TEST_F(SnapshotController, TakesASetTogetherWhoeverComesFirst) {
    start_instance();
    create_volume(data_id);
    run_until_quiet();
    attach(data_id);
    run_until_quiet();
    create_snapshot(id, root_id, "set-1", /*at_once=*/false);
    create_snapshot(second_id, data_id, "set-1");
    run_until_quiet();
    EXPECT_EQ(snapshot(id)->state, SnapshotState::completed);
    EXPECT_EQ(snapshot(second_id)->state, SnapshotState::completed);
    EXPECT_EQ(snapshot(id)->taken_at, snapshot(second_id)->taken_at);
    expect_guest_follows(root_id);
    expect_guest_follows(data_id);
}

TEST_F(SnapshotController, AFailedSwitchLeavesNothingAndIsRepeated) {
    start_instance();
    create_volume(data_id);
    run_until_quiet();
    attach(data_id);
    run_until_quiet();
    hypervisor_.fail_next("switch_layers", {errors::timeout, "the guest's process is busy"});
    create_snapshot(id, root_id, "set-1");
    create_snapshot(second_id, data_id, "set-1");
    ASSERT_EQ(engine_.run_due() > 0, true);
    // The first attempt failed; the second snapshot's own work took both.
    EXPECT_EQ(snapshot(second_id)->state, SnapshotState::completed);
    pass(1s);
    EXPECT_EQ(snapshot(id)->state, SnapshotState::completed);
    EXPECT_EQ(snapshot(id)->taken_at, snapshot(second_id)->taken_at);
    expect_guest_follows(root_id);
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(SnapshotController, OneThatCannotBeTakenIsInErrorWithTheReason) {
    start_instance();
    create_snapshot(id, root_id);
    for (int i = 0; i < 12; ++i) {
        hypervisor_.fail_next("switch_layers", {errors::unavailable, "it does not work"});
        pass(1min);
    }
    EXPECT_EQ(snapshot(id)->state, SnapshotState::error);
    EXPECT_THAT(snapshot(id)->state_message, HasSubstr("does not work"));
    expect_guest_follows(root_id);
    EXPECT_THAT(snapshots_on_disk(), ElementsAre(base_id));
}

TEST_F(SnapshotController, VolumeWaitsForItsSnapshotBeforeItGoes) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot(id, data_id, "", /*at_once=*/false);
    delete_volume(data_id);
    run_until_quiet();
    EXPECT_TRUE(volume(data_id));
    change_snapshot_work(id);
    pass(1s);
    EXPECT_EQ(snapshot(id)->state, SnapshotState::completed);
    EXPECT_FALSE(volume(data_id));
    EXPECT_THAT(snapshots_on_disk(), Contains(id));
}

TEST_F(SnapshotController, DeletionWaitsForVolumesThatAreMadeOfIt) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot(id, data_id);
    run_until_quiet();
    create_volume(other_id, id);
    delete_snapshot(id);
    run_until_quiet();
    pass(1s);
    EXPECT_EQ(volume(other_id)->state, VolumeState::available);
    EXPECT_FALSE(snapshot(id));
    EXPECT_THAT(snapshots_on_disk(), Not(Contains(id)));
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(SnapshotController, DeletionInAnyOrderKeepsWhatOthersNeed) {
    start_instance();
    const std::vector<std::string> ids{
        "snap-00000000000000011", "snap-00000000000000012", "snap-00000000000000013"};
    for (const auto& each : ids) {
        volumes_.write(root_id, 1 << 20);
        create_snapshot(each, root_id);
        run_until_quiet();
    }
    delete_snapshot(ids[1]);
    run_until_quiet();
    delete_snapshot(ids[0]);
    run_until_quiet();
    EXPECT_THAT(snapshots_on_disk(), UnorderedElementsAre(base_id, ids[2]));
    expect_guest_follows(root_id);
    EXPECT_EQ(hypervisor_.disk(instance_id, root_id)->backing.size() + 1,
              volumes_.open(root_id)->layers.size());
    create_volume(data_id, ids[2]);
    run_until_quiet();
    EXPECT_EQ(volume(data_id)->state, VolumeState::available);
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(SnapshotController, CopiesWithAndWithoutEncryption) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot(id, data_id);
    run_until_quiet();
    copy_snapshot(second_id, id, false);
    copy_snapshot("snap-00000000000000003", id, true);
    run_until_quiet();
    for (const auto& each : {second_id, std::string("snap-00000000000000003")})
        EXPECT_EQ(snapshot(each)->state, SnapshotState::completed) << each;
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(SnapshotController, CopyOfWhatIsGoneIsInError) {
    copy_snapshot(second_id, "snap-00000000000000bad", false);
    run_until_quiet();
    EXPECT_EQ(snapshot(second_id)->state, SnapshotState::error);
}

// ---- images -------------------------------------------------------------------------------------

using ImageController = DiskFixture;

TEST_F(ImageController, IsAvailableWhenItsSnapshotsAre) {
    start_instance();
    create_image(/*reboot=*/false);
    run_until_quiet();
    EXPECT_EQ(image().state, "available");
    EXPECT_EQ(snapshot(image_snapshot_id)->state, SnapshotState::completed);
    EXPECT_EQ(row(instance_id).reboots_done, 0);
}

TEST_F(ImageController, WithARebootIsTakenWhileTheGuestIsDown) {
    start_instance();
    hypervisor_.make_deaf(instance_id);
    create_image(/*reboot=*/true);
    run_until_quiet();
    EXPECT_EQ(row(instance_id).reboots_requested, 1);
    pass(30s);
    EXPECT_EQ(image().state, "pending");
    EXPECT_FALSE(snapshot(image_snapshot_id)->taken_at) << "the guest still runs";
    const auto before = hypervisor_.disk(instance_id, root_id)->path;
    pass(2min);
    pass(1s);
    EXPECT_EQ(image().state, "available");
    EXPECT_EQ(state(instance_id), InstanceState::running);
    EXPECT_EQ(row(instance_id).reboots_done, 1);
    EXPECT_EQ(hypervisor_.observe(instance_id).state, MachineState::running);
    EXPECT_NE(hypervisor_.disk(instance_id, root_id)->path, before);
    expect_guest_follows(root_id);
    EXPECT_THAT(ledger(), ElementsAre("instance-started", "snapshot-completed"));
}

TEST_F(ImageController, FailsWithTheReasonOfItsSnapshot) {
    start_instance();
    create_image(/*reboot=*/false);
    for (int i = 0; i < 12; ++i) {
        hypervisor_.fail_next("switch_layers", {errors::unavailable, "it does not work"});
        pass(1min);
    }
    EXPECT_EQ(image().state, "failed");
    EXPECT_THAT(image().state_reason, HasSubstr("does not work"));
}

TEST_F(ImageController, OfAnInstanceThatIsTerminatedMeanwhileIsTakenAtItsEnd) {
    start_instance();
    hypervisor_.make_deaf(instance_id);
    create_image(/*reboot=*/true);
    run_until_quiet();
    request_termination(instance_id);
    run_until_quiet();
    pass(1s);
    EXPECT_EQ(state(instance_id), InstanceState::terminated);
    EXPECT_EQ(image().state, "available");
    EXPECT_FALSE(volume(root_id));
    EXPECT_THAT(findings(), IsEmpty());
}

} // namespace
} // namespace pileus::engine
