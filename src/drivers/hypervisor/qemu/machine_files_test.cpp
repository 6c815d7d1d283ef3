// SPDX-License-Identifier: Apache-2.0
// The record of a process, the console's bound, the sockets of a long path.
#include "drivers/hypervisor/qemu/console_log.h"
#include "drivers/hypervisor/qemu/machine_folder.h"
#include "drivers/hypervisor/qemu/machine_record.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pileus::drivers {
namespace {

class MachineFiles : public testing::Test {
  protected:
    MachineFiles() {
        std::string name = "/tmp/pileus-machine.XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~MachineFiles() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST(MachineRecord, ComesBackAsItWasWritten) {
    MachineRecord record{"i-0123456789abcdef0",
                         1'900'000'007,
                         ProcessIdentity{42, 123'456'789'012, "boot"},
                         "t3.micro",
                         2,
                         1024,
                         "tcg",
                         {"vol-1", "vol-2"}};
    auto read = parse_machine_record(format_machine_record(record));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->process, record.process);
    EXPECT_EQ(read->uid, record.uid);
    EXPECT_EQ(read->volume_ids, record.volume_ids);
    record.process.reset();
    read = parse_machine_record(format_machine_record(record));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->process, std::nullopt);
}

TEST_F(MachineFiles, ALogIsBoundedWhileItIsBeingWritten) {
    constexpr int64_t limit = 1024 * 1024;
    const auto path = folder_ / "console.log";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    std::string line;
    for (int i = 0; i < 100'000; ++i) {
        line = "line " + std::to_string(i) + " of a guest that does not stop to talk\n";
        ASSERT_EQ(::write(fd.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
        if (i % 1000 == 0)
            bound_log(fd.get(), limit);
        struct stat status {};
        ::fstat(fd.get(), &status);
        ASSERT_LE(status.st_blocks * 512, limit);
    }
    const auto end = read_log_end(path, 65536);
    EXPECT_EQ(end->size(), 65536u);
    EXPECT_TRUE(end->ends_with(line));
    EXPECT_EQ(end->find('\0'), std::string::npos);
    // More is asked for than there is still: no zeros.
    EXPECT_EQ(read_log_end(path, 64 * 1024 * 1024)->find('\0'), std::string::npos);
}

TEST_F(MachineFiles, AShortLogIsLeftAlone) {
    const auto path = folder_ / "console.log";
    std::ofstream(path) << "hello";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    bound_log(fd.get(), 1024 * 1024);
    EXPECT_EQ(read_log_end(path, 100).value(), "hello");
    EXPECT_EQ(read_log_end(path, 2).value(), "lo");
    EXPECT_EQ(read_log_end(folder_ / "none", 2).value(), "");
}

TEST_F(MachineFiles, SocketsWorkInFoldersWithLongNames) {
    const auto deep = folder_ / std::string(120, 'd') / std::string(120, 'e');
    std::filesystem::create_directories(deep);
    const MachineFolder folder(deep);
    EXPECT_FALSE(folder.connect("qmp.sock"));
    for (int i = 0; i < 2; ++i) { // the second replaces what the first left
        auto listener = folder.listen("qmp.sock");
        ASSERT_TRUE(listener) << listener.error().message;
        EXPECT_TRUE(folder.connect("qmp.sock"));
    }
    EXPECT_FALSE(folder.connect("qmp.sock")); // nobody listens any more
}

} // namespace
} // namespace pileus::drivers
