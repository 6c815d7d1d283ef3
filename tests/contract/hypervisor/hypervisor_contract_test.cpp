// SPDX-License-Identifier: Apache-2.0
// What every hypervisor must do, run against each of them.
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"
#include "fixture.h"

#include <atomic>
#include <gmock/gmock.h>

namespace pileus::drivers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

enum class Kind { emulated, qemu };

class HypervisorContract : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        if (GetParam() == Kind::qemu && !can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        hypervisor_ = make();
        ASSERT_TRUE(hypervisor_->recover());
    }

    std::unique_ptr<Hypervisor> make() {
        std::unique_ptr<Hypervisor> made;
        if (GetParam() == Kind::qemu)
            made = guests_.make();
        else
            made = std::make_unique<EmulatedHypervisor>(
                EmulatedHypervisorOptions{.state_folder = state_.path()}, clock_);
        made->on_change([this](const std::string& id) {
            const std::lock_guard lock(mutex_);
            ++changes_[id];
        });
        return made;
    }

    int changes(const std::string& id) {
        const std::lock_guard lock(mutex_);
        return changes_[id];
    }

    bool reaches(const std::string& id, MachineState state) {
        return eventually([&] { return hypervisor_->observe(id).state == state; });
    }

    // The power button counts once the guest listens to it.
    void start_and_wait(const std::string& id) {
        const auto started = hypervisor_->start(guests_.spec(id));
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(eventually([&] { return !console(id).empty(); }));
    }

    void freeze() {
        const auto started = hypervisor_->start(guests_.template_spec());
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(eventually(
            [&] { return hypervisor_->is_ready_to_freeze(template_a).value_or(false); }));
        const auto frozen = hypervisor_->freeze(template_a, template_a);
        ASSERT_TRUE(frozen) << frozen.error().message;
        EXPECT_GT(frozen->memory_bytes, 0);
        ASSERT_EQ(hypervisor_->templates()->size(), 1u);
        EXPECT_EQ(hypervisor_->templates()->front().template_id, template_a);
    }

    static std::string eni(int number) { return QemuGuests::interface_id(number); }
    std::vector<std::string> plugged() {
        auto found = hypervisor_->plugged_interfaces(instance_a);
        EXPECT_TRUE(found) << found.error().message;
        return std::move(found).value_or(std::vector<std::string>{});
    }

    static std::string vol(int number) { return QemuGuests::volume_id(number); }
    std::vector<std::string> disks() {
        auto found = hypervisor_->plugged_disks(instance_a);
        EXPECT_TRUE(found) << found.error().message;
        return std::move(found).value_or(std::vector<std::string>{});
    }

    std::string console(const std::string& id) {
        return hypervisor_->console_output(id, 65536).value_or("");
    }

    SystemClock clock_;
    Folder state_;
    QemuGuests guests_;
    std::mutex mutex_;
    std::map<std::string, int> changes_;
    std::unique_ptr<Hypervisor> hypervisor_; // the last: it calls back
};

TEST_P(HypervisorContract, NamesItsAcceleration) {
    EXPECT_FALSE(hypervisor_->probe().name.empty());
}

TEST_P(HypervisorContract, StartsAGuestOnce) {
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::absent);
    start_and_wait(instance_a);
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    EXPECT_TRUE(hypervisor_->start(guests_.spec(instance_a)));
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    EXPECT_GT(changes(instance_a), 0);
    EXPECT_THAT(*hypervisor_->recover(), ElementsAre(instance_a));
}

TEST_P(HypervisorContract, TheGuestObeysItsPowerButton) {
    start_and_wait(instance_a);
    const int before = changes(instance_a);
    ASSERT_TRUE(hypervisor_->power_button(instance_a));
    EXPECT_TRUE(reaches(instance_a, MachineState::shut_down));
    EXPECT_TRUE(eventually([&] { return changes(instance_a) > before; }));
    EXPECT_TRUE(hypervisor_->power_button(instance_a)); // again: it is off already
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::shut_down);
}

TEST_P(HypervisorContract, AGuestThatIsOffIsResetAndRunsOn) {
    start_and_wait(instance_a);
    ASSERT_TRUE(hypervisor_->power_button(instance_a));
    ASSERT_TRUE(reaches(instance_a, MachineState::shut_down));
    ASSERT_TRUE(hypervisor_->reset(instance_a));
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    ASSERT_TRUE(hypervisor_->reset(instance_a)); // and from running
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
}

