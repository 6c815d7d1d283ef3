// SPDX-License-Identifier: Apache-2.0
// Disks from outside and to the outside: what honest ones hold, and what lying ones get.
#include "base/file.h"
#include "qcow2_fixture.h"

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Qcow2TransferTest : public Qcow2Fixture {
  protected:
    void make_disk(const std::string& format, const std::string& options, const std::string& to) {
        make_image();
        std::vector<std::string> argv = {
            "qemu-img", "convert", "-f", "qcow2", "-O", format, image(), to};
        if (!options.empty())
            argv.insert(argv.begin() + 2, {"-o", options});
        run(argv);
    }

    Result<void> take(const std::string& path, const std::string& format) {
        return volumes_->import_foreign(snapshot, {path, format}, false, go_on);
    }

    void expect_refused(const std::string& path, const std::string& format, const char* reason) {
        const auto taken = take(path, format);
        ASSERT_FALSE(taken) << reason;
        EXPECT_EQ(taken.error().code, errors::invalid) << taken.error().message;
        EXPECT_THAT(taken.error().message, HasSubstr(reason));
        EXPECT_EQ(count_files(".qcow2"), 0u);
        EXPECT_THAT(*volumes_->check(), IsEmpty());
    }

    // `bytes` at `offset` of the file.
    void poke(const std::string& path, size_t offset, const std::string& bytes) {
        std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(static_cast<std::streamoff>(offset));
        out << bytes;
    }
};

TEST_F(Qcow2TransferTest, TakesDisksOfEveryFormat) {
    struct Case {
        const char* format;
        const char* options;
    };
    for (const auto& [format, options] : {Case{"qcow2", ""},
                                          Case{"qcow2", "compat=0.10"},
                                          Case{"qcow2", "cluster_size=4096"},
                                          Case{"raw", ""},
                                          Case{"vmdk", "subformat=monolithicSparse"},
                                          Case{"vmdk", "subformat=streamOptimized"}}) {
        const auto path = image("disk");
        make_disk(format, options, path);
        for (const bool encrypted : {false, true}) {
            const auto taken = volumes_->import_foreign(snapshot, {path, format}, encrypted, go_on);
            ASSERT_TRUE(taken) << format << " " << options << ": " << taken.error().message;
            io_snapshot(snapshot, "read -P 0x5a 1M 64k");
            io_snapshot(snapshot, "read -P 0 8M 1M");
            EXPECT_EQ(volumes_->observe_snapshots()->front().encrypted, encrypted);
            EXPECT_LT(volumes_->observe_snapshots()->front().full_bytes, 4 << 20);
            check_all();
            ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
        }
        std::filesystem::remove(path);
    }
}

TEST_F(Qcow2TransferTest, TakesTheDiskOfAnOva) {
    make_disk("vmdk", "subformat=streamOptimized", image("box-disk001.vmdk"));
    std::ofstream(image("box.ovf")) << "<Envelope/>";
    run({"tar",
         "--format=ustar",
         "-C",
         folder_.path().string(),
         "-cf",
         image("box.ova"),
         "box.ovf",
         "box-disk001.vmdk"});
    const auto taken = take(image("box.ova"), "ova");
    ASSERT_TRUE(taken) << taken.error().message;
    io_snapshot(snapshot, "read -P 0x5a 1M 64k");
}

TEST_F(Qcow2TransferTest, GivesWhatQemuImgReads) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot("snap-0000000000000aaaa", image()));
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{2, "snap-0000000000000aaaa", true}));
    io(volume, "write -P 0x22 8M 64k");
    snap(volume, snapshot);
    for (const auto& [format, driver] : {std::pair("qcow2", "qcow2"),
                                         std::pair("raw", "raw"),
                                         std::pair("vmdk", "vmdk"),
                                         std::pair("vhd", "vpc")}) {
        const auto path = image(std::string("out.") + format);
        int last = 0;
        const auto given = volumes_->export_snapshot(snapshot, path, format, [&](int percent) {
            last = percent;
            return true;
        });
        ASSERT_TRUE(given) << format << ": " << given.error().message;
        EXPECT_EQ(last, 100);
        EXPECT_THAT(run({"qemu-img", "info", "-f", driver, path}), HasSubstr("2 GiB"));
        run({"qemu-io", "-f", driver, "-c", "read -P 0x5a 1M 64k", path});
        run({"qemu-io", "-f", driver, "-c", "read -P 0x22 8M 64k", path});
        struct stat status {};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_LT(status.st_blocks * 512, 8 << 20) << format;
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 6);
}

TEST_F(Qcow2TransferTest, AnEncryptedCopyHoldsTheSame) {
    make_image();
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image()));
    const auto copied = volumes_->copy_snapshot(other_snapshot, snapshot, true, go_on);
    ASSERT_TRUE(copied) << copied.error().message;
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    io_snapshot(other_snapshot, "read -P 0x5a 1M 64k");
    io_snapshot(other_snapshot, "read -P 0 2M 64k");
    check_all();
}

TEST_F(Qcow2TransferTest, WhatIsStoppedLeavesNothing) {
    make_disk("raw", "", image("disk"));
    const auto stopped =
        volumes_->import_foreign(snapshot, {image("disk"), "raw"}, true, [](int) { return false; });
    EXPECT_EQ(stopped.error().code, errors::unavailable);
    EXPECT_FALSE(volumes_->has_snapshot(snapshot));
    check_all();
    EXPECT_EQ(count_files(".qcow2"), 0u);
}

