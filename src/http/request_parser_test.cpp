// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pileus::http {
namespace {

using State = RequestParser::State;

struct Outcome {
    State state;
    int status;
    Request request;
    size_t used;
    bool keep_alive;
};

// Feeds `bytes` in pieces, keeping what was not consumed, as a session does.
Outcome parse(std::string_view bytes, size_t piece, const Limits& limits = {}) {
    Outcome out{};
    RequestParser parser(out.request, limits);
    std::string pending;
    for (size_t at = 0; at < bytes.size() && parser.state() < State::Complete; at += piece) {
        pending += bytes.substr(at, piece);
        const auto used = parser.consume(pending);
        out.used += used;
        pending.erase(0, used);
    }
    out.state = parser.state();
    out.status = parser.status();
    out.keep_alive = parser.keep_alive();
    return out;
}

TEST(RequestParser, KeepsTheExactBytes) {
    const std::string bytes = "POST /a%20b/../c?x=%2f&x=1&=+ HTTP/1.1\r\n"
                              "Host: localhost:4566\r\n"
                              "X-Odd:\t  two  words \t\r\n"
                              "x-odd: again\r\n"
                              "Content-Length: 3\r\n\r\nabcNEXT";
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, bytes.size()}) {
        const auto out = parse(bytes, piece);
        ASSERT_EQ(out.state, State::Complete) << piece;
        EXPECT_EQ(out.request.method, "POST");
        EXPECT_EQ(out.request.target, "/a%20b/../c?x=%2f&x=1&=+");
        EXPECT_EQ(out.request.path(), "/a%20b/../c");
        EXPECT_EQ(out.request.query(), "x=%2f&x=1&=+");
        EXPECT_EQ(out.request.headers.size(), 4u);
        EXPECT_EQ(out.request.headers[1].name, "X-Odd");
        EXPECT_EQ(out.request.headers[1].value, "two  words");
        EXPECT_EQ(out.request.headers.count("x-ODD"), 2u);
        EXPECT_EQ(out.request.body, "abc");
        EXPECT_EQ(out.used, bytes.size() - 4);
        EXPECT_TRUE(out.keep_alive);
    }
}

TEST(RequestParser, ReadsChunkedBodiesAndDropsTrailers) {
    const std::string bytes = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
                              "3;name=\"value\"\r\nabc\r\n"
                              "0a\r\n0123456789\r\n"
                              "0\r\nX-Trailer: evil\r\n\r\nGET";
    for (const size_t piece : {size_t{1}, size_t{3}, bytes.size()}) {
        const auto out = parse(bytes, piece);
        ASSERT_EQ(out.state, State::Complete) << piece;
        EXPECT_EQ(out.request.body, "abc0123456789");
        EXPECT_FALSE(out.request.header("X-Trailer"));
        EXPECT_EQ(out.used, bytes.size() - 3);
    }
}

struct RefusalCase {
    const char* name;
    std::string bytes;
    int status;
};

class Refusal : public testing::TestWithParam<RefusalCase> {};

TEST_P(Refusal, HoldsInOnePieceAndByteByByte) {
    for (const size_t piece : {GetParam().bytes.size(), size_t{1}}) {
        const auto out = parse(GetParam().bytes, piece);
        EXPECT_EQ(out.state, State::Refused) << "piece " << piece;
        EXPECT_EQ(out.status, GetParam().status) << "piece " << piece;
        EXPECT_FALSE(out.keep_alive);
    }
}