TEST_P(HypervisorContract, DestroyedGuestsAreGoneAndMayComeBack) {
    start_and_wait(instance_a);
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(hypervisor_->destroy(instance_a));
        EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::absent);
    }
    EXPECT_THAT(*hypervisor_->recover(), IsEmpty());
    start_and_wait(instance_a);
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
}

TEST_P(HypervisorContract, TheConsoleStaysUntilTheInstanceIsForgotten) {
    start_and_wait(instance_a);
    ASSERT_TRUE(hypervisor_->destroy(instance_a));
    EXPECT_FALSE(console(instance_a).empty());
    EXPECT_EQ(hypervisor_->console_output(instance_a, 2)->size(), 2u);
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(hypervisor_->forget(instance_a));
        EXPECT_EQ(console(instance_a), "");
    }
}

TEST_P(HypervisorContract, ShowsTheScreenOfAGuest) {
    start_and_wait(instance_a);
    for (const bool wake_up : {false, true}) {
        const auto jpeg = hypervisor_->screenshot(instance_a, wake_up);
        ASSERT_TRUE(jpeg) << jpeg.error().message;
        EXPECT_EQ(jpeg->substr(0, 3), "\xff\xd8\xff");
    }
}

TEST_P(HypervisorContract, WhatIsNotThereIsNamedAsSuch) {
    EXPECT_EQ(hypervisor_->screenshot(instance_a, false).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->power_button(instance_a).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->reset(instance_a).error().code, errors::not_found);
    EXPECT_TRUE(hypervisor_->destroy(instance_a));
    EXPECT_TRUE(hypervisor_->forget(instance_a));
}

