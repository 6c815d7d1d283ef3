// SPDX-License-Identifier: Apache-2.0
// A guest that took its QEMU over finds nothing (attack 30 of the threat model).
#include "base/file.h"
#include "base/text.h"
#include "fixture.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;
using testing::Not;

class Containment : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        ASSERT_TRUE(driver_->recover());
    }

    std::string status_field(pid_t pid, std::string_view name) {
        const auto status = read_file(fmt::format("/proc/{}/status", pid));
        for (const auto line : split(status.value_or(""), '\n'))
            if (line.starts_with(fmt::format("{}:", name)))
                return std::string(trim(line.substr(name.size() + 1)));
        return "";
    }

    static void expect_nothing(const Result<void>& started) {
        ASSERT_FALSE(started); // it ended at once
        const auto said = started.error().message;
        EXPECT_THAT(said, HasSubstr("exit code 3"));
        EXPECT_THAT(said, HasSubstr("uid 1999000050 gid 1999000050"));
        EXPECT_THAT(said, HasSubstr("done"));
        EXPECT_THAT(said, Not(HasSubstr("could"))) << said;
    }

    std::string link(pid_t pid, const char* name) {
        std::error_code ignored;
        return std::filesystem::read_symlink(fmt::format("/proc/{}/{}", pid, name), ignored);
    }

    QemuGuests guests_;
    std::unique_ptr<QemuHypervisor> driver_ = guests_.make();
};

TEST_F(Containment, TheKernelSaysWhatAGuestIsNot) {
    const auto started = driver_->start(guests_.spec(instance_a));
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_TRUE(driver_->start(guests_.spec(instance_b)));
    const pid_t a = guests_.pid_of(instance_a);
    const pid_t b = guests_.pid_of(instance_b);
    EXPECT_EQ(status_field(a, "Uid"), "1999000000\t1999000000\t1999000000\t1999000000");
    EXPECT_EQ(status_field(a, "Gid"), "1999000000\t1999000000\t1999000000\t1999000000");
    EXPECT_EQ(status_field(b, "Uid"), "1999000001\t1999000001\t1999000001\t1999000001");
    for (const pid_t pid : {a, b}) {
        EXPECT_EQ(status_field(pid, "Groups"), "");
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
            EXPECT_EQ(status_field(pid, set), "0000000000000000") << set;
        EXPECT_EQ(status_field(pid, "Seccomp"), "2");
        EXPECT_EQ(status_field(pid, "NoNewPrivs"), "1");
        for (const char* space : {"ns/net", "ns/mnt", "ns/ipc", "ns/uts"}) {
            EXPECT_NE(link(pid, space), link(::getpid(), space)) << space;
            EXPECT_NE(link(a, space), link(b, space)) << space;
        }
        // Nothing but the loopback, which is down: only headers and "lo".
        const auto devices = read_file(fmt::format("/proc/{}/net/dev", pid)).value_or("");
        EXPECT_EQ(std::count(devices.begin(), devices.end(), '\n'), 3) << devices;
        EXPECT_EQ(read_file(fmt::format("/proc/{}/net/route", pid)).value_or("x").find("lo"),
                  std::string::npos);
        const auto environment = read_file(fmt::format("/proc/{}/environ", pid)).value_or("");
        EXPECT_THAT(environment, Not(HasSubstr("HOME=")));
    }
}

TEST_F(Containment, FilesOfOneInstanceAreNoBusinessOfAnother) {
    ASSERT_TRUE(driver_->start(guests_.spec(instance_a)));
    struct stat status {};
    ASSERT_EQ(::stat(guests_.instance(instance_a).c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 0u);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(Containment, AHostileEmulatorCanDoNothing) {
    ASSERT_TRUE(driver_->start(guests_.spec(instance_b))); // a peer to attack
    auto options = guests_.options();
    options.emulator = PILEUS_HOSTILE_EMULATOR;
    options.first_uid += 50;
    const auto hostile = guests_.make(options);
    expect_nothing(hostile->start(guests_.spec(instance_a)));
    EXPECT_EQ(driver_->observe(instance_b).state, MachineState::running);
}

TEST_F(Containment, NorWhenItsDescriptorsAreShown) {
    auto options = guests_.options();
    options.emulator = PILEUS_HOSTILE_EMULATOR;
    options.first_uid += 50;
    const auto hostile = guests_.make(options);
    const auto started = hostile->start(guests_.template_spec());
    expect_nothing(started);
    EXPECT_THAT(started.error().message, HasSubstr("descriptors are shown"));
}

} // namespace
} // namespace pileus::drivers
