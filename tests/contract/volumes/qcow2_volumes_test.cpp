// SPDX-License-Identifier: Apache-2.0
// What only files can show: what is on disk, what a crash leaves, what a hostile image tries.
#include "base/file.h"
#include "drivers/volumes/formats/qcow2_header.h"
#include "qcow2_fixture.h"

#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Qcow2VolumesTest : public Qcow2Fixture {};

TEST_F(Qcow2VolumesTest, QemuFindsNothingWrongWithNewFiles) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    for (const int64_t size : {1, 8, 513, 16384}) {
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{size, "", false}));
        ASSERT_TRUE(volumes_->create(other_volume,
                                     VolumeSpec{std::max<int64_t>(size, 2), snapshot, false}));
        for (const auto& id : {volume, other_volume}) {
            const auto path = volumes_->open(id)->layers[0].path;
            EXPECT_THAT(run({"qemu-img", "check", "-f", "qcow2", path}), HasSubstr("No errors"));
        }
        ASSERT_TRUE(volumes_->remove(volume));
        ASSERT_TRUE(volumes_->remove(other_volume));
    }
}

TEST_F(Qcow2VolumesTest, AVolumeIsReadAndWrittenByQemu) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{8, snapshot, false}));
    io(volume, "read -P 0x5a 1M 64k"); // the snapshot shows
    io(volume, "read -P 0 4G 64k");    // grown space is zero
    io(volume, "write -P 0x77 1M 4k"); // copy on write
    io(volume, "read -P 0x5a 1028k 4k");
    io(volume, "write -P 0x11 7G 256k");
    const auto path = volumes_->open(volume)->layers[0].path;
    EXPECT_THAT(run({"qemu-img", "check", "-f", "qcow2", path}), HasSubstr("No errors"));
    io_snapshot(snapshot, "read -P 0x5a 1M 64k"); // untouched
}

TEST_F(Qcow2VolumesTest, ANewVolumeReadsZeroWhereAnOldOneLay) {
    for (const bool encrypted : {false, true}) {
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", encrypted}));
        io(volume, "write -P 0x5a 0 8M");
        ASSERT_TRUE(volumes_->remove(volume));
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", encrypted}));
        io(volume, "read -P 0 0 16M");
        ASSERT_TRUE(volumes_->remove(volume));
    }
}

TEST_F(Qcow2VolumesTest, AGrownVolumeIsLargerForQemu) {
    for (const bool encrypted : {false, true}) {
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", encrypted}));
        io(volume, "write -P 0x5a 1000M 1M");
        ASSERT_TRUE(volumes_->grow(volume, 16384));
        io(volume, "read -P 0x5a 1000M 1M");
        io(volume, "read -P 0 1G 1M");
        io(volume, "write -P 0x11 16000G 1M");
        restart();
        EXPECT_EQ(volumes_->open(volume)->size_gib, 16384);
        io(volume, "read -P 0x11 16000G 1M");
        if (!encrypted) {
            const auto path = volumes_->open(volume)->layers[0].path;
            EXPECT_THAT(run({"qemu-img", "check", "-f", "qcow2", path}), HasSubstr("No errors"));
        }
        ASSERT_TRUE(volumes_->remove(volume));
    }
}

TEST_F(Qcow2VolumesTest, AVolumeInUseIsGrownByItsHypervisor) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", false}));
    const auto path = volumes_->open(volume)->layers[0].path;
    UniqueFd user(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(user.get(), LOCK_EX | LOCK_NB), 0);
    const auto before = read_file(path);
    ASSERT_TRUE(volumes_->grow(volume, 5));
    EXPECT_EQ(*read_file(path), *before);
    EXPECT_EQ(volumes_->open(volume)->size_gib, 5);
}

