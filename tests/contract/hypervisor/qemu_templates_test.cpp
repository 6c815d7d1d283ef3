// SPDX-License-Identifier: Apache-2.0
// What only real guests can show of frozen ones: that nothing of whom they were taken for is left,
// that nobody sees one that is half made, and that a daemon that is killed leaves nothing.
#include "base/file.h"
#include "fixture.h"

#include <csignal>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace pileus::drivers {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class QemuTemplates : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        ASSERT_TRUE(driver_->recover());
    }

    void freeze() {
        const auto started = driver_->start(guests_.template_spec());
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(
            eventually([&] { return driver_->is_ready_to_freeze(template_a).value_or(false); }));
        const auto frozen = driver_->freeze(template_a, template_a);
        ASSERT_TRUE(frozen) << frozen.error().message;
    }

    Result<void> start_from(const std::string& id) {
        return driver_->start_from(template_a, guests_.clone_spec(id), guests_.identity(id));
    }

    std::string console(const std::string& id) {
        return driver_->console_output(id, 65536).value_or("");
    }

    // The files of a guest's folder that tell of a process.
    bool has_record(const std::string& id) {
        return std::filesystem::exists(guests_.instance(id) / "machine.json");
    }

    QemuGuests guests_;
    std::unique_ptr<QemuHypervisor> driver_ = guests_.make();
};

TEST_F(QemuTemplates, NothingIsLeftOfWhomItWasTakenFor) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    for (const std::string last : {"a", "b"}) {
        const std::string id = "i-0123456789abcdef" + last;
        const auto started = start_from(id);
        ASSERT_TRUE(started) << started.error().message;
        EXPECT_TRUE(eventually([&] { return console_has(*driver_, id, "link up"); }));
        const auto said = console(id);
        EXPECT_EQ(said.find("agent guest"), 0u) << said; // what the frozen one had said comes first
        // In its own memory, in its DMI table, in the device's registers; alive for the first time,
        // and not connected before it was told.
        EXPECT_THAT(said,
                    HasSubstr("I am " + id + " " + id + " uuid 00002fec00000040800000000000000" +
                              "1" + " mac 020000000001 boot aaaaaaaabbbb4ccc8dddeeeeeeeeeee" +
                              last + " machine fedcba9876543210fedcba987654321" + last +
                              " life 1 link down told " + id));
        EXPECT_THAT(said, Not(HasSubstr("wt-")));
    }
}

TEST_F(QemuTemplates, ACloneChangesNothingForAnother) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    for (const auto& id : {instance_a, instance_b}) {
        const auto started = start_from(id);
        ASSERT_TRUE(started) << started.error().message;
    }
    // The memory that they share cannot be written to by anybody, nor mapped so that it could.
    const auto maps =
        read_file("/proc/" + std::to_string(guests_.pid_of(instance_a)) + "/maps").value_or("");
    EXPECT_THAT(maps, HasSubstr("guest-memory"));
    const auto memory = "/proc/" + std::to_string(guests_.pid_of(instance_a)) + "/fd/3";
    const UniqueFd fd(::open(memory.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(fd);
    EXPECT_EQ(::pwrite(fd.get(), "x", 1, 0), -1);
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
    EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
}

TEST_F(QemuTemplates, AGuestThatFailsToBecomeWhoItIsToBeIsGone) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    const std::string fails = "i-0123456789abcdeff";
    const auto failed = start_from(fails);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("there is no such thing here"));
    EXPECT_EQ(driver_->observe(fails).state, MachineState::absent);
    EXPECT_FALSE(has_record(fails));
    EXPECT_TRUE(driver_->forget(fails));
    ASSERT_TRUE(driver_->start(guests_.clone_spec(instance_a))); // and it can be booted instead
}

TEST_F(QemuTemplates, ASilentGuestIsGoneAfterItsDeadline) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    const std::string silent = "i-0123456789abcdef0";
    const auto before = std::chrono::steady_clock::now();
    const auto failed = start_from(silent);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, errors::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds{14});
    EXPECT_EQ(driver_->observe(silent).state, MachineState::absent);
    EXPECT_TRUE(driver_->forget(silent));
}

TEST_F(QemuTemplates, AGuestOfAnotherShapeIsRefused) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    auto spec = guests_.clone_spec(instance_a);
    spec.memory_mib = 64;
    EXPECT_EQ(driver_->start_from(template_a, spec, guests_.identity(instance_a)).error().code,
              errors::invalid);
    auto other = guests_.identity(instance_a);
    other.boot_id.clear();
    EXPECT_EQ(driver_->start_from(template_a, guests_.clone_spec(instance_a), other).error().code,
              errors::invalid);
    EXPECT_FALSE(has_record(instance_a));
}

TEST_F(QemuTemplates, HalfOfATemplateIsNone) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    std::filesystem::remove(guests_.templates() / template_a / "template.json");
    driver_ = guests_.make();
    EXPECT_THAT(*driver_->recover(), IsEmpty());
    EXPECT_THAT(*driver_->templates(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(guests_.templates() / template_a));
}

TEST_F(QemuTemplates, AKilledDaemonLeavesNothingHalf) {
    freeze();
    ASSERT_FALSE(HasFatalFailure());
    driver_.reset();
    // A daemon of its own, killed at moments all along the way of a start, which takes some 0.2 s.
    for (const int after_ms : {5, 20, 50, 80, 120, 160, 250, 400}) {
        const pid_t daemon = ::fork();
        ASSERT_GE(daemon, 0);
        if (daemon == 0) {
            auto driver = guests_.make();
            (void)driver->recover();
            // It never answers: what is started is half made until the end.
            const std::string silent = "i-0123456789abcdef0";
            (void)driver->start_from(
                template_a, guests_.clone_spec(silent), guests_.identity(silent));
            ::_exit(0);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{after_ms});
        ASSERT_EQ(::kill(daemon, SIGKILL), 0);
        ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
        const auto next = guests_.make();
        EXPECT_THAT(*next->recover(), IsEmpty()) << after_ms;
        EXPECT_FALSE(has_record("i-0123456789abcdef0")) << after_ms;
        EXPECT_EQ(next->templates()->size(), 1u) << after_ms;
        ASSERT_TRUE(next->forget("i-0123456789abcdef0"));
    }
    driver_ = guests_.make();
    ASSERT_TRUE(driver_->recover());
    const auto started = start_from(instance_a);
    EXPECT_TRUE(started) << started.error().message;
}

} // namespace
} // namespace pileus::drivers