std::string with_headers(const std::string& headers) {
    return "POST / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

std::string chunked(const std::string& body) {
    return with_headers("Transfer-Encoding: chunked\r\n") + body;
}

std::string many_headers() {
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "A: b\r\n";
    return text;
}

INSTANTIATE_TEST_SUITE_P(
    RequestParser,
    Refusal,
    testing::Values(
        RefusalCase{"Garbage", "\x16\x03\x01\x02\n", 400},
        RefusalCase{"BareLineFeed", "GET / HTTP/1.1\nHost: x\n\n", 400},
        RefusalCase{"BareLineFeedInHeader", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400},
        RefusalCase{"NoVersion", "GET /\r\n\r\n", 400},
        RefusalCase{"NoTarget", "GET  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"FragmentInTarget", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"RawByteInTarget", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"AbsoluteTarget", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"ConnectTarget", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"BadMethod", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"LongMethod", std::string(40, 'G') + " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"LowerCaseVersion", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
        RefusalCase{"NewerVersion", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        RefusalCase{"Http12", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
        RefusalCase{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        RefusalCase{"TwoHosts", "GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400},
        RefusalCase{"BlankBeforeColon", with_headers("Host : y\r\n"), 400},
        RefusalCase{"NoColon", with_headers("Header\r\n"), 400},
        RefusalCase{"EmptyName", with_headers(": value\r\n"), 400},
        RefusalCase{"FoldedHeader", with_headers("A: b\r\n c\r\n"), 400},
        RefusalCase{"FoldedFirstLine", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
        RefusalCase{"NulInValue", with_headers(std::string("A: b\0c\r\n", 8)), 400},
        RefusalCase{"CarriageReturnInValue", with_headers("A: b\rc\r\n"), 400},
        RefusalCase{"EscapeInValue", with_headers("A: \x1b[2J\r\n"), 400},
        RefusalCase{"NegativeLength", with_headers("Content-Length: -1\r\n"), 400},
        RefusalCase{"SignedLength", with_headers("Content-Length: +1\r\n"), 400},
        RefusalCase{"HexLength", with_headers("Content-Length: 0x1\r\n"), 400},
        RefusalCase{"EmptyLength", with_headers("Content-Length:\r\n"), 400},
        RefusalCase{"HugeLength", with_headers("Content-Length: 99999999999999999999\r\n"), 400},
        RefusalCase{"ListLength", with_headers("Content-Length: 1, 1\r\n"), 400},
        RefusalCase{"TwoLengths", with_headers("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
        RefusalCase{"LengthOverLimit", with_headers("Content-Length: 16777217\r\n"), 413},
        RefusalCase{"LengthThenChunked",
                    with_headers("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
                    400},
        RefusalCase{"ChunkedThenLength",
                    with_headers("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
                    400},
        RefusalCase{"TwoCodings",
                    with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                    400},
        RefusalCase{"ChunkedTwice", with_headers("Transfer-Encoding: chunked, chunked\r\n"), 501},
        RefusalCase{"Gzip", with_headers("Transfer-Encoding: gzip, chunked\r\n"), 501},
        RefusalCase{"Identity", with_headers("Transfer-Encoding: identity\r\n"), 501},
        RefusalCase{"ChunkedHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        RefusalCase{"OtherExpectation", with_headers("Expect: 200-ok\r\n"), 417},
        RefusalCase{"TooManyHeaders", with_headers(many_headers()), 431},
        RefusalCase{"HeaderTooLarge", with_headers("A: " + std::string(70'000, 'b') + "\r\n"), 431},
        RefusalCase{"HeaderWithoutEnd", "GET / HTTP/1.1\r\nA: " + std::string(70'000, 'b'), 431},
        RefusalCase{"ChunkNotHex", chunked("x\r\n"), 400},
        RefusalCase{"ChunkEmptySize", chunked("\r\n"), 400},
        RefusalCase{"ChunkBlankSize", chunked(" 3\r\nabc\r\n"), 400},
        RefusalCase{"ChunkSizeTooLong", chunked("000000003\r\nabc\r\n"), 400},
        RefusalCase{"ChunkBareLineFeed", chunked("3\nabc\r\n"), 400},
        RefusalCase{"ChunkOverLimit", chunked("ffffffff\r\n"), 413},
        RefusalCase{"ChunkOverrun", chunked("3\r\nabcd\r\n"), 400},
        RefusalCase{"ChunkLongExtension", chunked("3;" + std::string(5'000, 'e') + "\r\n"), 400},
        RefusalCase{"TrailerMalformed", chunked("0\r\nno colon\r\n\r\n"), 400},
        RefusalCase{
            "TrailersTooLong", chunked("0\r\nA: " + std::string(5'000, 'b') + "\r\n\r\n"), 400}),
    [](const auto& tested) { return tested.param.name; });

TEST(RequestParser, AddsUpChunksAgainstTheLimit) {
    const Limits limits{.body_bytes = 10};
    EXPECT_EQ(parse(chunked("6\r\n123456\r\n4\r\n1234\r\n0\r\n\r\n"), 5, limits).state,
              State::Complete);
    EXPECT_EQ(parse(chunked("6\r\n123456\r\n5\r\n12345\r\n0\r\n\r\n"), 5, limits).status, 413);
}

TEST(RequestParser, DecidesKeepAliveByVersionAndConnection) {
    const auto keeps = [](const std::string& version, const std::string& headers) {
        return parse("GET / " + version + "\r\nHost: x\r\n" + headers + "\r\n", 1000).keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: TE, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, StartsAfreshAfterRestart) {
    Request request;
    const Limits limits;
    RequestParser parser(request, limits);
    parser.consume(
        "POST /a HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nz");
    ASSERT_EQ(parser.state(), State::Complete);
    parser.restart();
    parser.consume("\r\n\r\nGET /b HTTP/1.1\r\nHost: y\r\n\r\n");
    ASSERT_EQ(parser.state(), State::Complete);
    EXPECT_EQ(request.target, "/b");
    EXPECT_EQ(request.body, "");
    EXPECT_EQ(request.headers.size(), 1u);
    EXPECT_TRUE(parser.keep_alive());
    EXPECT_FALSE(parser.expects_continue());
}

} // namespace
} // namespace pileus::http
