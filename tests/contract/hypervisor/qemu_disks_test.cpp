// SPDX-License-Identifier: Apache-2.0
// Disks of real guests that write all the time: what is in their layers afterwards.
#include "base/random.h"
#include "base/text.h"
#include "drivers/hypervisor/qemu/disk_layers.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "fixture.h"

#include <cstring>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/mount.h>

namespace pileus::drivers {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The numbers that a guest of BootMode::writes left on its disk.
class Written {
  public:
    explicit Written(const std::string& raw_path) {
        std::ifstream file(raw_path, std::ios::binary);
        for (uint32_t place = 0; place < written_places; ++place) {
            char bytes[4] = {};
            file.seekg(written_offset(place));
            file.read(bytes, sizeof(bytes));
            std::memcpy(&numbers_[place], bytes, sizeof(bytes));
            last_ = std::max(last_, numbers_[place]);
        }
    }
    uint32_t last() const { return last_; }
    // Every number up to the last one is there, unless a later one has taken its place.
    void expect_whole() const {
        const uint32_t first = last_ < written_places ? 1 : last_ - written_places + 1;
        for (uint32_t number = first; number <= last_; ++number)
            EXPECT_EQ(numbers_[number % written_places], number) << "of " << last_;
    }

  private:
    std::array<uint32_t, written_places> numbers_{};
    uint32_t last_ = 0;
};

class QemuDisks : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain())
            GTEST_SKIP() << "guests are contained by root only";
        ASSERT_TRUE(driver_->recover());
    }

    static std::string vol(int number) { return QemuGuests::volume_id(number); }

    // The guest's disk: an empty layer over the one that boots.
    MachineSpec writer() {
        auto spec = guests_.spec(instance_a, BootMode::writes);
        auto& layers = spec.disks[0].chain.layers;
        layers[0].read_only = true;
        layers.insert(layers.begin(), guests_.layer("top", layers[0]));
        return spec;
    }

    void start(const MachineSpec& spec) {
        const auto started = driver_->start(spec);
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(eventually([&] { return console_has(*driver_, instance_a, boot_greeting); }));
    }

    // The guest has written this much to the layer's file, at least.
    static bool grows_to(const DiskLayer& layer, int64_t bytes) {
        return eventually([&] {
            struct stat status {};
            return ::stat(layer.path.c_str(), &status) == 0 && status.st_blocks * 512 >= bytes;
        });
    }

    Written read(const DiskLayer& layer) {
        const auto raw = layer.path + ".raw";
        ProcessSpec convert;
        convert.argv = {
            "qemu-img", "convert", "-U", "-f", layer.format, "-O", "raw", layer.path, raw};
        const auto converted = run_checked(guests_.runner(), convert);
        EXPECT_TRUE(converted) << converted.error().message;
        return Written(raw);
    }

    // How the guest's QEMU has the file open: "r", "w" (each once or more), "" not at all.
    std::set<std::string> opened(const DiskLayer& layer) {
        std::set<std::string> modes;
        const auto folder = fmt::format("/proc/{}/fd", guests_.pid_of(instance_a));
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
            if (std::filesystem::read_symlink(entry.path(), ignored) != layer.path)
                continue;
            const auto info = read_file(fmt::format("/proc/{}/fdinfo/{}",
                                                    guests_.pid_of(instance_a),
                                                    entry.path().filename().string()));
            const auto flags = info ? info->find("flags:") : std::string::npos;
            if (flags != std::string::npos)
                modes.insert(
                    (std::stol(info->substr(flags + 6), nullptr, 8) & O_ACCMODE) == O_RDONLY ? "r"
                                                                                             : "w");
        }
        return modes;
    }

    static bool is_locked(const DiskLayer& layer) {
        const UniqueFd fd(::open(layer.path.c_str(), O_RDONLY | O_CLOEXEC));
        return ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;
    }

    QemuGuests guests_;
    std::unique_ptr<QemuHypervisor> driver_ = guests_.make();
};

