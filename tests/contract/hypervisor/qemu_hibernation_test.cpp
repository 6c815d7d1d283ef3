// SPDX-License-Identifier: Apache-2.0
// Guests whose memory is saved and that go on from it, in QEMU.
#include "fixture.h"

#include <gmock/gmock.h>

namespace pileus::drivers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const std::string secret = "the secret of the boot disk";

class QemuHibernationTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        restart_daemon();
    }
    void restart_daemon() {
        driver_ = guests_.make();
        ASSERT_TRUE(driver_->recover());
    }

    // Its boot disk is encrypted; what it boots lies below.
    MachineSpec spec() {
        auto spec = guests_.spec(instance_a);
        auto& layers = spec.disks[0].chain.layers;
        layers.front().read_only = true;
        const auto top = (guests_.disk_folder() / "top.qcow2").string();
        if (!std::filesystem::exists(top)) {
            ProcessSpec create;
            create.argv = {"qemu-img",
                           "create",
                           "-q",
                           "-f",
                           "qcow2",
                           "--object",
                           "secret,id=s,data=" + secret,
                           "-o",
                           "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
                           "-F",
                           "raw",
                           "-b",
                           layers.front().path,
                           top};
            // Now and then it cannot measure its own speed on a busy machine, and gives up.
            EXPECT_TRUE(eventually([&] { return run_checked(guests_.runner(), create); }));
        }
        layers.insert(layers.begin(), DiskLayer{top, "qcow2", false, secret});
        spec.hardware = driver_->current_hardware();
        return spec;
    }
    void start(const MachineSpec& spec) {
        const auto started = driver_->start(spec);
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(eventually([&] { return console_has(*driver_, instance_a, boot_greeting); }));
    }
    void hibernate() {
        const auto saved = driver_->hibernate(instance_a);
        ASSERT_TRUE(saved) << saved.error().message;
        ASSERT_EQ(driver_->observe(instance_a).state, MachineState::absent);
    }
    // A guest that booted would have said so once more.
    bool has_booted_once() {
        const auto output = driver_->console_output(instance_a, 65536).value_or("");
        return output.find(boot_greeting) != std::string::npos &&
               output.find(boot_greeting) == output.rfind(boot_greeting);
    }
    std::filesystem::path memory() const { return guests_.instance(instance_a) / "memory"; }

    QemuGuests guests_;
    std::unique_ptr<QemuHypervisor> driver_;
};

TEST_F(QemuHibernationTest, AGuestGoesOnWhereItWas) {
    const auto spec = this->spec();
    start(spec);
    for (int i = 0; i < 2; ++i) {
        hibernate();
        EXPECT_TRUE(driver_->hibernate(instance_a)); // again: it is saved already
        restart_daemon();
        const auto woken = driver_->wake(spec);
        ASSERT_TRUE(woken) << woken.error().message;
        EXPECT_TRUE(driver_->wake(spec)); // again: it runs already
        EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
        EXPECT_FALSE(std::filesystem::exists(memory()));
        EXPECT_TRUE(driver_->screenshot(instance_a, false));
        EXPECT_TRUE(MachineFolder(guests_.instance(instance_a)).connect("screen.sock"));
    }
    ASSERT_TRUE(driver_->power_button(instance_a)); // it listens as before
    EXPECT_TRUE(
        eventually([&] { return driver_->observe(instance_a).state == MachineState::shut_down; }));
    EXPECT_TRUE(has_booted_once());
}

TEST_F(QemuHibernationTest, WhatWasPluggedInComesBackInItsPlace) {
    auto spec = this->spec();
    spec.interfaces = {guests_.interface(1)};
    spec.interface_slots = 2;
    start(spec);
    for (int i : {2, 3})
        ASSERT_TRUE(driver_->attach_interface(instance_a, guests_.interface(i)));
    const MachineDisk disks[] = {guests_.data_disk(1, "data1"), guests_.data_disk(2, "data2")};
    for (const auto& disk : disks)
        ASSERT_TRUE(driver_->attach_disk(instance_a, disk));
    // In another order than they were plugged in.
    spec.interfaces.push_back(guests_.interface(3));
    spec.interfaces.push_back(guests_.interface(2));
    spec.disks.push_back(disks[1]);
    spec.disks.push_back(disks[0]);
    hibernate();
    const auto woken = driver_->wake(spec);
    ASSERT_TRUE(woken) << woken.error().message;
    EXPECT_TRUE(has_booted_once());
    EXPECT_THAT(
        driver_->plugged_disks(instance_a).value(),
        UnorderedElementsAre(guests_.volume_id(0), guests_.volume_id(1), guests_.volume_id(2)));
    EXPECT_EQ(driver_->plugged_interfaces(instance_a)->size(), 3u);
}

TEST_F(QemuHibernationTest, WithoutAnEncryptedBootDiskTheGuestRunsOn) {
    const auto spec = guests_.spec(instance_a);
    start(spec);
    EXPECT_THAT(driver_->hibernate(instance_a).error().message, HasSubstr("not encrypted"));
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
    ASSERT_TRUE(driver_->power_button(instance_a));
    EXPECT_TRUE(
        eventually([&] { return driver_->observe(instance_a).state == MachineState::shut_down; }));
}

TEST_F(QemuHibernationTest, AMemoryThatDoesNotFitIsGone) {
    const auto spec = this->spec();
    auto larger = spec;
    larger.memory_mib *= 2;
    auto other_secret = spec;
    other_secret.disks[0].chain.layers[0].secret = "another";
    auto one_more = spec;
    one_more.disks.push_back(guests_.data_disk(1, "data"));
    for (const auto& wrong : {larger, other_secret, one_more}) {
        start(spec);
        hibernate();
        const auto woken = driver_->wake(wrong);
        ASSERT_FALSE(woken);
        EXPECT_NE(woken.error().code, errors::not_found);
        EXPECT_EQ(driver_->observe(instance_a).state, MachineState::absent);
        EXPECT_EQ(driver_->wake(spec).error().code, errors::not_found);
    }
}

TEST_F(QemuHibernationTest, ADamagedMemoryIsGone) {
    const auto spec = this->spec();
    start(spec);
    hibernate();
    std::filesystem::resize_file(memory(), std::filesystem::file_size(memory()) - 100);
    EXPECT_EQ(driver_->wake(spec).error().code, errors::unavailable);
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::absent);
    EXPECT_FALSE(std::filesystem::exists(memory()));
    start(spec);
}

TEST_F(QemuHibernationTest, ABootForgetsTheMemory) {
    const auto spec = this->spec();
    start(spec);
    hibernate();
    EXPECT_TRUE(std::filesystem::exists(memory()));
    start(spec);
    EXPECT_FALSE(std::filesystem::exists(memory()));
    ASSERT_TRUE(driver_->destroy(instance_a));
    EXPECT_EQ(driver_->wake(spec).error().code, errors::not_found);
    EXPECT_EQ(driver_->hibernate(instance_a).error().code, errors::not_found);
}

} // namespace
} // namespace pileus::drivers
