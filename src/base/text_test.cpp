// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <chrono>
#include <gtest/gtest.h>
#include <limits>

namespace pileus {
namespace {

using namespace std::string_literals;

struct Pair {
    std::string plain;
    std::string encoded;
};

TEST(Base64, EncodesTheVectorsOfRfc4648) {
    for (const auto& [plain, encoded] : std::vector<Pair>{{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xff\xfe\x00"s, "//4A"}}) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded), plain);
    }
}

TEST(Base64, GivesBackEveryByte) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes.push_back(static_cast<char>(i));
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    }
}

TEST(Base64, AcceptsWrappedLinesAndMissingPadding) {
    EXPECT_EQ(base64_decode("Zm9v\r\nYmE=\n"), "fooba");
    EXPECT_EQ(base64_decode("Zm9vYmE"), "fooba");
    EXPECT_EQ(base64_decode("Zm9vYg"), "foob");
    EXPECT_EQ(base64_decode(" \n"), "");
}

TEST(Base64, RefusesWhatIsMalformed) {
    for (const auto* text : {"Z",
                             "Zm9vY",
                             "Zg=",
                             "Zg===",
                             "Zm9v=",
                             "Zm9v====",
                             "Zg==Zg==",
                             "Zm8=v",
                             "Zm9-",
                             "Zm9_",
                             "#!/bin/sh",
                             "===="})
        EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

TEST(Hex, GivesBackEveryByteAndRefusesTheRest) {
    EXPECT_EQ(hex_encode("\x00\x7f\xff"s), "007fff");
    EXPECT_EQ(hex_decode("007fFF"), "\x00\x7f\xff"s);
    EXPECT_EQ(hex_decode(""), "");
    for (const auto* text : {"0", "0g", "x0", " 00", "0x00"})
        EXPECT_EQ(hex_decode(text), std::nullopt) << text;
}

TEST(PercentEncoding, IsThatOfSigV4) {
    EXPECT_EQ(percent_encode("AZaz09-_.~"), "AZaz09-_.~");
    EXPECT_EQ(percent_encode("a b+c/d*é\n"), "a%20b%2Bc%2Fd%2A%C3%A9%0A");
    EXPECT_EQ(percent_encode("/a b/", true), "/a%20b/");
}

TEST(PercentEncoding, IsDecodedStrictly) {
    EXPECT_EQ(percent_decode("a%20b+c%2b", true), "a b c+");
    EXPECT_EQ(percent_decode("a%20b+c%2b", false), "a b+c+");
    EXPECT_EQ(percent_decode("%00", false), "\0"s);
    for (const auto* text : {"%", "%4", "%4g", "%g4", "abc%", "%%41", "% 1"})
        EXPECT_EQ(percent_decode(text, true), std::nullopt) << text;
}

TEST(Text, SplitsKeepingEmptyParts) {
    using Parts = std::vector<std::string_view>;
    EXPECT_EQ(split("a,b,,c", ','), (Parts{"a", "b", "", "c"}));
    EXPECT_EQ(split("", ','), (Parts{""}));
    EXPECT_EQ(split(",", ','), (Parts{"", ""}));
}

TEST(Text, TrimsAndLowers) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(to_lower("X-Amz-DATE É"), "x-amz-date É");
    EXPECT_TRUE(equals_ignore_case("Host", "hOST"));
    EXPECT_FALSE(equals_ignore_case("Host", "Hos"));
    EXPECT_FALSE(equals_ignore_case("[", "{")); // a bare `| 0x20` would make these equal
}

TEST(Utf8, AcceptsOnlyTheShortestFormsOfRealCharacters) {
    for (const auto* text : {"",
                             "plain",
                             "é",
                             "€",
                             "\xF0\x9F\x8D\x84",
                             "\xED\x9F\xBF",
                             "\xEF\xBF\xBF",
                             "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_valid_utf8(text)) << text;
    for (const auto* text : {"\x80",
                             "\xC0\x80",
                             "\xC1\xBF",
                             "\xC3",
                             "\xE2\x82",
                             "\xE0\x9F\xBF",
                             "\xED\xA0\x80",
                             "\xF0\x8F\xBF\xBF",
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",
                             "\xFF",
                             "a\xC3z"})
        EXPECT_FALSE(is_valid_utf8(text)) << text;
}

TEST(ParseInt, TakesTheWholeTextOrNothing) {
    EXPECT_EQ(parse_int("0"), 0);
    EXPECT_EQ(parse_int("-17"), -17);
    EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<int64_t>::max());
    EXPECT_EQ(parse_int("-9223372036854775808"), std::numeric_limits<int64_t>::min());
    for (const auto* text : {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "--1"})
        EXPECT_EQ(parse_int(text), std::nullopt) << text;
}

struct WildcardCase {
    const char* pattern;
    const char* text;
    bool matches;
};

class Wildcard : public testing::TestWithParam<WildcardCase> {};

TEST_P(Wildcard, Matches) {
    const auto& [pattern, text, matches] = GetParam();
    EXPECT_EQ(wildcard_match(pattern, text), matches) << pattern << " on " << text;
}

INSTANTIATE_TEST_SUITE_P(Ec2Filters,
                         Wildcard,
                         testing::Values(WildcardCase{"", "", true},
                                         WildcardCase{"", "a", false},
                                         WildcardCase{"*", "", true},
                                         WildcardCase{"**", "anything", true},
                                         WildcardCase{"?", "", false},
                                         WildcardCase{"?", "a", true},
                                         WildcardCase{"?", "é", true},
                                         WildcardCase{"?", "ab", false},
                                         WildcardCase{"web-*", "web-1", true},
                                         WildcardCase{"web-*", "Web-1", false},
                                         WildcardCase{"*a*b*c", "xxaxxbxxc", true},
                                         WildcardCase{"*a*b*c", "xxaxxbxxcd", false},
                                         WildcardCase{"a*a", "a", false},
                                         WildcardCase{"*ab", "aaab", true},
                                         WildcardCase{"a?c*e", "abcde", true},
                                         WildcardCase{R"(\*amazon\?\\)", R"(*amazon?\)", true},
                                         WildcardCase{R"(\*)", "x", false},
                                         WildcardCase{R"(\?)", "x", false},
                                         WildcardCase{R"(a\)", R"(a\)", true},
                                         WildcardCase{R"(*\*)", "abc*", true}));

TEST(WildcardBounds, StaysQuickOnHostilePatterns) {
    std::string pattern;
    for (int i = 0; i < 100; ++i)
        pattern += "*a";
    const std::string text = std::string(10'000, 'a') + "b";
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(wildcard_match(pattern, text));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(WildcardBounds, SeesWildcardsButNotEscapedOnes) {
    EXPECT_TRUE(has_wildcard("a*"));
    EXPECT_TRUE(has_wildcard(R"(\\?)"));
    EXPECT_FALSE(has_wildcard(R"(\*\?\)"));
    EXPECT_FALSE(has_wildcard("plain"));
}

} // namespace
} // namespace pileus