TEST_F(Qcow2VolumesTest, ModesKeepOthersOut) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{2, snapshot, true}));
    const auto mode = [](const std::filesystem::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777;
    };
    const auto layers = volumes_->open(volume)->layers;
    EXPECT_EQ(mode(layers[0].path), 0600u);
    EXPECT_EQ(mode(layers[1].path), 0400u);
    for (const auto* folder : {"volumes", "layers", "snapshots"})
        EXPECT_EQ(mode(file(folder)), 0700u);
    EXPECT_EQ(mode(file("master.key")), 0600u);
    snap(volume, other_snapshot);
    EXPECT_EQ(mode(layers[0].path), 0400u);
}

TEST_F(Qcow2VolumesTest, AnotherObjectFindsEverything) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{8, snapshot, false}));
    ASSERT_TRUE(volumes_->create(other_volume, VolumeSpec{3, "", true}));
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    const auto secret = volumes_->open(other_volume)->layers[0].secret;

    restart();
    EXPECT_EQ(volumes_->open(volume)->layers.size(), 2u);
    EXPECT_EQ(volumes_->open(other_volume)->layers.size(), 1u);
    EXPECT_EQ(volumes_->open(other_volume)->layers[0].secret, secret);
    EXPECT_EQ(volumes_->observe()->size(), 2u);
    EXPECT_EQ(volumes_->create("vol-00000000", VolumeSpec{8, snapshot, false}).error().code,
              errors::not_found);
    // The last volume takes the removed snapshot with it.
    ASSERT_TRUE(volumes_->remove(volume));
    EXPECT_EQ(count_files(".qcow2"), 1u);
    check_all();
}

TEST_F(Qcow2VolumesTest, RecoveryClearsWhatACrashLeft) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", false}));
    std::ofstream(file("layers/.layer-1.qcow2.new")) << "half";
    std::ofstream(file("layers/layer-2.qcow2")) << "without a record";
    ASSERT_TRUE(write_file_durably(
        file("layers/layer-3.json"),
        R"({"below":"","virtual_bytes":1,"sealed_secret":"","file":"layers/layer-3.qcow2"})"));
    std::ofstream(file("volumes/.vol-1.json.abc")) << "half";
    EXPECT_EQ(volumes_->check()->size(), 4u); // beside what it knows: two hidden, two strays

    restart();
    EXPECT_EQ(volumes_->observe()->size(), 1u);
    EXPECT_EQ(count_files(".qcow2"), 1u);
    EXPECT_EQ(count_files(".json"), 2u); // the volume and its layer
    check_all();
}

TEST_F(Qcow2VolumesTest, NothingIsThrownAwayForARecordThatCannotBeRead) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", false}));
    ASSERT_TRUE(volumes_->create(other_volume, VolumeSpec{1, "", false}));
    std::ofstream(file("volumes/" + volume + ".json")) << "{\"layer\":";
    restart();
    EXPECT_EQ(count_files(".qcow2"), 2u);
    EXPECT_EQ(volumes_->open(volume).error().code, errors::not_found);
    EXPECT_TRUE(volumes_->open(other_volume));
    EXPECT_THAT(*volumes_->check(), testing::Not(IsEmpty()));
}

TEST_F(Qcow2VolumesTest, TheChainComesFromTheRecordNotFromTheDisk) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", false}));
    const auto path = volumes_->open(volume)->layers[0].path;
    // What a guest that broke out into its QEMU could write into its own disk file.
    run({"qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", path});
    restart();
    EXPECT_EQ(volumes_->open(volume)->layers.size(), 1u);
    snap(volume, snapshot);
    const auto out = image("out.raw");
    const auto given = volumes_->export_snapshot(snapshot, out, "raw", go_on);
    ASSERT_TRUE(given) << given.error().message;
    run({"qemu-io", "-f", "raw", "-c", "read -P 0 0 64k", out});
}

