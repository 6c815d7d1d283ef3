// SPDX-License-Identifier: Apache-2.0
// What only real guests can show: processes that die, daemons that were away, consoles that flood.
#include "base/file.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "fixture.h"

#include <csignal>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class QemuHypervisorTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        ASSERT_TRUE(driver_->recover());
    }

    void start(const std::string& id, BootMode mode = BootMode::obeys) {
        const auto started = driver_->start(guests_.spec(id, mode));
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(eventually([&] { return console_has(*driver_, id, boot_greeting); }));
    }

    bool reaches(const std::string& id, MachineState state) {
        return eventually([&] { return driver_->observe(id).state == state; });
    }

    MachineRecord record(const std::string& id) {
        const auto text = read_file(guests_.instance(id) / "machine.json");
        EXPECT_TRUE(text);
        auto parsed = parse_machine_record(text.value_or(""));
        EXPECT_TRUE(parsed);
        return parsed.value_or(MachineRecord{});
    }

    void write_record(const MachineRecord& record) {
        ASSERT_TRUE(write_file_durably(guests_.instance(record.instance_id) / "machine.json",
                                       format_machine_record(record)));
    }

    pid_t pid(const std::string& id) {
        const auto process = record(id).process;
        return process ? process->pid : 0;
    }

    QemuGuests guests_;
    std::unique_ptr<QemuHypervisor> driver_ = guests_.make();
};

TEST_F(QemuHypervisorTest, AKilledGuestIsAbsentAndSaysWhy) {
    start(instance_a);
    ASSERT_EQ(::kill(pid(instance_a), SIGKILL), 0);
    ASSERT_TRUE(reaches(instance_a, MachineState::absent));
    EXPECT_THAT(driver_->observe(instance_a).detail, HasSubstr("killed by signal 9"));
    start(instance_a); // and it can be started again
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
}

TEST_F(QemuHypervisorTest, AGuestThatSwitchedItselfOffWhileNobodyLookedIsShutDown) {
    start(instance_a, BootMode::switches_off);
    driver_.reset();
    std::this_thread::sleep_for(seconds{2});
    driver_ = guests_.make();
    EXPECT_THAT(*driver_->recover(), ElementsAre(instance_a));
    EXPECT_TRUE(reaches(instance_a, MachineState::shut_down));
    EXPECT_TRUE(console_has(*driver_, instance_a, boot_farewell));
}

TEST_F(QemuHypervisorTest, AGuestThatDiedWhileNobodyLookedIsAbsent) {
    start(instance_a);
    const pid_t process = pid(instance_a);
    driver_.reset();
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    ASSERT_EQ(::waitpid(process, nullptr, 0), process);
    driver_ = guests_.make();
    EXPECT_THAT(*driver_->recover(), IsEmpty());
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::absent);
    EXPECT_THAT(driver_->observe(instance_a).detail, HasSubstr("while Pileus was not running"));
    EXPECT_TRUE(console_has(*driver_, instance_a, boot_greeting));
    start(instance_a);
}

TEST_F(QemuHypervisorTest, AdoptionDoesNotDisturbTheGuest) {
    start(instance_a);
    const pid_t process = pid(instance_a);
    for (int i = 0; i < 3; ++i) {
        driver_ = guests_.make();
        EXPECT_THAT(*driver_->recover(), ElementsAre(instance_a));
        EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
    }
    EXPECT_EQ(pid(instance_a), process);
    const auto output = driver_->console_output(instance_a, 65536);
    EXPECT_EQ(output->find(boot_greeting), output->rfind(boot_greeting)); // it booted once
}

TEST_F(QemuHypervisorTest, AGuestStartedJustBeforeTheDaemonDiedIsFound) {
    start(instance_a);
    auto written = record(instance_a);
    const auto process = written.process;
    driver_.reset();
    written.process.reset(); // as it was between the two writes
    write_record(written);
    driver_ = guests_.make();
    EXPECT_THAT(*driver_->recover(), ElementsAre(instance_a));
    EXPECT_EQ(record(instance_a).process, process);
}

TEST_F(QemuHypervisorTest, ARecycledPidIsNotTakenForAGuest) {
    start(instance_a);
    auto written = record(instance_a);
    ASSERT_TRUE(driver_->destroy(instance_a));
    written.process->pid = ::getpid();
    write_record(written);
    driver_ = guests_.make();
    EXPECT_THAT(*driver_->recover(), IsEmpty());
    EXPECT_TRUE(driver_->destroy(instance_a)); // which must not kill this test
    written.process = identify_process(::getpid()).value();
    written.process->boot_id = "another-boot";
    write_record(written);
    EXPECT_THAT(*driver_->recover(), IsEmpty());
}

