// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_fixture.h"

namespace pileus::engine {
namespace {

using domain::InstanceState;
using domain::WarmTemplateState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

using WarmTemplates = WarmFixture;

TEST_F(WarmTemplates, FirstLaunchBootsAndATemplateIsMadeAfterIt) {
    make_template();
    EXPECT_EQ(state(first_id), InstanceState::running);
    EXPECT_FALSE(is_warm(first_id));
    const auto made = only_template();
    EXPECT_EQ(made.state, WarmTemplateState::ready);
    EXPECT_EQ(made.image_id, agent_image_id);
    EXPECT_EQ(made.instance_type, "t3.micro");
    EXPECT_EQ(made.account_id, "") << "the image is public";
    EXPECT_EQ(made.fingerprint, hypervisor_.template_fingerprint());
    EXPECT_GT(made.memory_bytes, 0);
    EXPECT_THAT(volumes_on_disk(), ElementsAre(root_id)) << "its own is gone";
    EXPECT_THAT(snapshots_on_disk(), testing::UnorderedElementsAre(base_id, made.snapshot_id));
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(WarmTemplates, LaterLaunchesStartFromIt) {
    make_template();
    launch_of_image(clone_id);
    run_until_quiet();
    EXPECT_EQ(state(clone_id), InstanceState::running);
    const auto identity = hypervisor_.identity(clone_id);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->instance_id, clone_id);
    EXPECT_EQ(identity->host_name, "ip-172-31-0-12");
    EXPECT_EQ(identity->address, "172.31.0.12");
    EXPECT_EQ(identity->prefix_length, 20);
    EXPECT_EQ(identity->gateway, "172.31.0.1");
    EXPECT_THAT(identity->dns_servers, ElementsAre("172.31.0.2"));
    EXPECT_EQ(identity->domain, "ec2.internal");
    EXPECT_EQ(volume(clone_root_id)->state, domain::VolumeState::in_use);
    EXPECT_EQ(volume(clone_root_id)->attachment, domain::AttachmentState::attached);
    EXPECT_EQ(volume(clone_root_id)->snapshot_id, base_id) << "as the user sees it";
    EXPECT_EQ(depth(clone_root_id), depth(root_id) + 1) << "over the template's disk";
    EXPECT_EQ(only_template().hits, 1);
    EXPECT_FALSE(is_launch_noted(clone_id));
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(WarmTemplates, NoTwoClonesAreTheSame) {
    make_template();
    launch_of_image(clone_id);
    launch_of_image("i-0123456789abcdef2");
    run_until_quiet();
    const auto a = *hypervisor_.identity(clone_id);
    const auto b = *hypervisor_.identity("i-0123456789abcdef2");
    EXPECT_NE(a.host_key_seed, b.host_key_seed);
    EXPECT_NE(a.machine_id, b.machine_id);
    EXPECT_NE(a.boot_id, b.boot_id);
    EXPECT_NE(a.random_seed, b.random_seed);
    EXPECT_NE(a.address, b.address);
    EXPECT_THAT(a.boot_id,
                testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+"));
    EXPECT_THAT(a.machine_id, SizeIs(32));
}

TEST_F(WarmTemplates, OneThatCannotBeStartedBootsInTheSameLaunch) {
    make_template();
    hypervisor_.fail_next("start_from", {errors::timeout, "the agent did not answer"});
    launch_of_image(clone_id);
    run_until_quiet();
    EXPECT_EQ(state(clone_id), InstanceState::running);
    EXPECT_FALSE(is_warm(clone_id));
    EXPECT_EQ(depth(clone_root_id), depth(root_id)) << "made again of the image";
    EXPECT_EQ(only_template().fallbacks, 1);
    EXPECT_FALSE(is_launch_noted(clone_id));
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(WarmTemplates, LaterStartsOfACloneBoot) {
    make_template();
    launch_of_image(clone_id);
    run_until_quiet();
    request_stop(clone_id);
    change(clone_id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    ASSERT_EQ(state(clone_id), InstanceState::stopped);
    change(clone_id, [](domain::Instance& i) {
        i.state = InstanceState::pending;
        i.start_count += 1;
    });
    run_until_quiet();
    EXPECT_EQ(state(clone_id), InstanceState::running);
    EXPECT_FALSE(is_warm(clone_id));
    EXPECT_EQ(depth(clone_root_id), depth(root_id) + 1) << "with the disk that it had";
}

TEST_F(WarmTemplates, ImagesWithoutAnAgentBoot) {
    change_image([](domain::Image& image) { image.guest_agent.clear(); });
    make_template();
    EXPECT_THAT(templates(), IsEmpty());
}

TEST_F(WarmTemplates, EncryptedImagesBoot) {
    write([&](store::Transaction& tx) {
        auto row = *store::snapshots::find(tx, base_id);
        row.encrypted = true;
        store::snapshots::update(tx, row);
    });
    make_template();
    EXPECT_THAT(templates(), IsEmpty());
}

TEST_F(WarmTemplates, PrivateImagesServeOneAccount) {
    change_image([](domain::Image& image) { image.is_public = false; });
    make_template();
    EXPECT_EQ(only_template().account_id, account);
    launch(clone_id);
    change(clone_id, [&](domain::Instance& i) {
        i.image_id = agent_image_id;
        i.account_id = "444455556666";
    });
    settle_templates();
    EXPECT_FALSE(is_warm(clone_id));
    EXPECT_THAT(templates(), SizeIs(2)) << "the other account gets its own";
}

TEST_F(WarmTemplates, OneThatCannotBeMadeIsGivenUpAndShown) {
    hypervisor_.fail_next("is_ready_to_freeze", {errors::unavailable, "it hung up"});
    hypervisor_.fail_next("freeze", {errors::unavailable, "no room for its memory"});
    make_template();
    const auto row = only_template();
    EXPECT_EQ(row.state, WarmTemplateState::failed);
    EXPECT_THAT(row.message, HasSubstr("no room for its memory"));
    EXPECT_EQ(hypervisor_.observe(row.id).state, drivers::MachineState::absent);
    EXPECT_THAT(volumes_on_disk(), ElementsAre(root_id));
    EXPECT_THAT(findings(), IsEmpty());
    clock_.advance(2h);
    keep_house();
    EXPECT_THAT(templates(), IsEmpty()) << "the next launch may ask again";
}

TEST_F(WarmTemplates, IsMadeAgainForAnotherHypervisor) {
    make_template();
    const auto before = only_template();
    hypervisor_.set_fingerprint("newer");
    launch_of_image(clone_id);
    run_until_quiet();
    EXPECT_FALSE(is_warm(clone_id)) << "what was frozen is worthless";
    keep_house();
    EXPECT_EQ(only_template().state, WarmTemplateState::ready);
    EXPECT_EQ(only_template().fingerprint, "newer");
    EXPECT_NE(only_template().snapshot_id, before.snapshot_id);
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(WarmTemplates, GoesWithItsImage) {
    make_template();
    launch_of_image(clone_id);
    run_until_quiet();
    change_image([](domain::Image& image) { image.state = "deregistered"; });
    keep_house();
    EXPECT_THAT(templates(), IsEmpty());
    EXPECT_THAT(*hypervisor_.templates(), IsEmpty());
    EXPECT_THAT(snapshots_on_disk(), ElementsAre(base_id));
    EXPECT_EQ(state(clone_id), InstanceState::running) << "who was started from it runs on";
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(WarmTemplates, GoesWhenNobodyWantsItForLong) {
    make_template();
    clock_.advance(71h);
    keep_house();
    EXPECT_THAT(templates(), SizeIs(1));
    clock_.advance(2h);
    keep_house();
    EXPECT_THAT(templates(), IsEmpty());
}

TEST_F(WarmTemplates, FrozenGuestsThatNobodyKnowsAreRemovedAtTheStart) {
    make_template();
    const auto known = only_template();
    write([&](store::Transaction& tx) { store::warm_templates::erase(tx, known.id); });
    ASSERT_TRUE(recover_warm_templates(*store_, hypervisor_, clock_, host_id));
    EXPECT_THAT(*hypervisor_.templates(), IsEmpty());
}

} // namespace
} // namespace pileus::engine
