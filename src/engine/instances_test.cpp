// SPDX-License-Identifier: Apache-2.0
#include "engine/engine_fixture.h"

namespace pileus::engine {
namespace {

using domain::InstanceState;
using drivers::MachineState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const std::string id = "i-0123456789abcdef0";

using InstanceController = EngineFixture;

TEST_F(InstanceController, StartsWhatIsPending) {
    launch();
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::running);
    EXPECT_EQ(hypervisor_.observe(id).state, MachineState::running);
    EXPECT_THAT(*network_.observe_interfaces(), ElementsAre("eni-0123456789abcdef0"));
    EXPECT_THAT(ledger(), ElementsAre("instance-started"));
    const auto volumes = store_->read(
        [&](store::Transaction& tx) { return store::volumes::list_of_instance(tx, id); });
    ASSERT_EQ(volumes.size(), 1u);
    EXPECT_EQ(volumes[0].state, domain::VolumeState::in_use);
    EXPECT_EQ(volumes[0].attachment, domain::AttachmentState::attached);
}

TEST_F(InstanceController, TriesAStartAgainBeforeGivingUp) {
    launch();
    hypervisor_.fail_next("start", {errors::unavailable, "no room"});
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::pending);
    pass(1s);
    EXPECT_EQ(state(id), InstanceState::running);
}

TEST_F(InstanceController, EndsALaunchThatCannotBeDoneWithTheReason) {
    launch();
    for (int attempt = 0; attempt < 3; ++attempt) {
        hypervisor_.fail_next("start", {errors::unavailable, "no room for it"});
        pass(5s);
    }
    EXPECT_EQ(state(id), InstanceState::terminated);
    EXPECT_EQ(row(id).state_reason_code, "Server.InternalError");
    EXPECT_THAT(row(id).state_reason_message, HasSubstr("no room for it"));
    EXPECT_THAT(ledger(), testing::Not(testing::Contains("instance-started")));
    EXPECT_THAT(*network_.observe_interfaces(), IsEmpty());
}

TEST_F(InstanceController, StopsAGuestThatObeysItsPowerButton) {
    launch();
    run_until_quiet();
    request_stop(id);
    run_until_quiet();
    // The hypervisor's word that the guest is down comes as it does from the daemon's wiring.
    engine_.look_at("instance", id);
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::stopped);
    EXPECT_EQ(hypervisor_.observe(id).state, MachineState::absent);
    EXPECT_THAT(ledger(), ElementsAre("instance-started", "instance-ended", "address-released"));
}

TEST_F(InstanceController, CutsADeafGuestOffAtTheDeadline) {
    launch();
    run_until_quiet();
    hypervisor_.make_deaf(id);
    request_stop(id);
    pass(60s);
    EXPECT_EQ(state(id), InstanceState::stopping);
    pass(61s);
    EXPECT_EQ(state(id), InstanceState::stopped);
}

TEST_F(InstanceController, ForcedStopDoesNotAskTheGuest) {
    launch();
    run_until_quiet();
    hypervisor_.make_deaf(id);
    request_stop(id);
    change(id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::stopped);
}

TEST_F(InstanceController, GuestThatSwitchesItselfOffStopsOrTerminatesAsItsBehaviourSays) {
    launch();
    launch("i-0123456789abcdef1");
    run_until_quiet();
    change("i-0123456789abcdef1",
           [](domain::Instance& i) { i.shutdown_behavior = domain::ShutdownBehavior::terminate; });
    for (const auto* instance : {"i-0123456789abcdef0", "i-0123456789abcdef1"}) {
        hypervisor_.shut_guest_down(instance);
        engine_.look_at("instance", instance);
    }
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::stopped);
    EXPECT_EQ(row(id).state_reason_code, "Client.InstanceInitiatedShutdown");
    EXPECT_EQ(state("i-0123456789abcdef1"), InstanceState::terminated);
}

TEST_F(InstanceController, DeadGuestIsStoppedWithTheReasonAndNoLongerCharged) {
    launch();
    run_until_quiet();
    hypervisor_.kill_guest(id, "killed by signal 9");
    engine_.look_at("instance", id);
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::stopped);
    EXPECT_EQ(row(id).state_reason_code, "Server.InternalError");
    EXPECT_THAT(row(id).state_reason_message, HasSubstr("killed by signal 9"));
    EXPECT_THAT(ledger(), ElementsAre("instance-started", "instance-ended", "address-released"));
}

