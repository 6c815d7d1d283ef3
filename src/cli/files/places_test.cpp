// SPDX-License-Identifier: Apache-2.0
#include "cli/files/places.h"

#include <gtest/gtest.h>

namespace pileus::cli::files {
namespace {

TEST(Places, TellInstancesFromPathsHere) {
    const struct {
        const char* word;
        Place place;
    } cases[]{
        {"i-0123abcd:/var/log", {"i-0123abcd", "/var/log"}},
        {"i-0123abcd:", {"i-0123abcd", "."}},
        {"i-0123abcd:~", {"i-0123abcd", "."}},
        {"i-0123abcd:~/x", {"i-0123abcd", "x"}},
        {"i-0123abcd:~//x", {"i-0123abcd", "x"}},
        {"i-0123abcd:./~", {"i-0123abcd", "./~"}},
        {"i-0123abcd:a b:c\n'$(id)", {"i-0123abcd", "a b:c\n'$(id)"}},
        {"i-0123abcd", {"", "i-0123abcd"}},
        {"./i-0123abcd:x", {"", "./i-0123abcd:x"}},
        {"i-xyz:/x", {"", "i-xyz:/x"}},
        {"i-:/x", {"", "i-:/x"}},
        {"host:/x", {"", "host:/x"}},
        {"-rf", {"", "-rf"}},
        {"", {"", "."}},
    };
    for (const auto& c : cases)
        EXPECT_EQ(parse_place(c.word), c.place) << c.word;
}

TEST(Places, TakePathsApartAndTogether) {
    EXPECT_EQ(join("/a", "b"), "/a/b");
    EXPECT_EQ(join("/a/", "b"), "/a/b");
    EXPECT_EQ(join(".", "b"), "b");
    EXPECT_EQ(join("/", "b"), "/b");
    EXPECT_EQ(join("/a", ""), "/a");
    for (const auto* nameless : {"/", ".", "..", "a/..", "a/.", "a/./", "//"})
        EXPECT_EQ(base_name(nameless), "") << nameless;
    EXPECT_EQ(base_name("a/b//"), "b");
    EXPECT_EQ(base_name("b"), "b");
    EXPECT_EQ(folder_of("a/b/"), "a");
    EXPECT_EQ(folder_of("b"), ".");
    EXPECT_EQ(folder_of("/b"), "/");
}

TEST(Places, AcceptOnlyNamesThatStayInTheirFolder) {
    using namespace std::literals;
    for (const auto name : {""sv, "."sv, ".."sv, "a/b"sv, "/etc"sv, "a\0b"sv})
        EXPECT_FALSE(is_entry_name(name)) << name;
    EXPECT_FALSE(is_entry_name(std::string(256, 'x')));
    for (const auto name : {"..."sv, " "sv, "a\nb"sv, "-r"sv, "\xff"sv, "$(id)"sv})
        EXPECT_TRUE(is_entry_name(name)) << name;
}

TEST(Places, ShowNamesThatCannotMoveTheCursor) {
    EXPECT_EQ(printable("a\n\x1b[2J"), "a\\x0a\\x1b[2J");
    EXPECT_EQ(printable("grün"), "grün");
    EXPECT_EQ(printable("gr\xfcn"), "gr\\xfcn");
}

} // namespace
} // namespace pileus::cli::files