constexpr int64_t some_bytes = 2 * 1024 * 1024;

TEST_F(QemuDisks, ASwitchUnderWritesLosesNothing) {
    const auto spec = writer();
    const auto first = spec.disks[0].chain.layers[0];
    start(spec);
    EXPECT_TRUE(is_locked(first));
    DiskLayer current = first;
    std::vector<DiskLayer> left;
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(grows_to(current, some_bytes));
        const auto next = guests_.layer("next" + std::to_string(i), current);
        for (int twice = 0; twice < 2; ++twice) {
            const auto switched =
                driver_->switch_layers(instance_a, {{vol(0), current.path, next}});
            ASSERT_TRUE(switched) << switched.error().message;
        }
        // What a snapshot was taken of can be written by nobody, and be removed by us.
        EXPECT_THAT(opened(current), testing::ElementsAre("r"));
        EXPECT_FALSE(is_locked(current));
        EXPECT_TRUE(is_locked(next));
        left.push_back(current);
        current = next;
    }
    ASSERT_TRUE(grows_to(current, some_bytes));
    uint32_t last = 0;
    for (const auto& layer : left) {
        const auto written = read(layer);
        written.expect_whole();
        EXPECT_GT(written.last(), last);
        last = written.last();
    }
    EXPECT_EQ(read(left[0]).last(), read(left[0]).last()); // nothing comes to it any more
    EXPECT_FALSE(console_has(*driver_, instance_a, boot_lost_write));
    ASSERT_TRUE(driver_->destroy(instance_a));
    const auto written = read(current);
    written.expect_whole();
    EXPECT_GT(written.last(), last);
}

TEST_F(QemuDisks, WhatACrashOrAFailureLeftOfASwitchIsCleanedUp) {
    auto spec = writer();
    spec.disks.push_back(guests_.data_disk(1, "second"));
    const auto first = spec.disks[0].chain.layers[0];
    const auto second = spec.disks[1].chain.layers[0];
    start(spec);
    const auto next = guests_.layer("next", first);
    // The second disk's layer is not there.
    EXPECT_FALSE(driver_->switch_layers(
        instance_a, {{vol(0), first.path, next}, {vol(1), second.path, {"/nowhere", "qcow2"}}}));
    EXPECT_THAT(opened(next), IsEmpty());
    EXPECT_TRUE(*driver_->writes_to(instance_a, vol(0), first.path));
    // A daemon that died between opening the layer and the switch.
    driver_.reset();
    {
        Watcher watcher(milliseconds{100}, [] {});
        const auto identity = identify_process(guests_.pid_of(instance_a));
        ASSERT_TRUE(identity);
        const auto machine = Machine::attach({instance_a,
                                              MachineFolder(guests_.instance(instance_a)),
                                              0,
                                              *identity,
                                              1024 * 1024,
                                              [](const auto&) {}},
                                             watcher);
        ASSERT_TRUE(machine);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        ASSERT_TRUE((*machine)->wait_until_known(deadline));
        const auto added = add_layers(**machine, {vol(0), {next}}, deadline);
        ASSERT_TRUE(added) << added.error().message;
    }
    EXPECT_TRUE(is_locked(next));
    driver_ = guests_.make();
    ASSERT_TRUE(driver_->recover());
    EXPECT_TRUE(*driver_->writes_to(instance_a, vol(0), first.path));
    EXPECT_THAT(opened(next), IsEmpty());
    EXPECT_FALSE(is_locked(next));
    const auto switched = driver_->switch_layers(instance_a, {{vol(0), first.path, next}});
    ASSERT_TRUE(switched) << switched.error().message;
    EXPECT_TRUE(*driver_->writes_to(instance_a, vol(0), next.path));
}

