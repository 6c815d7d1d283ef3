// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_fixture.h"
#include "engine/hibernation.h"

namespace pileus::engine {
namespace {

using domain::Hibernation;
using domain::InstanceState;
using drivers::MachineState;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class HibernationSteps : public DiskFixture {
  protected:
    HibernationSteps() {
        start_instance();
        run_until_quiet();
    }
    std::vector<std::string> instance_ledger() {
        auto kinds = ledger();
        std::erase_if(kinds, [](const auto& kind) { return !kind.starts_with("instance-"); });
        return kinds;
    }
};

TEST_F(HibernationSteps, KeepsTheMemoryAndGoesOnFromIt) {
    request_hibernation(instance_id);
    EXPECT_THAT(instance_ledger(), ElementsAre("instance-started")) << "saving is charged";
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::stopped);
    EXPECT_EQ(row(instance_id).hibernation, Hibernation::saved);
    EXPECT_TRUE(hypervisor_.is_hibernating(instance_id));
    EXPECT_EQ(hypervisor_.observe(instance_id).state, MachineState::absent);
    EXPECT_THAT(instance_ledger(), ElementsAre("instance-started", "instance-ended"));

    request_start(instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::running);
    EXPECT_EQ(row(instance_id).hibernation, Hibernation::none);
    EXPECT_TRUE(row(instance_id).guest_seen_at) << "it was up, and is";
    EXPECT_FALSE(hypervisor_.is_hibernating(instance_id));
    EXPECT_EQ(hypervisor_.observe(instance_id).state, MachineState::running);
    EXPECT_THAT(plugged(), ElementsAre(root_id));
}

TEST_F(HibernationSteps, ShutsDownWhenTheMemoryCannotBeKept) {
    hypervisor_.fail_next("hibernate", {errors::unavailable, "no space left on device"});
    request_hibernation(instance_id);
    run_until_quiet();
    engine_.look_at("instance", instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::stopped);
    EXPECT_EQ(row(instance_id).hibernation, Hibernation::none);
    EXPECT_EQ(row(instance_id).state_reason_code, "Server.InternalError");
    EXPECT_THAT(row(instance_id).state_reason_message, HasSubstr("no space left on device"));
    EXPECT_THAT(instance_ledger(), ElementsAre("instance-started", "instance-ended"));
    request_start(instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::running);
}

TEST_F(HibernationSteps, BootsWhenItCannotGoOn) {
    request_hibernation(instance_id);
    run_until_quiet();
    hypervisor_.fail_next("wake", {errors::invalid, "of another machine type"});
    request_start(instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::running);
    EXPECT_EQ(row(instance_id).hibernation, Hibernation::none);
    EXPECT_FALSE(hypervisor_.is_hibernating(instance_id));
    EXPECT_FALSE(row(instance_id).guest_seen_at) << "a guest that boots is heard of when it is";
}

TEST_F(HibernationSteps, GuestThatDiedMeanwhileIsStoppedWithoutMemory) {
    hypervisor_.kill_guest(instance_id, "killed by signal 9");
    request_hibernation(instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::stopped);
    EXPECT_EQ(row(instance_id).hibernation, Hibernation::none);
}

TEST_F(HibernationSteps, TerminationForgetsTheMemory) {
    request_hibernation(instance_id);
    run_until_quiet();
    request_termination(instance_id);
    run_until_quiet();
    EXPECT_EQ(state(instance_id), InstanceState::terminated);
    EXPECT_FALSE(hypervisor_.is_hibernating(instance_id));
}

TEST_F(HibernationSteps, HardwareIsThatOfTheFirstStart) {
    EXPECT_EQ(row(instance_id).hardware, "emulated");
    change(instance_id, [](domain::Instance& i) { i.hardware = "older"; });
    request_hibernation(instance_id);
    run_until_quiet();
    request_start(instance_id);
    run_until_quiet();
    EXPECT_EQ(row(instance_id).hardware, "older");
}

} // namespace
} // namespace pileus::engine
