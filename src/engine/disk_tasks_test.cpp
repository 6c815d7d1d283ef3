// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_fixture.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace pileus::engine {
namespace {

using domain::DiskTaskKind;
using domain::SnapshotState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class DiskTaskController : public DiskFixture {
  protected:
    DiskTaskController() {
        std::filesystem::create_directories(folder_ / "imports" / "inner");
        put("imports/disk.qcow2");
        put("imports/inner/disk.vmdk");
        put("secret");
    }
    void put(const std::string& name) { std::ofstream(folder_ / name) << "content of a disk"; }
    domain::DiskTask run(domain::DiskTask task) {
        begin(task);
        run_until_quiet();
        return this->task(task.id);
    }
    domain::DiskTask import_of(const std::string& source) {
        auto task = make_task(DiskTaskKind::import_snapshot);
        task.source = source;
        return run(task);
    }
};

TEST_F(DiskTaskController, ImportsASnapshotFromTheFolder) {
    const auto done = import_of("inner/disk.vmdk");
    EXPECT_EQ(done.state, "completed");
    EXPECT_EQ(done.progress_percent, 100);
    EXPECT_TRUE(done.ended_at);
    ASSERT_TRUE(snapshot(done.snapshot_id));
    EXPECT_EQ(snapshot(done.snapshot_id)->state, SnapshotState::completed);
    EXPECT_EQ(snapshot(done.snapshot_id)->volume_id, "vol-ffffffff");
    EXPECT_EQ(snapshot(done.snapshot_id)->account_id, account);
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(DiskTaskController, ImportsAnImageThatCanBeLaunched) {
    auto task = make_task(DiskTaskKind::import_image);
    task.source = "disk.qcow2";
    task.boot_mode = "uefi";
    const auto done = run(task);
    EXPECT_EQ(done.state, "completed");
    EXPECT_EQ(image().state, "available");
    EXPECT_EQ(image().name, task.id);
    EXPECT_EQ(image().boot_mode, "uefi");
    EXPECT_EQ(image().snapshot_id, task.snapshot_id);
    ASSERT_EQ(image().devices.size(), 1u);
    EXPECT_EQ(image().devices[0].device, image().root_device_name);
}

// Attack 16: what a user names leads nowhere but into the folder.
TEST_F(DiskTaskController, OpensNothingOutsideTheFolder) {
    std::filesystem::create_symlink("../secret", folder_ / "imports" / "link");
    std::filesystem::create_symlink(folder_ / "secret", folder_ / "imports" / "absolute");
    std::filesystem::create_directory_symlink("..", folder_ / "imports" / "up");
    ASSERT_EQ(::mkfifo((folder_ / "imports" / "pipe").c_str(), 0600), 0);
    for (const std::string source : {"../secret",
                                     "inner/../../secret",
                                     "link",
                                     "absolute",
                                     "up/secret",
                                     "pipe",
                                     "inner",
                                     "",
                                     ".",
                                     "/etc/passwd",
                                     "/proc/self/fd/0",
                                     "file:///etc/passwd",
                                     "missing"}) {
        SCOPED_TRACE(source);
        write([&](store::Transaction& tx) {
            store::disk_tasks::erase(tx, "import-snap-00000000000000001");
        });
        const auto done = import_of(source);
        EXPECT_EQ(done.state, "deleted");
        EXPECT_THAT(done.status_message, HasSubstr("ClientError: "));
        EXPECT_FALSE(snapshot(done.snapshot_id));
        EXPECT_THAT(snapshots_on_disk(), ElementsAre(base_id));
    }
}

TEST_F(DiskTaskController, CancelledOneLeavesNothing) {
    auto task = make_task(DiskTaskKind::import_snapshot);
    task.source = "disk.qcow2";
    task.cancel_requested = true;
    task.status_message = "Cancelled by the user";
    const auto done = run(task);
    EXPECT_EQ(done.state, "deleted");
    EXPECT_EQ(done.status_message, "Cancelled by the user");
    EXPECT_FALSE(snapshot(done.snapshot_id));
}

TEST_F(DiskTaskController, ExportsIntoItsFolder) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot("snap-0000000000000000f", data_id);
    run_until_quiet();
    auto task = make_task(DiskTaskKind::export_image);
    task.format = "vmdk";
    task.destination = (folder_ / "exports" / "bucket" / "disk.vmdk").string();
    const auto done = run(task);
    EXPECT_EQ(done.state, "completed") << done.status_message;
    EXPECT_GT(done.size_bytes, 0);
    EXPECT_TRUE(std::filesystem::exists(task.destination));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "exports"), {}), 1);
    for (const std::string elsewhere : {"../outside.raw", "/etc/outside.raw", "", "folder/"}) {
        write([&](store::Transaction& tx) { store::disk_tasks::erase(tx, task.id); });
        task.destination = elsewhere;
        EXPECT_EQ(run(task).state, "deleted") << elsewhere;
    }
}