TEST_F(QemuDisks, WhatLiesBelowIsReplacedUnderWrites) {
    auto spec = writer();
    const auto first = spec.disks[0].chain.layers[0];
    const auto boot = spec.disks[0].chain.layers[1];
    start(spec);
    ASSERT_TRUE(grows_to(first, some_bytes));
    const auto second = guests_.layer("second", first);
    const auto third = guests_.layer("third", second);
    ASSERT_TRUE(driver_->switch_layers(instance_a, {{vol(0), first.path, second}}));
    ASSERT_TRUE(grows_to(second, some_bytes));
    ASSERT_TRUE(driver_->switch_layers(instance_a, {{vol(0), second.path, third}}));
    // first and what it stands on become one file.
    const DiskLayer joined{(guests_.disk_folder() / "joined.qcow2").string(), "qcow2", true};
    ProcessSpec convert;
    convert.argv = {"qemu-img", "convert", "-U", "-O", "qcow2", first.path, joined.path};
    ASSERT_TRUE(run_checked(guests_.runner(), convert));
    const DiskChain chain{vol(0), {third, second, joined}};
    for (int i = 0; i < 2; ++i) {
        const auto replaced = driver_->replace_backing(instance_a, chain);
        ASSERT_TRUE(replaced) << replaced.error().message;
        EXPECT_THAT(opened(first), IsEmpty());
        EXPECT_THAT(opened(boot), IsEmpty());
        EXPECT_THAT(opened(joined), testing::ElementsAre("r"));
    }
    const auto before = read(second).last();
    ASSERT_TRUE(grows_to(third, some_bytes));
    // The guest goes on through a reset: it boots from what was joined.
    ASSERT_TRUE(driver_->reset(instance_a));
    ASSERT_TRUE(eventually([&] {
        const auto text = driver_->console_output(instance_a, 65536).value_or("");
        return text.find(boot_greeting) != text.rfind(boot_greeting);
    }));
    ASSERT_TRUE(driver_->destroy(instance_a));
    EXPECT_GT(before, 0u);
    EXPECT_FALSE(console_has(*driver_, instance_a, boot_lost_write));
}

TEST_F(QemuDisks, ADiskThatAGuestWasCutOffFromIsFree) {
    auto spec = writer();
    spec.disks.push_back(guests_.data_disk(1, "second"));
    const auto second = spec.disks[1].chain.layers[0];
    start(spec);
    EXPECT_EQ(driver_->detach_disk(instance_a, vol(1), false).error().code, errors::timeout);
    EXPECT_TRUE(is_locked(second));
    const auto detached = driver_->detach_disk(instance_a, vol(1), true);
    ASSERT_TRUE(detached) << detached.error().message;
    EXPECT_THAT(opened(second), IsEmpty());
    EXPECT_FALSE(is_locked(second));
    EXPECT_EQ(driver_->observe(instance_a).state, MachineState::running);
    const auto again = driver_->attach_disk(instance_a, spec.disks[1]);
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("has not let go"));
    // A guest that starts anew has let go of everything.
    ASSERT_TRUE(driver_->reset(instance_a));
    EXPECT_TRUE(
        eventually([&] { return driver_->attach_disk(instance_a, spec.disks[1]).has_value(); }));
    EXPECT_THAT(*driver_->plugged_disks(instance_a), Contains(vol(1)));
}

