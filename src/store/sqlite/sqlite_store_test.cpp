// SPDX-License-Identifier: Apache-2.0
// What is SQLite's own: the owner lock, the schema's history, disks that fail. What every store
// must do is in tests/contract/store.
#include "store/client_tokens.h"
#include "store/migrations.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/temporary_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pileus::store {
namespace {

using testing::HasSubstr;

class SqliteStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string folder =
            (std::filesystem::temp_directory_path() / "pileus-sqlite-XXXXXX").string();
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        options_.path = (folder_ / "state" / "pileus.db").string();
    }
    void TearDown() override { (void)remove_tree(folder_); }

    Result<std::unique_ptr<SqliteStore>> open() { return SqliteStore::open(options_, clock_); }

    ManualClock clock_;
    std::filesystem::path folder_;
    SqliteOptions options_;
};

Result<void> put(Store& store, const std::string& name, const std::string& value) {
    return store.write([&](Transaction& tx) -> Result<void> {
        settings::put(tx, name, value);
        return {};
    });
}
TEST_F(SqliteStoreTest, SecondOwnerIsRefusedWithThePidOfTheFirst) {
    const auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(SqliteStoreTest, FilesAreReadableByTheOwnerOnly) {
    const auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(put(**store, "a", "b"));
    for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) {
        struct stat status {};
        ASSERT_EQ(::stat((options_.path + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    }
}

TEST_F(SqliteStoreTest, FileThatIsNoDatabaseIsRefused) {
    ASSERT_TRUE(make_directories(std::filesystem::path(options_.path).parent_path()));
    ASSERT_TRUE(write_file_durably(options_.path, std::string(8192, 'x')));
    const auto store = open();
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message, HasSubstr("not a database"));
}

TEST_F(SqliteStoreTest, BodyThatWritesAgainIsAMistakeAndNotADeadlock) {
    const auto store = open();
    ASSERT_TRUE(store);
    const auto nested = [&](Transaction&) { return put(**store, "a", "b"); };
    EXPECT_THROW((void)(*store)->write(nested), std::logic_error);
}

// --- migrations ---

class MigrationsTest : public SqliteStoreTest {
  protected:
    SqliteConnection connect() {
        const auto parent = std::filesystem::path(options_.path).parent_path();
        (void)make_directories(parent);
        return SqliteConnection(options_.path, SqliteConnection::Mode::read_write, "");
    }
    const Migration one_{
        1, "0001_one", "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (7)"};
    const Migration two_{2, "0002_two", "ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT ''"};
    const Migration broken_{
        2, "0002_broken", "ALTER TABLE t ADD COLUMN b TEXT; INSERT INTO nowhere VALUES (1)"};
};

TEST_F(MigrationsTest, NumbersOfTheBinaryAreConsecutive) {
    int expected = 0;
    for (const auto& migration : migrations())
        EXPECT_EQ(migration.number, ++expected) << migration.name;
    EXPECT_GE(expected, 1);
}

TEST_F(MigrationsTest, OldDatabaseKeepsItsRows) {
    auto connection = connect();
    ASSERT_TRUE(migrate(connection, {one_}, clock_.now()));
    ASSERT_EQ(schema_version(connection), 1);
    ASSERT_TRUE(migrate(connection, {one_, two_}, clock_.now()));
    EXPECT_EQ(schema_version(connection), 2);
    EXPECT_EQ(query_value<int>(connection, "SELECT a FROM t WHERE b = ''"), 7);
}

TEST_F(MigrationsTest, FailedMigrationLeavesTheVersionBefore) {
    auto connection = connect();
    ASSERT_TRUE(migrate(connection, {one_}, clock_.now()));
    const auto result = migrate(connection, {one_, broken_}, clock_.now());
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("0002_broken"));
    EXPECT_EQ(schema_version(connection), 1);
    EXPECT_TRUE(migrate(connection, {one_, two_}, clock_.now()))
        << "half of the failed one was left behind";
}

TEST_F(MigrationsTest, NewerDatabaseIsRefused) {
    auto connection = connect();
    ASSERT_TRUE(migrate(connection, {one_, two_}, clock_.now()));
    const auto result = migrate(connection, {one_}, clock_.now());
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("schema 2, this pileusd knows schemas up to 1"));
}

} // namespace
} // namespace pileus::store
