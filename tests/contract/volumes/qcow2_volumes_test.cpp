// SPDX-License-Identifier: Apache-2.0
// What only files can show: what is on disk, what a crash leaves, what a hostile image tries.
#include "base/file.h"
#include "base/process.h"
#include "drivers/volumes/formats/qcow2_header.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "folder.h"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;

const std::string volume = "vol-0123456789abcdef0";
const std::string other_volume = "vol-0123456789abcdef1";
const std::string snapshot = "snap-0123456789abcdef0";

class Qcow2VolumesTest : public testing::Test {
  protected:
    Qcow2VolumesTest() : volumes_({state()}) { EXPECT_TRUE(volumes_.recover()); }

    std::filesystem::path state() const { return folder_.path() / "state"; }
    std::filesystem::path file(const std::string& name) const { return state() / name; }
    std::string image() const { return (folder_.path() / "image.qcow2").string(); }

    std::string run(std::vector<std::string> argv) {
        SystemProcessRunner runner;
        ProcessSpec spec;
        spec.argv = std::move(argv);
        const auto output = run_checked(runner, spec);
        EXPECT_TRUE(output) << output.error().message;
        return output.value_or("");
    }

    // An image that holds "canary" at 1 MiB.
    void make_image() {
        run({"qemu-img", "create", "-q", "-f", "qcow2", image(), "2G"});
        run({"qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 64k", image()});
    }

    Folder folder_;
    Qcow2Volumes volumes_;
};

TEST_F(Qcow2VolumesTest, QemuFindsNothingWrongWithNewFiles) {
    make_image();
    ASSERT_TRUE(volumes_.import_snapshot(snapshot, image()));
    for (const int64_t size : {1, 8, 513, 16384}) {
        ASSERT_TRUE(volumes_.create(volume, size));
        ASSERT_TRUE(volumes_.clone(other_volume, snapshot, std::max<int64_t>(size, 2)));
        for (const auto& id : {volume, other_volume}) {
            const auto path = file("volumes/" + id + ".qcow2").string();
            EXPECT_THAT(run({"qemu-img", "check", "-f", "qcow2", path}), HasSubstr("No errors"));
        }
        ASSERT_TRUE(volumes_.remove(volume));
        ASSERT_TRUE(volumes_.remove(other_volume));
    }
}

TEST_F(Qcow2VolumesTest, AVolumeIsReadAndWrittenByQemu) {
    make_image();
    ASSERT_TRUE(volumes_.import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_.clone(volume, snapshot, 8));
    const auto path = file("volumes/" + volume + ".qcow2").string();
    run({"qemu-io", "-f", "qcow2", "-c", "read -P 0x5a 1M 64k", path}); // the snapshot shows
    run({"qemu-io", "-f", "qcow2", "-c", "read -P 0 4G 64k", path});    // grown space is zero
    run({"qemu-io", "-f", "qcow2", "-c", "write -P 0x77 1M 4k", path}); // copy on write
    run({"qemu-io", "-f", "qcow2", "-c", "read -P 0x5a 1028k 4k", path});
    run({"qemu-io", "-f", "qcow2", "-c", "write -P 0x11 7G 256k", path});
    EXPECT_THAT(run({"qemu-img", "check", "-f", "qcow2", path}), HasSubstr("No errors"));
    const auto below = file("snapshots/" + snapshot + ".qcow2").string();
    run({"qemu-io", "-r", "-f", "qcow2", "-c", "read -P 0x5a 1M 64k", below}); // untouched
}

TEST_F(Qcow2VolumesTest, ANewVolumeReadsZeroWhereAnOldOneLay) {
    ASSERT_TRUE(volumes_.create(volume, 1));
    const auto path = file("volumes/" + volume + ".qcow2").string();
    run({"qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 0 8M", path});
    ASSERT_TRUE(volumes_.remove(volume));
    ASSERT_TRUE(volumes_.create(volume, 1));
    run({"qemu-io", "-f", "qcow2", "-c", "read -P 0 0 16M", path});
}