TEST_F(QemuDisks, EncryptedLayersOpenAndTheirSecretsStayWithThem) {
    SystemRandom random;
    Qcow2VolumesOptions options;
    options.state_folder = guests_.disk_folder() / "state";
    options.copy.launcher = PILEUS_LAUNCHER;
    Qcow2Volumes volumes(options, guests_.runner(), random);
    ASSERT_TRUE(volumes.recover());
    auto spec = writer();
    const auto image = (guests_.disk_folder() / "image.qcow2").string();
    ProcessSpec convert;
    convert.argv = {
        "qemu-img", "convert", "-O", "qcow2", spec.disks[0].chain.layers[0].path, image};
    ASSERT_TRUE(run_checked(guests_.runner(), convert));
    ASSERT_TRUE(volumes.import_snapshot("snap-0123456789abcdef0", image));
    ASSERT_TRUE(volumes.create(
        vol(0), {.size_gib = 1, .snapshot_id = "snap-0123456789abcdef0", .encrypted = true}));
    ASSERT_TRUE(volumes.create(vol(1), {.size_gib = 1, .encrypted = true}));
    spec.disks[0].chain = volumes.open(vol(0)).value();
    const auto first = spec.disks[0].chain.layers[0];
    ASSERT_NE(first.secret, "");
    start(spec);
    ASSERT_TRUE(grows_to(first, some_bytes));

    // A snapshot of it, and another volume.
    const auto change = volumes.begin_snapshot(vol(0), "snap-0123456789abcdef1");
    ASSERT_TRUE(change) << change.error().message;
    const auto switched = driver_->switch_layers(instance_a, {*change});
    ASSERT_TRUE(switched) << switched.error().message;
    ASSERT_TRUE(volumes.complete_snapshot(vol(0), "snap-0123456789abcdef1"));
    ASSERT_TRUE(grows_to(change->next, some_bytes));
    MachineDisk data{volumes.open(vol(1)).value(), "vol0123456789abcdef1"};
    const auto right = data.chain.layers[0];
    data.chain.layers[0].secret = "open barley";
    EXPECT_FALSE(driver_->attach_disk(instance_a, data));
    EXPECT_FALSE(is_locked(right));
    data.chain.layers[0] = right;
    const auto attached = driver_->attach_disk(instance_a, data);
    ASSERT_TRUE(attached) << attached.error().message;

    const auto pid = guests_.pid_of(instance_a);
    for (const auto& secret : {first.secret, change->next.secret, right.secret}) {
        const auto says_nothing =
            testing::AllOf(Not(HasSubstr(secret)), Not(HasSubstr(base64_encode(secret))));
        for (const char* file : {"cmdline", "environ"})
            EXPECT_THAT(read_file(fmt::format("/proc/{}/{}", pid, file)).value_or(""),
                        says_nothing);
        for (const auto& entry : std::filesystem::directory_iterator(guests_.instance(instance_a)))
            if (entry.is_regular_file())
                EXPECT_THAT(read_file(entry.path()).value_or(""), says_nothing);
    }
    EXPECT_FALSE(console_has(*driver_, instance_a, boot_lost_write));
}

TEST_F(QemuDisks, LimitsAreKeptFromTheStartOn) {
    auto spec = guests_.spec(instance_a, BootMode::writes);
    const auto& file = spec.disks[0].chain.layers[0].path; // raw: what is written can be read
    std::filesystem::resize_file(file, 64 * 1024 * 1024);
    spec.disks[0].limits = {.iops = 1}; // far below what a busy machine does
    start(spec);
    const auto numbers_in_a_second = [&] {
        const auto before = Written(file).last();
        std::this_thread::sleep_for(milliseconds{1000});
        return Written(file).last() - before;
    };
    ASSERT_TRUE(eventually([&] { return Written(file).last() > 2; }));
    EXPECT_LE(numbers_in_a_second(), 4u);
    ASSERT_TRUE(driver_->limit_disk(instance_a, vol(0), {}));
    EXPECT_TRUE(eventually([&] { return numbers_in_a_second() > 8; }));
}

TEST_F(QemuDisks, HasRoomForEc2sMostDisks) {
    auto spec = guests_.spec(instance_a);
    const auto disk = [&](int number) {
        const auto name = fmt::format("data{}", number);
        const auto hex = fmt::format("{:017x}", number);
        return MachineDisk{{"vol-" + hex, {guests_.layer(name)}}, "vol" + hex};
    };
    for (int i = 1; i <= 13; ++i)
        spec.disks.push_back(disk(i));
    start(spec);
    for (int i = 14; i <= 26; ++i) {
        const auto attached = driver_->attach_disk(instance_a, disk(i));
        ASSERT_TRUE(attached) << i << ": " << attached.error().message;
    }
    EXPECT_THAT(*driver_->plugged_disks(instance_a), testing::SizeIs(27));
}