TEST_F(DiskTaskController, SnapshotStaysWhileItIsExported) {
    create_volume(data_id);
    run_until_quiet();
    create_snapshot("snap-0000000000000000f", data_id);
    run_until_quiet();
    auto task = make_task(DiskTaskKind::export_image);
    task.destination = "disk.raw";
    task.format = "raw";
    write([&](store::Transaction& tx) { store::disk_tasks::insert(tx, task); }); // not begun yet
    delete_snapshot("snap-0000000000000000f");
    run_until_quiet();
    EXPECT_THAT(snapshots_on_disk(), Contains("snap-0000000000000000f"));
    write([&](store::Transaction& tx) { enqueue(tx, "disk-task", task.id); });
    run_until_quiet();
    pass(1s);
    EXPECT_EQ(this->task(task.id).state, "completed");
    EXPECT_THAT(snapshots_on_disk(), Not(Contains("snap-0000000000000000f")));
}

// ---- sources ------------------------------------------------------------------------------------

struct NoRunner final : ProcessRunner {
    Result<ProcessOutput> run(const ProcessSpec& spec) override {
        seen = spec;
        return answer;
    }
    Result<pid_t> spawn(const ProcessSpec&) override { return fail(errors::internal, "none"); }
    ProcessSpec seen;
    ProcessOutput answer;
};

class ImportSourcesTest : public testing::Test {
  protected:
    TemporaryFolder folder_;
    NoRunner runner_;
    ImportSources sources_{
        runner_,
        {.folder = {},
         .url_prefixes = {"https://images.example.org/debian/", "http://10.0.0.1/"},
         .downloads = folder_ / "downloads",
         .download_bytes_max = 1000,
         .download_time_max = 60s}};
    const std::string url_ = "https://images.example.org/debian/12/disk.qcow2";
};

TEST_F(ImportSourcesTest, AllowOnlyUrlsBelowThePrefixes) {
    EXPECT_TRUE(sources_.check_url(url_));
    EXPECT_TRUE(sources_.check_url("http://10.0.0.1/disk.raw?version=2"));
    for (const std::string url : {"https://images.example.org/ubuntu/disk",
                                  "https://images.example.org.evil.net/debian/disk",
                                  "http://images.example.org/debian/disk",
                                  "https://images.example.org/debian/../secret",
                                  "https://images.example.org/debian/%2e%2e/secret",
                                  "https://images.example.org/debian/%2E./secret",
                                  "https://images.example.org/debian/a b",
                                  "https://images.example.org/debian/\n",
                                  "http://10.0.0.1@evil.net/",
                                  "ftp://10.0.0.1/",
                                  "file:///etc/passwd"})
        EXPECT_FALSE(sources_.check_url(url)) << url;
}

TEST_F(ImportSourcesTest, FetchWithoutPrivilegesAndWithinLimits) {
    const auto words = sources_.download_command(url_, 3, /*drop_privileges=*/true);
    EXPECT_EQ(words.front(), "setpriv");
    for (const std::string word : {"--reuid=65534",
                                   "--no-new-privs",
                                   "--fsize=1000:1000",
                                   "curl",
                                   "--disable",
                                   "=https",
                                   "--max-redirs",
                                   "--max-filesize",
                                   "--max-time"})
        EXPECT_THAT(words, Contains(word));
    EXPECT_THAT(words, Not(Contains("--location")));
    EXPECT_EQ(words.back(), url_);
}

TEST_F(ImportSourcesTest, FollowNoRedirect) {
    runner_.answer = {0, "302", ""};
    const auto opened = sources_.open(url_, "import-ami-1", [] { return true; });
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errors::invalid);
    EXPECT_THAT(opened.error().message, HasSubstr("302"));
}

TEST_F(ImportSourcesTest, RemoveWhatTasksLeft) {
    runner_.answer = {0, "200", ""};
    ASSERT_TRUE(sources_.open(url_, "import-ami-1", [] { return true; }));
    ASSERT_TRUE(sources_.open(url_, "import-ami-2", [] { return true; }));
    sources_.discard_all_but({"import-ami-2"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "downloads" / "import-ami-1"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "downloads" / "import-ami-2"));
}

} // namespace
} // namespace pileus::engine
