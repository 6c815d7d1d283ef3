// SPDX-License-Identifier: Apache-2.0
#pragma once

// A driver on a folder of its own, and qemu-io to look into its disks as a guest's QEMU would: by
// the chain that open() returns, with its secrets.

#include "base/process.h"
#include "base/random.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "folder.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

namespace pileus::drivers {

inline const std::string volume = "vol-0123456789abcdef0";
inline const std::string other_volume = "vol-0123456789abcdef1";
inline const std::string snapshot = "snap-0123456789abcdef0";
inline const std::string other_snapshot = "snap-0123456789abcdef1";
inline const std::string third_snapshot = "snap-0123456789abcdef2";

inline bool go_on(int) {
    return true;
}

inline Qcow2VolumesOptions qcow2_options(const std::filesystem::path& state) {
    Qcow2VolumesOptions options;
    options.state_folder = state;
    options.copy.launcher = PILEUS_LAUNCHER;
    options.copy.first_uid = 1'999'100'000; // apart from a Pileus that may be running here
    return options;
}

class Qcow2Fixture : public testing::Test {
  protected:
    Qcow2Fixture() { restart(); }

    std::filesystem::path state() const { return folder_.path() / "state"; }
    std::filesystem::path file(const std::string& name) const { return state() / name; }
    std::string image(const std::string& name = "image.qcow2") const {
        return (folder_.path() / name).string();
    }

    // As a new daemon finds things.
    void restart() {
        volumes_ = std::make_unique<Qcow2Volumes>(qcow2_options(state()), runner_, random_);
        const auto recovered = volumes_->recover();
        EXPECT_TRUE(recovered) << recovered.error().message;
    }

    std::string run(std::vector<std::string> argv) {
        ProcessSpec spec;
        spec.argv = std::move(argv);
        const auto output = run_checked(runner_, spec);
        EXPECT_TRUE(output) << output.error().message;
        return output.value_or("");
    }

    // qemu-io's "read -P" fails, and so the test, if the bytes are others.
    void io(const DiskChain& chain, const std::string& command) {
        std::vector<std::string> argv = {"qemu-io"};
        std::string opts = "driver=qcow2,file.locking=off";
        std::string prefix;
        for (size_t i = 0; i < chain.layers.size(); ++i) {
            const auto& layer = chain.layers[i];
            const auto key = prefix;
            if (i > 0)
                opts += fmt::format(",{}driver=qcow2", key);
            opts += fmt::format(",{0}file.driver=file,{0}file.filename={1}", key, layer.path);
            if (i > 0)
                opts += fmt::format(",{}file.locking=off", key);
            if (!layer.secret.empty()) {
                argv.insert(argv.end(),
                            {"--object", fmt::format("secret,id=s{},data={}", i, layer.secret)});
                opts += fmt::format(",{0}encrypt.format=luks,{0}encrypt.key-secret=s{1}", key, i);
            }
            prefix += "backing.";
        }
        if (command.starts_with("read"))
            argv.push_back("-r");
        argv.insert(argv.end(), {"--image-opts", "-c", command, opts});
        const auto said = run(argv);
        EXPECT_THAT(said, testing::Not(testing::HasSubstr("failed"))) << command;
        EXPECT_THAT(said, testing::HasSubstr("ops")) << command << said;
    }
    void io(const std::string& volume_id, const std::string& command) {
        const auto chain = volumes_->open(volume_id);
        ASSERT_TRUE(chain) << chain.error().message;
        io(*chain, command);
    }

    // Of a volume that nobody has open.
    void snap(const std::string& volume_id, const std::string& snapshot_id) {
        const auto begun = volumes_->begin_snapshot(volume_id, snapshot_id);
        ASSERT_TRUE(begun) << begun.error().message;
        ASSERT_TRUE(volumes_->complete_snapshot(volume_id, snapshot_id));
    }

    // What a snapshot reads, through a volume that stands on it.
    void io_snapshot(const std::string& snapshot_id, const std::string& command) {
        const std::string reader = "vol-0000000000000ffff";
        const auto made = volumes_->create(reader, VolumeSpec{16, snapshot_id, false});
        ASSERT_TRUE(made) << made.error().message;
        io(reader, command);
        ASSERT_TRUE(volumes_->remove(reader));
    }

    void check_all() {
        const auto findings = volumes_->check();
        ASSERT_TRUE(findings);
        EXPECT_THAT(*findings, testing::IsEmpty());
        for (const auto& entry : std::filesystem::recursive_directory_iterator(state()))
            if (entry.path().extension() == ".qcow2")
                run({"qemu-img", "info", "-U", "-f", "qcow2", entry.path().string()});
    }

    size_t count_files(const std::string& ending) const {
        size_t files = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(state()))
            files += entry.path().extension() == ending;
        return files;
    }

    // An image that holds "Z" at 1 MiB.
    void make_image() {
        run({"qemu-img", "create", "-q", "-f", "qcow2", image(), "2G"});
        run({"qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 64k", image()});
    }

    Folder folder_;
    SystemProcessRunner runner_;
    SystemRandom random_;
    std::unique_ptr<Qcow2Volumes> volumes_;
};

} // namespace pileus::drivers