TEST_F(QemuDisks, DisksAreAsLargeAsTheirVolumes) {
    auto spec = guests_.spec(instance_a);
    auto disk = guests_.data_disk(1, "one");
    const auto& layer = disk.chain.layers[0];
    disk.chain.size_gib = 1; // the file says 64 MiB
    spec.disks.push_back(disk);
    start(spec);
    const auto size = [&] {
        ProcessSpec info;
        info.argv = {"qemu-img", "info", "-U", "--output", "json", layer.path};
        return run_checked(guests_.runner(), info).value_or("");
    };
    EXPECT_THAT(size(), HasSubstr("\"virtual-size\": 1073741824"));
    ASSERT_TRUE(driver_->resize_disk(instance_a, vol(1), 16 * 1024));
    EXPECT_THAT(size(), HasSubstr("\"virtual-size\": 17592186044416"));
    ASSERT_TRUE(driver_->resize_disk(instance_a, vol(1), 1)); // never smaller
    // A layer that was made before it grew.
    const auto next = guests_.layer("next", layer);
    ASSERT_TRUE(driver_->switch_layers(instance_a, {{vol(1), layer.path, next}}));
    ProcessSpec info;
    info.argv = {"qemu-img", "info", "-U", "--output", "json", next.path};
    EXPECT_THAT(run_checked(guests_.runner(), info).value_or(""),
                HasSubstr("\"virtual-size\": 17592186044416"));
}

// A small file system of the test's own thread, which nobody else sees and which goes with its last
// descriptor.
class FullDisk {
  public:
    explicit FullDisk(const std::filesystem::path& folder) {
        EXPECT_EQ(::unshare(CLONE_NEWNS), 0);
        EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        EXPECT_EQ(::mount("full", folder.c_str(), "tmpfs", 0, "size=8m"), 0);
        filler_.reset(::open((folder / "filler").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        EXPECT_EQ(::posix_fallocate(filler_.get(), 0, 3 * 1024 * 1024), 0);
    }
    void make_room() const { EXPECT_EQ(::ftruncate(filler_.get(), 0), 0); }

  private:
    UniqueFd filler_;
};

TEST_F(QemuDisks, AFullDiskPausesTheGuestUntilThereIsRoom) {
    auto spec = writer();
    const auto folder = guests_.disk_folder() / "small";
    std::filesystem::create_directories(folder);
    auto& top = spec.disks[0].chain.layers[0];
    const auto made = top.path;
    top.path = (folder / "top.qcow2").string();
    std::unique_ptr<FullDisk> disk;
    // 512 places of 64 KiB do not fit, but 8 MiB are more than the 5 MiB that are free at first.
    std::thread([&] {
        disk = std::make_unique<FullDisk>(folder);
        std::filesystem::copy_file(made, top.path);
        start(spec);
    }).join();
    const auto is_paused = [&] {
        const auto seen = driver_->observe(instance_a);
        return seen.state == MachineState::paused &&
               seen.detail.find("no space left") != std::string::npos;
    };
    ASSERT_TRUE(eventually(is_paused)) << driver_->observe(instance_a).detail;
    // Another daemon knows the reason too.
    driver_ = guests_.make();
    ASSERT_TRUE(driver_->recover());
    ASSERT_TRUE(eventually(is_paused)) << driver_->observe(instance_a).detail;
    // Without room it is as before.
    ASSERT_TRUE(driver_->resume(instance_a));
    ASSERT_TRUE(eventually(is_paused)) << driver_->observe(instance_a).detail;
    disk->make_room();
    ASSERT_TRUE(driver_->resume(instance_a));
    EXPECT_TRUE(
        eventually([&] { return driver_->observe(instance_a).state == MachineState::running; }));
    ASSERT_TRUE(eventually(is_paused)); // full again: it went on
    EXPECT_FALSE(console_has(*driver_, instance_a, boot_lost_write));
}

} // namespace
} // namespace pileus::drivers