TEST_F(Qcow2VolumesTest, AVolumeInUseIsNotRemoved) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", false}));
    UniqueFd user(::open(volumes_->open(volume)->layers[0].path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(user.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(volumes_->remove(volume).error().message, HasSubstr("in use"));
    EXPECT_TRUE(volumes_->open(volume));
    user.reset();
    EXPECT_TRUE(volumes_->remove(volume));
}

TEST_F(Qcow2VolumesTest, SecretsAreSealedAndOpenTheDisk) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{1, "", true}));
    io(volume, "write -P 0x5a 1M 64k");
    io(volume, "read -P 0x5a 1M 64k");
    const auto layer = volumes_->open(volume)->layers[0];
    const auto disk = *read_file(layer.path);
    EXPECT_EQ(disk.find(std::string(4096, 'Z')), std::string::npos);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state()))
        if (entry.is_regular_file())
            EXPECT_THAT(*read_file(entry.path()), testing::Not(HasSubstr(layer.secret)));
    // Without the master key it is noise, and is said to be.
    ASSERT_TRUE(write_file_durably(file("master.key"), std::string(32, 'k')));
    restart();
    EXPECT_THAT(volumes_->open(volume).error().message, HasSubstr("master key"));
    EXPECT_THAT(*volumes_->check(), testing::Not(IsEmpty()));
}

TEST_F(Qcow2VolumesTest, AVolumeIsNotSmallerThanItsSnapshot) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    EXPECT_EQ(volumes_->create(volume, VolumeSpec{1, snapshot, false}).error().code,
              errors::invalid);
    EXPECT_TRUE(volumes_->observe()->empty());
    check_all();
}

// The state folder of the first release: one volume on a snapshot, one on a snapshot that was
// removed, one half made.
TEST_F(Qcow2VolumesTest, TheFolderOfTheFirstReleaseIsTakenOver) {
    make_image();
    volumes_.reset();
    std::filesystem::remove_all(state());
    std::filesystem::create_directories(file("volumes"));
    std::filesystem::create_directories(file("snapshots"));
    const auto old_volume = [&](const std::string& id, const std::string& on) {
        std::ofstream(file("volumes/" + id + ".json"))
            << fmt::format(R"({{"size_gib":3,"snapshot_id":"{}"}})", on);
        run({"qemu-img", "create", "-q", "-f", "qcow2", file("volumes/" + id + ".qcow2"), "3G"});
    };
    for (const auto& id : {snapshot, other_snapshot})
        std::filesystem::copy(image(), file("snapshots/" + id + ".qcow2"));
    std::ofstream(file("snapshots/" + other_snapshot + ".removed"));
    old_volume(volume, snapshot);
    old_volume(other_volume, other_snapshot);
    std::ofstream(file("volumes/vol-00000001.json")) << R"({"size_gib":1,"snapshot_id":""})";

    for (int start = 0; start < 3; ++start) {
        restart();
        check_all();
        EXPECT_EQ(volumes_->observe()->size(), 2u);
        EXPECT_TRUE(volumes_->has_snapshot(snapshot));
        EXPECT_FALSE(volumes_->has_snapshot(other_snapshot));
        // Where a guest that outlived the daemon has it.
        EXPECT_EQ(volumes_->open(volume)->layers[0].path, file("volumes/" + volume + ".qcow2"));
        EXPECT_EQ(volumes_->open(volume)->size_gib, 3);
        io(volume, "read -P 0x5a 1M 64k");
        io(other_volume, "read -P 0x5a 1M 64k");
    }
    // Its tables do not grow in place.
    ASSERT_TRUE(volumes_->grow(volume, 100));
    EXPECT_EQ(volumes_->open(volume)->layers.size(), 3u);
    io(volume, "write -P 0x11 90G 64k");
    io(volume, "read -P 0x5a 1M 64k");
    snap(volume, third_snapshot);
    io_snapshot(snapshot, "read -P 0x5a 1M 64k");
    ASSERT_TRUE(volumes_->remove(other_volume));
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    ASSERT_TRUE(volumes_->remove(volume));
    ASSERT_TRUE(volumes_->remove_snapshot(third_snapshot));
    EXPECT_EQ(count_files(".qcow2"), 0u);
    restart();
    check_all();
}

} // namespace
} // namespace pileus::drivers