TEST_P(HypervisorContract, IdsThatAreNoIdsAreRefused) {
    for (const std::string bad :
         {"", "i-", "..", "i-0123456789abcdef0/..", "i-0123456789ABCDEF0"}) {
        EXPECT_EQ(hypervisor_->destroy(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(hypervisor_->forget(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(hypervisor_->console_output(bad, 10).error().code, errors::invalid) << bad;
        MachineSpec spec;
        spec.instance_id = bad;
        EXPECT_EQ(hypervisor_->start(spec).error().code, errors::invalid) << bad;
        EXPECT_EQ(hypervisor_->observe(bad).state, MachineState::absent) << bad;
    }
}

TEST_P(HypervisorContract, InterfacesComeAndGoWhileTheGuestRuns) {
    auto spec = guests_.spec(instance_a);
    spec.interfaces = {guests_.interface(1), guests_.interface(2)};
    spec.interface_slots = 2;
    ASSERT_TRUE(hypervisor_->start(spec));
    EXPECT_THAT(plugged(), UnorderedElementsAre(eni(1), eni(2)));
    for (int i = 0; i < 2; ++i) { // again: it is there already
        const auto attached = hypervisor_->attach_interface(instance_a, guests_.interface(3));
        ASSERT_TRUE(attached) << attached.error().message;
        EXPECT_THAT(plugged(), UnorderedElementsAre(eni(1), eni(2), eni(3)));
    }
    // A guest that does not answer loses them by force; one that was pulled is not there to pull.
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(hypervisor_->detach_interface(instance_a, eni(2), true));
        EXPECT_THAT(plugged(), UnorderedElementsAre(eni(1), eni(3)));
    }
    hypervisor_ = make();
    ASSERT_TRUE(hypervisor_->recover());
    EXPECT_THAT(plugged(), UnorderedElementsAre(eni(1), eni(3)));
    ASSERT_TRUE(hypervisor_->detach_interface(instance_a, eni(3), true));
    EXPECT_THAT(plugged(), ElementsAre(eni(1)));
}

TEST_P(HypervisorContract, NoInterfaceIsPluggedIntoAGuestThatIsNotThere) {
    EXPECT_EQ(hypervisor_->attach_interface(instance_a, guests_.interface(1)).error().code,
              errors::not_found);
    EXPECT_EQ(hypervisor_->plugged_interfaces(instance_a).error().code, errors::not_found);
    EXPECT_TRUE(hypervisor_->detach_interface(instance_a, eni(1), false));
}

TEST_P(HypervisorContract, DisksComeAndGoWhileTheGuestRuns) {
    auto spec = guests_.spec(instance_a);
    spec.disks.push_back(guests_.data_disk(1, "one"));
    const auto started = hypervisor_->start(spec);
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_THAT(disks(), UnorderedElementsAre(vol(0), vol(1)));
    const auto second = guests_.data_disk(2, "two");
    for (int i = 0; i < 2; ++i) { // again: it is there already
        const auto attached = hypervisor_->attach_disk(instance_a, second);
        ASSERT_TRUE(attached) << attached.error().message;
        EXPECT_THAT(disks(), UnorderedElementsAre(vol(0), vol(1), vol(2)));
    }
    // A guest that does not answer loses them by force; one that was pulled is not there to pull.
    for (int i = 0; i < 2; ++i) {
        const auto detached = hypervisor_->detach_disk(instance_a, vol(1), true);
        ASSERT_TRUE(detached) << detached.error().message;
        EXPECT_THAT(disks(), UnorderedElementsAre(vol(0), vol(2)));
    }
    EXPECT_EQ(hypervisor_->detach_disk(instance_a, vol(0), true).error().code, errors::invalid);
    hypervisor_ = make();
    ASSERT_TRUE(hypervisor_->recover());
    EXPECT_THAT(disks(), UnorderedElementsAre(vol(0), vol(2)));
    ASSERT_TRUE(hypervisor_->detach_disk(instance_a, vol(2), true));
    EXPECT_THAT(disks(), ElementsAre(vol(0)));
}

TEST_P(HypervisorContract, NothingHappensToDisksThatAreNotThere) {
    const auto disk = guests_.data_disk(1, "one");
    EXPECT_EQ(hypervisor_->attach_disk(instance_a, disk).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->plugged_disks(instance_a).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->resume(instance_a).error().code, errors::not_found);
    EXPECT_TRUE(hypervisor_->detach_disk(instance_a, vol(1), false));
    ASSERT_TRUE(hypervisor_->start(guests_.spec(instance_a)));
    EXPECT_TRUE(hypervisor_->detach_disk(instance_a, vol(1), false));
    EXPECT_EQ(hypervisor_->resize_disk(instance_a, vol(1), 1).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->limit_disk(instance_a, vol(1), {}).error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->writes_to(instance_a, vol(1), "/x").error().code, errors::not_found);
    EXPECT_EQ(hypervisor_->replace_backing(instance_a, disk.chain).error().code, errors::not_found);
    EXPECT_EQ(
        hypervisor_->switch_layers(instance_a, {{vol(1), "/x", disk.chain.layers[0]}}).error().code,
        errors::not_found);
    EXPECT_TRUE(hypervisor_->resume(instance_a)); // it runs
}

TEST_P(HypervisorContract, ADiskServesOneGuestOnly) {
    const auto disk = guests_.data_disk(1, "one");
    ASSERT_TRUE(hypervisor_->start(guests_.spec(instance_a)));
    ASSERT_TRUE(hypervisor_->start(guests_.spec(instance_b)));
    ASSERT_TRUE(hypervisor_->attach_disk(instance_a, disk));
    const auto refused = hypervisor_->attach_disk(instance_b, disk);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("in use by another instance"));
    EXPECT_THAT(*hypervisor_->plugged_disks(instance_b), ElementsAre(vol(0)));
    ASSERT_TRUE(hypervisor_->detach_disk(instance_a, vol(1), true));
    const auto attached = hypervisor_->attach_disk(instance_b, disk);
    EXPECT_TRUE(attached) << attached.error().message;
}

TEST_P(HypervisorContract, DisksGoOnInNewLayersAllOrNone) {
    auto spec = guests_.spec(instance_a);
    const auto one = guests_.data_disk(1, "one");
    const auto two = guests_.data_disk(2, "two");
    spec.disks.push_back(one);
    spec.disks.push_back(two);
    ASSERT_TRUE(hypervisor_->start(spec));
    const auto& first = one.chain.layers[0];
    const auto& second = two.chain.layers[0];
    const std::vector<LayerSwitch> switches = {
        {vol(1), first.path, guests_.layer("one-next", first)},
        {vol(2), second.path, guests_.layer("two-next", second)}};
    auto wrong = switches;
    wrong[1].current_path = "/elsewhere";
    EXPECT_EQ(hypervisor_->switch_layers(instance_a, wrong).error().code, errors::invalid);
    EXPECT_TRUE(*hypervisor_->writes_to(instance_a, vol(1), first.path));
    EXPECT_FALSE(*hypervisor_->writes_to(instance_a, vol(1), switches[0].next.path));
    // One of them only, then both: what has happened already is left so.
    for (const auto& each : {std::vector{switches[0]}, switches, switches}) {
        const auto switched = hypervisor_->switch_layers(instance_a, each);
        ASSERT_TRUE(switched) << switched.error().message;
    }
    hypervisor_ = make();
    ASSERT_TRUE(hypervisor_->recover());
    for (const auto& each : switches) {
        EXPECT_TRUE(*hypervisor_->writes_to(instance_a, each.volume_id, each.next.path));
        EXPECT_FALSE(*hypervisor_->writes_to(instance_a, each.volume_id, each.current_path));
    }
    EXPECT_THAT(disks(), UnorderedElementsAre(vol(0), vol(1), vol(2)));
}

TEST_P(HypervisorContract, DisksGrowAndAreLimited) {
    auto spec = guests_.spec(instance_a);
    spec.disks.push_back(guests_.data_disk(1, "one"));
    spec.disks[1].limits = {.iops = 3000, .bytes_per_second = 125 << 20};
    ASSERT_TRUE(hypervisor_->start(spec));
    for (const int size_gib : {2, 2, 1}) // never smaller
        EXPECT_TRUE(hypervisor_->resize_disk(instance_a, vol(1), size_gib));
    for (const DiskLimits& limits :
         {DiskLimits{.iops = 100, .burst_iops = 3000, .burst_seconds = 60},
          DiskLimits{.bytes_per_second = 1 << 20},
          DiskLimits{}}) {
        const auto limited = hypervisor_->limit_disk(instance_a, vol(1), limits);
        EXPECT_TRUE(limited) << limited.error().message;
    }
}

TEST_P(HypervisorContract, WhatLiesBelowADiskIsReplaced) {
    auto spec = guests_.spec(instance_a);
    auto disk = guests_.data_disk(1, "bottom");
    const auto bottom = disk.chain.layers[0];
    const auto middle = guests_.layer("middle", bottom);
    const auto top = guests_.layer("top", middle);
    disk.chain.layers = {top, middle, bottom};
    spec.disks.push_back(disk);
    ASSERT_TRUE(hypervisor_->start(spec));
    DiskChain chain{vol(1), {top, guests_.layer("joined")}};
    for (int i = 0; i < 2; ++i) {
        const auto replaced = hypervisor_->replace_backing(instance_a, chain);
        EXPECT_TRUE(replaced) << replaced.error().message;
    }
    chain.layers[0] = middle;
    EXPECT_EQ(hypervisor_->replace_backing(instance_a, chain).error().code, errors::invalid);
    EXPECT_TRUE(*hypervisor_->writes_to(instance_a, vol(1), top.path));
}

TEST_P(HypervisorContract, AFrozenGuestIsStartedManyTimes) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_EQ(hypervisor_->observe(template_a).state, MachineState::absent);
    for (const auto& id : {instance_a, instance_b}) {
        auto spec = guests_.clone_spec(id);
        spec.disks.push_back(guests_.data_disk(1, "data-" + id));
        for (int i = 0; i < 2; ++i) { // again: it is there already
            const auto started = hypervisor_->start_from(template_a, spec, guests_.identity(id));
            ASSERT_TRUE(started) << started.error().message;
        }
        EXPECT_EQ(hypervisor_->observe(id).state, MachineState::running);
        EXPECT_THAT(*hypervisor_->plugged_disks(id), UnorderedElementsAre(vol(0), vol(1)));
        EXPECT_THAT(*hypervisor_->plugged_interfaces(id), ElementsAre(eni(1)));
    }
    ASSERT_TRUE(hypervisor_->cool_template(template_a));
    const auto again = hypervisor_->start_from(
        template_a, guests_.clone_spec(instance_c), guests_.identity(instance_c));
    EXPECT_TRUE(again) << again.error().message;
    // Those that were started from it run on without it.
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(hypervisor_->remove_template(template_a));
    EXPECT_THAT(*hypervisor_->templates(), IsEmpty());
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    ASSERT_TRUE(hypervisor_->destroy(instance_a));
    EXPECT_EQ(
        hypervisor_
            ->start_from(template_a, guests_.clone_spec(instance_a), guests_.identity(instance_a))
            .error()
            .code,
        errors::not_found);
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::absent);
}