TEST_F(QemuHypervisorTest, AnUnreadableRecordHarmsNobody) {
    start(instance_b);
    ASSERT_TRUE(make_directories(guests_.instance(instance_a)));
    for (const char* text :
         {"", "{", "[]", "{\"uid\":-1}", "null", "{\"instance_id\":7,\"uid\":{}}"}) {
        ASSERT_TRUE(write_file_durably(guests_.instance(instance_a) / "machine.json", text));
        driver_ = guests_.make();
        EXPECT_THAT(*driver_->recover(), ElementsAre(instance_b)) << text;
    }
    start(instance_a);
}

TEST_F(QemuHypervisorTest, ResetRunsTheGuestFromTheBeginning) {
    start(instance_a);
    ASSERT_TRUE(driver_->reset(instance_a));
    EXPECT_TRUE(eventually([&] {
        const auto output = driver_->console_output(instance_a, 65536);
        return output->find(boot_greeting) != output->rfind(boot_greeting);
    }));
}

TEST_F(QemuHypervisorTest, TheConsoleBeginsAnewWithEachStart) {
    start(instance_a);
    ASSERT_TRUE(driver_->destroy(instance_a));
    start(instance_a);
    const auto output = driver_->console_output(instance_a, 65536);
    EXPECT_EQ(output->find(boot_greeting), output->rfind(boot_greeting));
}

TEST_F(QemuHypervisorTest, AFloodOnTheConsoleStaysBelowItsLimit) {
    auto options = guests_.options();
    options.console_limit_bytes = 512 * 1024; // a guest without KVM writes some 200 KiB a second
    driver_ = guests_.make(options);
    start(instance_a, BootMode::floods);
    const auto log = guests_.instance(instance_a) / "console.log";
    int64_t largest = 0;
    struct stat status {};
    EXPECT_TRUE(eventually(
        [&] {
            EXPECT_EQ(::stat(log.c_str(), &status), 0);
            largest = std::max<int64_t>(largest, status.st_blocks * 512);
            return status.st_size > 2 * options.console_limit_bytes; // it was a flood
        },
        seconds{60}));
    EXPECT_LE(largest, options.console_limit_bytes);
    const auto output = driver_->console_output(instance_a, 65536);
    EXPECT_EQ(output->size(), 65536u);
    EXPECT_EQ(output->find('\0'), std::string::npos);
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
}

TEST_F(QemuHypervisorTest, AHungGuestDelaysNobodyElse) {
    start(instance_a);
    start(instance_b);
    ASSERT_EQ(::kill(pid(instance_a), SIGSTOP), 0);
    std::thread stuck([&] {
        const auto result = driver_->power_button(instance_a);
        EXPECT_FALSE(result);
        EXPECT_EQ(result.error().code, errors::timeout);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
    EXPECT_TRUE(driver_->power_button(instance_b));
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds{1});
    EXPECT_TRUE(reaches(instance_b, MachineState::shut_down));
    stuck.join();
    EXPECT_TRUE(driver_->destroy(instance_a)); // by force
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::absent);
}

TEST_F(QemuHypervisorTest, AGuestMayIgnoreItsPowerButton) {
    start(instance_a, BootMode::ignores_power_button);
    ASSERT_TRUE(driver_->power_button(instance_a));
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
    EXPECT_TRUE(driver_->destroy(instance_a));
}

TEST_F(QemuHypervisorTest, AGuestMayKeepAnInterfaceUntilItIsCutOff) {
    auto spec = guests_.spec(instance_a);
    spec.interfaces = {guests_.interface(1)};
    spec.interface_slots = 2;
    ASSERT_TRUE(driver_->start(spec));
    ASSERT_TRUE(driver_->attach_interface(instance_a, guests_.interface(2)));
    // This guest has no driver that could let go.
    EXPECT_TRUE(driver_->detach_interface(instance_a, "eni-01234567", false)); // it has none such
    EXPECT_EQ(driver_->detach_interface(instance_a, guests_.interface_id(2), false).error().code,
              errors::timeout);
    EXPECT_THAT(*driver_->plugged_interfaces(instance_a), testing::SizeIs(2));
    ASSERT_TRUE(driver_->detach_interface(instance_a, guests_.interface_id(2), true));
    EXPECT_THAT(*driver_->plugged_interfaces(instance_a), ElementsAre(guests_.interface_id(1)));
    // What is left of it is in its slot still; another has room, a third has not.
    EXPECT_EQ(driver_->attach_interface(instance_a, guests_.interface(2)).error().code,
              errors::timeout);
    EXPECT_TRUE(driver_->attach_interface(instance_a, guests_.interface(3)));
    EXPECT_THAT(driver_->attach_interface(instance_a, guests_.interface(4)).error().message,
                HasSubstr("no free slot"));
}

