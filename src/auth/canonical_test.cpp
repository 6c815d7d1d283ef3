// SPDX-License-Identifier: Apache-2.0
#include "auth/canonical.h"

#include <gtest/gtest.h>

namespace pileus::auth {
namespace {

TEST(CanonicalPath, RemovesDotsAndSlashesAndEncodesOnceMore) {
    const std::pair<const char*, const char*> cases[] = {
        {"/", "/"},
        {"", "/"},
        {"/./", "/"},
        {"/a/..", "/"},
        {"/../..", "/"},
        {"//a//b//", "/a/b/"},
        {"/./a", "/a"},
        {"/a/.", "/a"},
        {"/a%20b/", "/a%2520b/"},
        {"/~a.b-c_", "/~a.b-c_"},
        {"/$@", "/%24%40"},
        {"/a/b/../c", "/a/c"},
    };
    for (const auto& [raw, canonical] : cases)
        EXPECT_EQ(canonical_path(raw), canonical) << raw;
}

TEST(CanonicalQuery, DecodesOnceAndSortsWhatIsEncoded) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"b=2&a=1", "a=1&b=2"},
        {"a=2&a=1", "a=1&a=2"},
        {"a-b=1&a=2&aa=3&A=4", "A=4&a=2&a-b=1&aa=3"},
        {"a", "a="},
        {"a=", "a="},
        {"a=b+c", "a=b%20c"},
        {"a=b%2Bc", "a=b%2Bc"},
        {"a=%7e%2f%C3%a9", "a=~%2F%C3%A9"},
        {"a=b=c", "a=b%3Dc"},
        {"&&a=1&", "a=1"},
        {"a=%2541", "a=%2541"},
        {"a=%00", "a=%00"},
    };
    for (const auto& [raw, canonical] : cases) {
        const auto parameters = parse_parameters(raw);
        ASSERT_TRUE(parameters) << raw;
        EXPECT_EQ(canonical_query(*parameters, ""), canonical) << raw;
    }
    for (const auto* broken : {"a=%", "a=%4", "a=%zz", "%g0=1"})
        EXPECT_FALSE(parse_parameters(broken)) << broken;
}

TEST(CanonicalQuery, BoundsTheNumberOfParameters) {
    std::string text;
    for (int i = 0; i < 10'001; ++i)
        text += "a=1&";
    EXPECT_FALSE(parse_parameters(text));
    EXPECT_TRUE(parse_parameters(std::string_view(text).substr(4)));
}

TEST(CanonicalHeader, JoinsAndTrims) {
    const http::Headers headers{{"X-A", "one"}, {"Host", "h"}, {"x-a", "  two \t  words "}};
    std::string out;
    append_canonical_header(headers, "x-a", out);
    EXPECT_EQ(out, "x-a:one,two words\n");
}

} // namespace
} // namespace pileus::auth
