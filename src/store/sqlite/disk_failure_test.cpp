// SPDX-License-Identifier: Apache-2.0
// A disk that fails: nothing is acknowledged that may not be there, and a full disk is not the end.
#include "base/file.h"
#include "store/client_tokens.h"
#include "store/sqlite/sqlite_store.h"

#include <atomic>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <thread>

namespace pileus::store {
namespace {

using testing::HasSubstr;

// What the disk does from now on. SQLite hands its file layer plain function pointers, hence the
// one global of this test.
struct Disk {
    std::atomic<bool> sync_fails = false;
    std::atomic<bool> is_full = false;
    std::atomic<bool> writes_fail = false;
    std::atomic<int> syncs = 0;
};
Disk disk;

// The system's own file behind ours.
struct File {
    sqlite3_file base;
    sqlite3_file* real;
};
sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->real;
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    if (disk.is_full)
        return SQLITE_FULL;
    if (disk.writes_fail)
        return SQLITE_IOERR_WRITE;
    return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
}
int sync(sqlite3_file* file, int flags) {
    ++disk.syncs;
    if (disk.sync_fails)
        return SQLITE_IOERR_FSYNC;
    return real(file)->pMethods->xSync(real(file), flags);
}
int close(sqlite3_file* file) {
    const int code = real(file)->pMethods->xClose(real(file));
    sqlite3_free(real(file));
    return code;
}

const sqlite3_io_methods methods{
    .iVersion = 2,
    .xClose = close,
    .xRead =
        [](sqlite3_file* f, void* b, int n, sqlite3_int64 o) {
            return real(f)->pMethods->xRead(real(f), b, n, o);
        },
    .xWrite = write,
    .xTruncate = [](sqlite3_file* f,
                    sqlite3_int64 n) { return real(f)->pMethods->xTruncate(real(f), n); },
    .xSync = sync,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); },
    .xLock = [](sqlite3_file* f, int l) { return real(f)->pMethods->xLock(real(f), l); },
    .xUnlock = [](sqlite3_file* f, int l) { return real(f)->pMethods->xUnlock(real(f), l); },
    .xCheckReservedLock = [](sqlite3_file* f,
                             int* r) { return real(f)->pMethods->xCheckReservedLock(real(f), r); },
    .xFileControl = [](sqlite3_file* f,
                       int o,
                       void* a) { return real(f)->pMethods->xFileControl(real(f), o, a); },
    .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    .xShmMap =
        [](sqlite3_file* f, int p, int s, int e, void volatile** m) {
            return real(f)->pMethods->xShmMap(real(f), p, s, e, m);
        },
    .xShmLock =
        [](sqlite3_file* f, int o, int n, int l) {
            return real(f)->pMethods->xShmLock(real(f), o, n, l);
        },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f, int d) { return real(f)->pMethods->xShmUnmap(real(f), d); },
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    sqlite3_vfs* const system = sqlite3_vfs_find("unix");
    auto* const ours = reinterpret_cast<File*>(file);
    ours->base.pMethods = nullptr;
    ours->real = static_cast<sqlite3_file*>(sqlite3_malloc(system->szOsFile));
    std::memset(ours->real, 0, static_cast<size_t>(system->szOsFile));
    const int code = system->xOpen(system, name, ours->real, flags, out_flags);
    if (code != SQLITE_OK) {
        sqlite3_free(ours->real);
        return code;
    }
    ours->base.pMethods = &methods;
    return SQLITE_OK;
}

class DiskFailure : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        static sqlite3_vfs vfs = *sqlite3_vfs_find("unix");
        vfs.zName = "failing";
        vfs.szOsFile = sizeof(File);
        vfs.xOpen = open;
        sqlite3_vfs_register(&vfs, 0);
    }
    void SetUp() override {
        std::string folder =
            (std::filesystem::temp_directory_path() / "pileus-disk-XXXXXX").string();
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        options_.path = (folder_ / "pileus.db").string();
        options_.vfs = "failing";
        reopen();
        ASSERT_TRUE(put("before", "1"));
    }
    void TearDown() override {
        heal();
        store_.reset();
        (void)remove_tree(folder_);
    }

    static void heal() { disk.sync_fails = disk.is_full = disk.writes_fail = false; }
    void reopen() {
        store_.reset();
        auto opened = SqliteStore::open(options_, clock_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    Result<void> put(const std::string& name, const std::string& value) {
        return store_->write([&](Transaction& tx) -> Result<void> {
            settings::put(tx, name, value);
            return {};
        });
    }
    std::optional<std::string> get(const std::string& name) {
        return store_->read([&](Transaction& tx) { return settings::get(tx, name); });
    }

    ManualClock clock_;
    std::filesystem::path folder_;
    SqliteOptions options_;
    std::unique_ptr<SqliteStore> store_;
};

TEST_F(DiskFailure, EveryCommitIsSynced) {
    const int before = disk.syncs;
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(put("n", std::to_string(i)));
    EXPECT_GE(disk.syncs, before + 10);
}

TEST_F(DiskFailure, FailedSyncIsNotAcknowledgedAndEndsWriting) {
    disk.sync_fails = true;
    EXPECT_THROW((void)put("lost", "1"), StoreFailure);
    heal();
    try {
        (void)put("after", "1");
        FAIL() << "the disk lost a write without a word before; nobody may trust it now";
    } catch (const StoreFailure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("stopped writing"));
    }
    EXPECT_EQ(get("before"), "1") << "reading goes on";
    EXPECT_EQ(get("lost"), std::nullopt);
    reopen();
    EXPECT_EQ(get("before"), "1");
    EXPECT_TRUE(put("after", "1"));
}

TEST_F(DiskFailure, EverybodyWhoSharedTheFailedCommitIsTold) {
    disk.sync_fails = true;
    std::atomic<int> told = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 32; ++i)
        writers.emplace_back([&, i] {
            try {
                (void)put("n-" + std::to_string(i), "1");
            } catch (const StoreFailure&) {
                ++told;
            }
        });
    for (auto& writer : writers)
        writer.join();
    EXPECT_EQ(told, 32);
}

TEST_F(DiskFailure, FailedWriteEndsWriting) {
    disk.writes_fail = true;
    EXPECT_THROW((void)put("lost", "1"), StoreFailure);
    heal();
    EXPECT_THROW((void)put("after", "1"), StoreFailure);
    reopen();
    EXPECT_EQ(get("lost"), std::nullopt);
    EXPECT_TRUE(put("after", "1"));
}

TEST_F(DiskFailure, FullDiskRefusesUntilThereIsRoom) {
    disk.is_full = true;
    EXPECT_THROW((void)put("refused", "1"), StoreFailure);
    EXPECT_THROW((void)put("refused", std::string(8 << 20, 'x')), StoreFailure);
    EXPECT_EQ(get("before"), "1");
    heal();
    EXPECT_TRUE(put("room", "1")) << "the store needs no restart after somebody made room";
    EXPECT_EQ(get("refused"), std::nullopt);
    reopen();
    EXPECT_EQ(get("room"), "1");
    EXPECT_EQ(get("refused"), std::nullopt);
}

} // namespace
} // namespace pileus::store
