// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_fixture.h"
#include "engine/forks.h"

namespace pileus::engine {
namespace {

using domain::InstanceState;
using drivers::MachineState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class ForkSteps : public DiskFixture {
  protected:
    ForkSteps() {
        start_instance();
        run_until_quiet();
    }
};

TEST_F(ForkSteps, StartsAnInstanceOfItsOwnFromTheCopyAndTakesTheCopyAway) {
    fork_instance();
    run_until_quiet();
    pass(2s);
    EXPECT_EQ(state(copy_id), InstanceState::running);
    EXPECT_EQ(state(instance_id), InstanceState::running);
    const auto identity = hypervisor_.identity(copy_id);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->instance_id, copy_id);
    EXPECT_EQ(identity->address, "172.31.0.12");
    EXPECT_TRUE(row(copy_id).guest_seen_at);
    EXPECT_FALSE(is_forking());
    EXPECT_THAT(*hypervisor_.templates(), IsEmpty());
    EXPECT_THAT(snapshots_on_disk(), ElementsAre(base_id));
    EXPECT_THAT(findings(), IsEmpty());
    expect_guest_follows(root_id);
}

TEST_F(ForkSteps, LaterStartsBoot) {
    fork_instance();
    run_until_quiet();
    pass(2s);
    request_stop(copy_id);
    run_until_quiet();
    engine_.look_at("instance", copy_id);
    run_until_quiet();
    request_start(copy_id);
    run_until_quiet();
    EXPECT_EQ(state(copy_id), InstanceState::running);
    EXPECT_FALSE(hypervisor_.identity(copy_id)) << "nobody tells it who it is";
}

TEST_F(ForkSteps, SourceThatIsGoneEndsTheLaunchWithTheReason) {
    fork_instance();
    request_stop(instance_id);
    run_until_quiet();
    pass(2s);
    EXPECT_EQ(state(copy_id), InstanceState::terminated);
    EXPECT_THAT(row(copy_id).state_reason_message, HasSubstr("could not be copied"));
    EXPECT_FALSE(is_forking());
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(ForkSteps, CopyThatFailsIsTriedAgain) {
    hypervisor_.fail_next("copy_running", {errors::unavailable, "busy"});
    fork_instance();
    run_until_quiet();
    pass(1s);
    pass(2s);
    EXPECT_EQ(state(copy_id), InstanceState::running);
}

TEST_F(ForkSteps, InstanceThatDoesNotBecomeItselfIsEnded) {
    fork_instance();
    for (int attempt = 0; attempt < 3; ++attempt) {
        hypervisor_.fail_next("start_from", {errors::timeout, "the agent does not answer"});
        pass(5s);
    }
    pass(2s);
    EXPECT_EQ(state(copy_id), InstanceState::terminated);
    EXPECT_THAT(row(copy_id).state_reason_message, HasSubstr("the agent does not answer"));
    EXPECT_EQ(state(instance_id), InstanceState::running);
    EXPECT_FALSE(is_forking());
    EXPECT_THAT(*hypervisor_.templates(), IsEmpty());
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(ForkSteps, OneThatIsTerminatedBeforeItStartedLeavesNothing) {
    fork_instance();
    request_termination(copy_id);
    run_until_quiet();
    pass(2s);
    EXPECT_EQ(state(copy_id), InstanceState::terminated);
    EXPECT_FALSE(is_forking());
    EXPECT_THAT(snapshots_on_disk(), ElementsAre(base_id));
    EXPECT_THAT(findings(), IsEmpty());
}

} // namespace
} // namespace pileus::engine