TEST_F(InstanceController, RebootsByPowerOffAndReset) {
    launch();
    run_until_quiet();
    change(id, [&](domain::Instance& i) {
        i.reboots_requested = 1;
        i.stop_deadline = clock_.now() + 2min;
    });
    run_until_quiet();
    engine_.look_at("instance", id);
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::running);
    EXPECT_EQ(row(id).reboots_done, 1);
    EXPECT_EQ(hypervisor_.observe(id).state, MachineState::running);
    EXPECT_THAT(ledger(), ElementsAre("instance-started"));
}

TEST_F(InstanceController, FinishesARebootThatADeadDaemonHadBegun) {
    launch();
    run_until_quiet();
    change(id, [&](domain::Instance& i) {
        i.reboots_requested = 1;
        i.stop_deadline = clock_.now() + 2min;
        // The old guest was ended, and the daemon died before it started the new one.
        EXPECT_TRUE(hypervisor_.destroy(id));
    });
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::running);
    EXPECT_EQ(hypervisor_.observe(id).state, MachineState::running);
    EXPECT_THAT(ledger(), ElementsAre("instance-started"));
}

TEST_F(InstanceController, ResetsAGuestThatIsDeafToAReboot) {
    launch();
    run_until_quiet();
    hypervisor_.make_deaf(id);
    change(id, [&](domain::Instance& i) {
        i.reboots_requested = 1;
        i.stop_deadline = clock_.now() + 2min;
    });
    pass(60s);
    EXPECT_EQ(row(id).reboots_done, 0);
    pass(61s);
    EXPECT_EQ(row(id).reboots_done, 1);
    EXPECT_EQ(state(id), InstanceState::running);
}

TEST_F(InstanceController, TerminationFreesEverythingAndStaysVisibleForAnHour) {
    launch();
    run_until_quiet();
    request_termination(id);
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::terminated);
    EXPECT_THAT(*network_.observe_interfaces(), IsEmpty());
    EXPECT_THAT(*volumes_.observe(), IsEmpty());
    EXPECT_THAT(
        ledger(),
        ElementsAre("instance-started", "instance-ended", "address-released", "volume-deleted"));
    pass(59min);
    EXPECT_EQ(state(id), InstanceState::terminated);
    pass(2min);
    EXPECT_FALSE(
        store_->read([&](store::Transaction& tx) { return store::instances::find(tx, id); }));
}

TEST_F(InstanceController, VolumeThatIsToStayIsLeftAvailable) {
    launch();
    run_until_quiet();
    write([&](store::Transaction& tx) {
        auto volume = store::volumes::list_of_instance(tx, id).front();
        volume.delete_on_termination = false;
        store::volumes::update(tx, volume);
    });
    request_termination(id);
    run_until_quiet();
    const auto volume = store_->read(
        [&](store::Transaction& tx) { return store::volumes::find(tx, "vol-0123456789abcdef0"); });
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->state, domain::VolumeState::available);
    EXPECT_EQ(volume->instance_id, "");
    EXPECT_EQ(volumes_.observe()->size(), 1u);
}

TEST_F(InstanceController, RecoveryEndsGuestsThatNoRowWants) {
    launch();
    run_until_quiet();
    ASSERT_TRUE(hypervisor_.start({.instance_id = "i-00000000000000bad"}));
    ASSERT_TRUE(instances_.recover(*hypervisor_.recover(), false));
    run_until_quiet();
    EXPECT_EQ(hypervisor_.observe("i-00000000000000bad").state, MachineState::absent);
    EXPECT_EQ(state(id), InstanceState::running);
}

TEST_F(InstanceController, RecoveryFinishesWhatWasBegun) {
    launch();
    // The daemon died after the guest started and before the row said so.
    ASSERT_TRUE(hypervisor_.start({.instance_id = id}));
    ASSERT_TRUE(instances_.recover(*hypervisor_.recover(), false));
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::running);
    EXPECT_THAT(ledger(), ElementsAre("instance-started"));
}

TEST_F(InstanceController, MachineRestartLeavesInstancesStopped) {
    launch();
    run_until_quiet();
    hypervisor_.kill_guest(id, "gone with the machine");
    ASSERT_TRUE(instances_.recover({}, true));
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::stopped);
    EXPECT_THAT(row(id).state_reason_message, HasSubstr("restarted"));
}

TEST_F(InstanceController, StateChangedDuringAStepIsNotOverwritten) {
    launch();
    // Terminated while it was being started: as if the request came between the step's look and its
    // end.
    hypervisor_.on_change([&](const std::string&) {
        if (state(id) == InstanceState::pending)
            request_termination(id);
    });
    run_until_quiet();
    EXPECT_EQ(state(id), InstanceState::terminated);
    EXPECT_EQ(hypervisor_.observe(id).state, MachineState::absent);
    EXPECT_THAT(ledger(), testing::Not(testing::Contains("instance-started")));
}

} // namespace
} // namespace pileus::engine