TEST_P(HypervisorContract, ALaterDriverKnowsWhatIsFrozen) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    const auto fingerprint = hypervisor_->template_fingerprint();
    hypervisor_ = make();
    EXPECT_THAT(*hypervisor_->recover(), IsEmpty());
    EXPECT_EQ(hypervisor_->template_fingerprint(), fingerprint);
    ASSERT_EQ(hypervisor_->templates()->size(), 1u);
    const auto started = hypervisor_->start_from(
        template_a, guests_.clone_spec(instance_a), guests_.identity(instance_a));
    ASSERT_TRUE(started) << started.error().message;
    hypervisor_ = make();
    EXPECT_THAT(*hypervisor_->recover(), ElementsAre(instance_a));
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
}

TEST_P(HypervisorContract, AGuestThatWasToBeFrozenDoesNotOutliveItsDriver) {
    ASSERT_TRUE(hypervisor_->start(guests_.template_spec()));
    hypervisor_ = make();
    EXPECT_THAT(*hypervisor_->recover(), IsEmpty());
    EXPECT_EQ(hypervisor_->observe(template_a).state, MachineState::absent);
    EXPECT_EQ(hypervisor_->freeze(template_a, template_a).error().code, errors::not_found);
}

TEST_P(HypervisorContract, OnlyAGuestThatIsNobodyIsFrozen) {
    EXPECT_EQ(hypervisor_->is_ready_to_freeze(instance_a).error().code, errors::not_found);
    ASSERT_TRUE(hypervisor_->start(guests_.spec(instance_a)));
    EXPECT_FALSE(*hypervisor_->is_ready_to_freeze(instance_a));
    EXPECT_EQ(hypervisor_->freeze(instance_a, template_a).error().code, errors::invalid);
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    EXPECT_THAT(*hypervisor_->templates(), IsEmpty());
    EXPECT_EQ(hypervisor_->remove_template("wt-../x").error().code, errors::invalid);
}