TEST_F(Qcow2TransferTest, LyingImagesAreRefusedAndLeaveNothing) {
    const auto path = image("disk");
    const auto create = [&](const std::string& format, const std::string& options) {
        std::filesystem::remove(path);
        std::vector<std::string> argv = {"qemu-img", "create", "-q", "-f", format, path, "1G"};
        if (!options.empty())
            argv.insert(argv.begin() + 3, {"-o", options});
        run(argv);
    };
    run({"qemu-img",
         "create",
         "-q",
         "-u",
         "-f",
         "qcow2",
         "-F",
         "raw",
         "-b",
         "/etc/shadow",
         path,
         "1G"});
    expect_refused(path, "qcow2", "backing file");
    create("qcow2", "data_file=" + image("data.raw"));
    expect_refused(path, "qcow2", "another file");
    create("qcow2", "");
    run({"qemu-img", "snapshot", "-c", "inside", path});
    expect_refused(path, "qcow2", "internal snapshots");
    create("qcow2", "");
    run({"qemu-img", "resize", "-q", "-f", "qcow2", path, "900T"});
    expect_refused(path, "qcow2", "is not between");
    create("qcow2", "");
    expect_refused(path, "raw", "is a qcow2 file");
    expect_refused(path, "vmdk", "not a VMDK");
    expect_refused(path, "ova", "not a tar archive");
    create("vmdk", "subformat=monolithicFlat");
    expect_refused(path, "vmdk", "not a VMDK");
    create("vmdk", "subformat=twoGbMaxExtentSparse");
    expect_refused(path, "vmdk", "not a VMDK");
    // A sparse extent whose own descriptor names a file of the host.
    create("vmdk", "subformat=monolithicSparse");
    const auto text = *read_file(path);
    const auto type = text.find("monolithicSparse");
    poke(path, type - 12, "createType=\"custom\"\nRW 1 FLAT \"/etc/shadow\" 0\n");
    expect_refused(path, "vmdk", "neither");
    // QEMU takes a header without a capacity for a list of other files.
    create("vmdk", "subformat=monolithicSparse");
    poke(path, 12, std::string(8, '\0'));
    expect_refused(path, "vmdk", "size of 0");
    std::filesystem::remove(path);
    std::filesystem::create_symlink("/dev/zero", path);
    expect_refused(path, "raw", "is not a file");
    EXPECT_EQ(take(image("nowhere"), "raw").error().code, errors::not_found);
}

// Headers that pass, over tables that lie: the contained process finds out, and nothing is left.
TEST_F(Qcow2TransferTest, LyingTablesAreFoundByTheContainedProcess) {
    const auto path = image("disk");
    make_disk("qcow2", "", path);
    // A table inside of the header.
    poke(path, 3 * 65536, std::string("\x80\x00\x00\x00\x00\x00\x02\x00", 8));
    expect_refused(path, "qcow2", "cannot be used");
    std::filesystem::remove(path);
    make_disk("vmdk", "subformat=streamOptimized", path);
    // The only compressed grain: its place on the disk (sector 2048), its length, its bytes.
    const auto stream = *read_file(path);
    size_t grain = 65536;
    while (stream.compare(grain, 8, std::string("\0\x08\0\0\0\0\0\0", 8)) != 0)
        grain += 512;
    poke(path, grain + 12, std::string(64, '\xff'));
    expect_refused(path, "vmdk", "cannot be used");
}

TEST_F(Qcow2TransferTest, HostileBuiltImagesAreRefusedToo) {
    run({"qemu-img",
         "create",
         "-q",
         "-u",
         "-f",
         "qcow2",
         "-F",
         "raw",
         "-b",
         "/etc/shadow",
         image(),
         "1G"});
    EXPECT_THAT(volumes_->import_snapshot(snapshot, image()).error().message,
                HasSubstr("backing file"));
    restart();
    EXPECT_EQ(count_files(".qcow2"), 0u);
    make_disk("qcow2", "compression_type=zstd", image("small.qcow2"));
    EXPECT_TRUE(volumes_->import_snapshot(snapshot, image("small.qcow2")));
}

TEST_F(Qcow2TransferTest, SecretsAreInNoArgument) {
    class Watcher final : public ProcessRunner {
      public:
        explicit Watcher(ProcessRunner& runner) : runner_(runner) {}
        Result<ProcessOutput> run(const ProcessSpec& spec) override { return runner_.run(spec); }
        Result<pid_t> spawn(const ProcessSpec& spec) override {
            seen.push_back(spec);
            return runner_.spawn(spec);
        }
        std::vector<ProcessSpec> seen;

      private:
        ProcessRunner& runner_;
    };
    Watcher watcher(runner_);
    Qcow2Volumes watched(qcow2_options(state()), watcher, random_);
    ASSERT_TRUE(watched.recover());
    ASSERT_TRUE(watched.create(volume, VolumeSpec{1, "", true}));
    const auto secret = watched.open(volume)->layers[0].secret;
    ASSERT_TRUE(watched.begin_snapshot(volume, snapshot));
    ASSERT_TRUE(watched.complete_snapshot(volume, snapshot));
    ASSERT_TRUE(watched.export_snapshot(snapshot, image("out"), "raw", go_on));
    ASSERT_EQ(watcher.seen.size(), 1u);
    for (const auto& argument : watcher.seen[0].argv)
        EXPECT_THAT(argument, testing::Not(HasSubstr(secret)));
    EXPECT_TRUE(watcher.seen[0].set_env.empty());
}

} // namespace
} // namespace pileus::drivers
