// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/temporary_folder.h"

#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>

namespace pileus {
namespace {

unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(Files, WritesAndReadsBack) {
    const TemporaryFolder folder;
    const std::string content("a\0b\n", 4);
    ASSERT_TRUE(write_file_durably(folder / "key", content));
    EXPECT_EQ(read_file(folder / "key"), content);
    EXPECT_EQ(mode_of(folder / "key"), 0600u);
    ASSERT_TRUE(write_file_durably(folder / "key", "new", 0644));
    EXPECT_EQ(read_file(folder / "key"), "new");
    EXPECT_EQ(mode_of(folder / "key"), 0644u);
}

TEST(Files, LeaveNothingBesideThemselves) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "a", "1"));
    ASSERT_TRUE(make_directories(folder / "taken"));
    EXPECT_FALSE(write_file_durably(folder / "taken", "a folder cannot be replaced by a file"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(Files, AreRefusedAboveTheLimit) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "big", std::string(100'000, 'x')));
    EXPECT_EQ(read_file(folder / "big", 100'000)->size(), 100'000u);
    EXPECT_EQ(read_file(folder / "big", 99'999).error().code, errors::invalid);
}

TEST(Files, SayWhichOneIsMissing) {
    const TemporaryFolder folder;
    const auto missing = read_file(folder / "nowhere");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errors::not_found);
    EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
    EXPECT_FALSE(write_file_durably(folder / "no" / "such", ""));
}

TEST(Folders, AreMadeWithTheirParentsAndRemovedWhole) {
    const TemporaryFolder folder;
    ASSERT_TRUE(make_directories(folder / "a" / "b", 0700));
    ASSERT_TRUE(make_directories(folder / "a" / "b", 0700));
    EXPECT_EQ(mode_of(folder / "a" / "b"), 0700u);
    ASSERT_TRUE(remove_tree(folder / "a"));
    EXPECT_FALSE(std::filesystem::exists(folder / "a"));
    EXPECT_TRUE(remove_tree(folder / "a"));
}

TEST(Folders, AreNotMadeOverFiles) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "file", ""));
    EXPECT_FALSE(make_directories(folder / "file"));
    EXPECT_FALSE(make_directories(folder / "file" / "below"));
}

TEST(Folders, SayWhichOneKeepsOthersOut) {
    const TemporaryFolder folder; // of mode 0700
    ASSERT_TRUE(make_directories(folder / "open" / "closed", 0755));
    const auto refused = check_reachable_by_others(folder / "open" / "closed");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(folder.path().string() + " is not"), std::string::npos)
        << refused.error().message;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0711), 0);
    EXPECT_TRUE(check_reachable_by_others(folder / "open" / "closed"));
    ASSERT_EQ(::chmod((folder / "open" / "closed").c_str(), 0700), 0);
    EXPECT_FALSE(check_reachable_by_others(folder / "open" / "closed"));
}

TEST(Folders, AreRemovedWithoutFollowingLinks) {
    const TemporaryFolder folder;
    ASSERT_TRUE(make_directories(folder / "kept"));
    ASSERT_TRUE(write_file_durably(folder / "kept" / "file", "x"));
    ASSERT_TRUE(make_directories(folder / "gone"));
    std::filesystem::create_directory_symlink(folder / "kept", folder / "gone" / "link");
    ASSERT_TRUE(remove_tree(folder / "gone"));
    EXPECT_EQ(read_file(folder / "kept" / "file"), "x");
}

} // namespace
} // namespace pileus