TEST_P(HypervisorContract, GuestsAreIndependent) {
    start_and_wait(instance_a);
    start_and_wait(instance_b);
    ASSERT_TRUE(hypervisor_->power_button(instance_a));
    EXPECT_TRUE(reaches(instance_a, MachineState::shut_down));
    EXPECT_EQ(hypervisor_->observe(instance_b).state, MachineState::running);
    ASSERT_TRUE(hypervisor_->destroy(instance_a));
    EXPECT_EQ(hypervisor_->observe(instance_b).state, MachineState::running);
}

TEST_P(HypervisorContract, ALaterDriverAdoptsTheGuests) {
    start_and_wait(instance_a);
    start_and_wait(instance_b);
    ASSERT_TRUE(hypervisor_->destroy(instance_b));
    hypervisor_ = make();
    EXPECT_THAT(*hypervisor_->recover(), ElementsAre(instance_a));
    EXPECT_EQ(hypervisor_->observe(instance_a).state, MachineState::running);
    EXPECT_TRUE(hypervisor_->start(guests_.spec(instance_a)));
    ASSERT_TRUE(hypervisor_->power_button(instance_a));
    EXPECT_TRUE(reaches(instance_a, MachineState::shut_down));

    hypervisor_ = make();
    EXPECT_THAT(*hypervisor_->recover(), ElementsAre(instance_a));
    EXPECT_TRUE(reaches(instance_a, MachineState::shut_down));
    ASSERT_TRUE(hypervisor_->destroy(instance_a));
    EXPECT_THAT(*hypervisor_->recover(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All,
                         HypervisorContract,
                         testing::Values(Kind::emulated, Kind::qemu),
                         [](const auto& each) {
                             return each.param == Kind::emulated ? "Emulated" : "Qemu";
                         });

} // namespace
} // namespace pileus::drivers