TEST_F(Qcow2VolumesTest, ModesKeepOthersOut) {
    make_image();
    ASSERT_TRUE(volumes_.import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_.create(volume, 1));
    struct stat status {};
    ASSERT_EQ(::stat(file("snapshots/" + snapshot + ".qcow2").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0400u);
    ASSERT_EQ(::stat(file("volumes/" + volume + ".qcow2").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    ASSERT_EQ(::stat(file("volumes").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(Qcow2VolumesTest, AnotherObjectFindsEverything) {
    make_image();
    ASSERT_TRUE(volumes_.import_snapshot(snapshot, image()));
    ASSERT_TRUE(volumes_.clone(volume, snapshot, 8));
    ASSERT_TRUE(volumes_.create(other_volume, 3));
    ASSERT_TRUE(volumes_.remove_snapshot(snapshot));

    Qcow2Volumes later({state()});
    ASSERT_TRUE(later.recover());
    EXPECT_EQ(later.open(volume)->layers.size(), 2u);
    EXPECT_EQ(later.open(other_volume)->layers.size(), 1u);
    EXPECT_EQ(later.observe()->size(), 2u);
    EXPECT_EQ(later.clone("vol-00000000", snapshot, 8).error().code, errors::not_found);
    // The last volume takes the removed snapshot with it.
    ASSERT_TRUE(later.remove(volume));
    EXPECT_FALSE(std::filesystem::exists(file("snapshots/" + snapshot + ".qcow2")));
    EXPECT_FALSE(std::filesystem::exists(file("snapshots/" + snapshot + ".removed")));
}

TEST_F(Qcow2VolumesTest, RecoveryClearsWhatACrashLeft) {
    ASSERT_TRUE(volumes_.create(volume, 1));
    ASSERT_TRUE(write_file_durably(file("volumes/" + other_volume + ".json"),
                                   R"({"size_gib":1,"snapshot_id":""})"));
    std::ofstream(file("volumes/." + other_volume + ".qcow2.new")) << "half";
    std::ofstream(file("snapshots/." + snapshot + ".qcow2.new")) << "half";
    std::ofstream(file("snapshots/" + snapshot + ".removed"));

    Qcow2Volumes later({state()});
    ASSERT_TRUE(later.recover());
    EXPECT_EQ(later.observe()->size(), 1u);
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state()))
        files += entry.is_regular_file();
    EXPECT_EQ(files, 2u); // the whole volume's disk and record
    EXPECT_TRUE(later.create(other_volume, 1));
    EXPECT_TRUE(later.open(other_volume));
}

TEST_F(Qcow2VolumesTest, TheChainComesFromTheRecordNotFromTheDisk) {
    ASSERT_TRUE(volumes_.create(volume, 1));
    const auto path = file("volumes/" + volume + ".qcow2").string();
    // What a guest that broke out into its QEMU could write into its own disk file.
    run({"qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", path});
    Qcow2Volumes later({state()});
    ASSERT_TRUE(later.recover());
    EXPECT_EQ(later.open(volume)->layers.size(), 1u);
}

TEST_F(Qcow2VolumesTest, AVolumeInUseIsNotRemoved) {
    ASSERT_TRUE(volumes_.create(volume, 1));
    UniqueFd user(::open(volumes_.open(volume)->layers[0].path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(user.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(volumes_.remove(volume).error().message, HasSubstr("in use"));
    EXPECT_TRUE(volumes_.open(volume));
    user.reset();
    EXPECT_TRUE(volumes_.remove(volume));
}

TEST_F(Qcow2VolumesTest, HostileImagesAreRefusedAndLeaveNothing) {
    const auto expect_refused = [&](const char* reason) {
        const auto result = volumes_.import_snapshot(snapshot, image());
        ASSERT_FALSE(result) << reason;
        EXPECT_THAT(result.error().message, HasSubstr(reason));
        Qcow2Volumes later({state()});
        ASSERT_TRUE(later.recover());
        EXPECT_TRUE(std::filesystem::is_empty(file("snapshots")));
        std::filesystem::remove(image());
    };
    run({"qemu-img",
         "create",
         "-q",
         "-u",
         "-f",
         "qcow2",
         "-b",
         "/etc/shadow",
         "-F",
         "raw",
         image(),
         "1G"});
    expect_refused("backing file");
    const auto data = "data_file=" + (folder_.path() / "data.raw").string();
    run({"qemu-img", "create", "-q", "-f", "qcow2", "-o", data, image(), "1G"});
    expect_refused("another file");
    run({"qemu-img", "create", "-q", "-f", "qcow2", image(), "900T"});
    expect_refused("is not between");
    run({"qemu-img", "create", "-q", "-f", "qcow2", image(), "1G"});
    // As LUKS in a qcow2 file is marked. (qemu-img's own times its key derivation, and fails on a
    // busy machine.)
    std::fstream(image(), std::ios::in | std::ios::out | std::ios::binary).seekp(35).put(2);
    expect_refused("encrypted");
    run({"qemu-img",
         "create",
         "-q",
         "-f",
         "vmdk",
         "-o",
         "subformat=monolithicFlat",
         image(),
         "1G"});
    expect_refused("not a qcow2 file");
    std::filesystem::create_symlink("/dev/zero", image());
    expect_refused("is not a file");
}

TEST_F(Qcow2VolumesTest, AcceptsCompressedImages) {
    make_image();
    const auto small = (folder_.path() / "small.qcow2").string();
    run({"qemu-img",
         "convert",
         "-c",
         "-O",
         "qcow2",
         "-o",
         "compression_type=zstd",
         image(),
         small});
    EXPECT_TRUE(volumes_.import_snapshot(snapshot, small));
}

TEST_F(Qcow2VolumesTest, AVolumeIsNotSmallerThanItsSnapshot) {
    make_image();
    ASSERT_TRUE(volumes_.import_snapshot(snapshot, image()));
    EXPECT_EQ(volumes_.clone(volume, snapshot, 1).error().code, errors::invalid);
    EXPECT_TRUE(volumes_.observe()->empty());
}

} // namespace
} // namespace pileus::drivers