TEST_F(QemuHypervisorTest, HasRoomForEc2sMostInterfaces) {
    auto spec = guests_.spec(instance_a);
    spec.interfaces = {guests_.interface(0)};
    spec.interface_slots = 14;
    ASSERT_TRUE(driver_->start(spec));
    ASSERT_TRUE(eventually([&] { return console_has(*driver_, instance_a, boot_greeting); }));
    for (int i = 10; i < 24; ++i) {
        MachineInterface interface = guests_.interface(1);
        interface.interface_id = "eni-0123456789abcde" + std::to_string(i);
        interface.mac = "02:00:00:00:00:" + std::to_string(i);
        const auto attached = driver_->attach_interface(instance_a, interface);
        ASSERT_TRUE(attached) << attached.error().message;
    }
    EXPECT_THAT(*driver_->plugged_interfaces(instance_a), testing::SizeIs(15));
}

TEST_F(QemuHypervisorTest, AFailedPlugLeavesNothing) {
    auto spec = guests_.spec(instance_a);
    spec.interfaces = {guests_.interface(1)};
    spec.interface_slots = 1;
    ASSERT_TRUE(driver_->start(spec));
    auto broken = guests_.interface(2);
    broken.open_tap = [] { return open_path("/dev/null", O_RDWR); }; // QEMU refuses it
    EXPECT_FALSE(driver_->attach_interface(instance_a, broken));
    EXPECT_THAT(*driver_->plugged_interfaces(instance_a), ElementsAre(guests_.interface_id(1)));
    EXPECT_TRUE(driver_->attach_interface(instance_a, guests_.interface(2)));
    EXPECT_THAT(*driver_->plugged_interfaces(instance_a), testing::SizeIs(2));
}

TEST_F(QemuHypervisorTest, AVolumeServesOneGuestOnly) {
    start(instance_a);
    auto second = guests_.spec(instance_b);
    second.disks = guests_.spec(instance_a).disks;
    const auto refused = driver_->start(second);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("in use by another instance"));
    EXPECT_EQ(driver_->observe(instance_b).state, MachineState::absent);
    // Also when the daemon that started the first is no more.
    driver_ = guests_.make();
    EXPECT_FALSE(driver_->start(second));
    ASSERT_TRUE(driver_->recover());
    ASSERT_TRUE(driver_->destroy(instance_a));
    EXPECT_TRUE(driver_->start(second));
}

TEST_F(QemuHypervisorTest, AFailedStartLeavesNothingAndSaysWhy) {
    auto spec = guests_.spec(instance_a);
    spec.disks[0].chain.layers[0].format = "qcow2"; // which it is not
    const auto refused = driver_->start(spec);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("not in qcow2 format"));
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::absent);
    EXPECT_THAT(*driver_->recover(), IsEmpty());
    start(instance_a);
}

TEST_F(QemuHypervisorTest, BootsAVolumeClonedFromASnapshot) {
    Folder folder;
    SystemRandom random;
    Qcow2VolumesOptions options;
    options.state_folder = folder.path() / "state";
    options.copy.launcher = PILEUS_LAUNCHER;
    Qcow2Volumes volumes(options, guests_.runner(), random);
    ASSERT_TRUE(volumes.recover());
    const auto raw = (folder.path() / "image.raw").string();
    const auto image = (folder.path() / "image.qcow2").string();
    std::ofstream(raw, std::ios::binary) << boot_disk(BootMode::obeys);
    ProcessSpec convert;
    convert.argv = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image};
    ASSERT_TRUE(run_checked(guests_.runner(), convert));
    ASSERT_TRUE(volumes.import_snapshot("snap-0123456789abcdef0", image));
    ASSERT_TRUE(volumes.create("vol-0123456789abcdef0",
                               {.size_gib = 1, .snapshot_id = "snap-0123456789abcdef0"}));

    auto spec = guests_.spec(instance_a);
    spec.disks[0].chain = volumes.open("vol-0123456789abcdef0").value();
    const auto started = driver_->start(spec);
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_TRUE(eventually([&] { return console_has(*driver_, instance_a, boot_greeting); }));
    EXPECT_THAT(volumes.remove("vol-0123456789abcdef0").error().message, HasSubstr("in use"));
    ASSERT_TRUE(driver_->destroy(instance_a));
    EXPECT_TRUE(volumes.remove("vol-0123456789abcdef0"));
}

TEST_F(QemuHypervisorTest, StartsWithUefiFirmware) {
    if (!std::filesystem::exists(guests_.options().uefi_code))
        GTEST_SKIP() << "OVMF is not installed";
    auto spec = guests_.spec(instance_a);
    spec.firmware = "uefi";
    const auto started = driver_->start(spec);
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_TRUE(std::filesystem::exists(guests_.instance(instance_a) / "uefi-variables"));
}

TEST_F(QemuHypervisorTest, ForgettingRemovesTheFolder) {
    start(instance_a);
    ASSERT_TRUE(driver_->forget(instance_a));
    EXPECT_FALSE(std::filesystem::exists(guests_.instance(instance_a)));
}

} // namespace
} // namespace pileus::drivers
