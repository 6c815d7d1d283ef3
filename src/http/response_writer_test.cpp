// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include <gtest/gtest.h>

namespace pileus::http {
namespace {

TEST(ResponseWriter, WritesTheHead) {
    auto response = make_response(404, "text/xml;charset=UTF-8", "<x/>");
    std::string out = "old";
    write_response_head(response, {.date = "Tue, 14 Nov 2023 22:13:20 GMT", .close = true}, out);
    EXPECT_EQ(
        out,
        "HTTP/1.1 404 Not Found\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 4\r\n"
        "Connection: close\r\nContent-Type: text/xml;charset=UTF-8\r\n\r\n");
}

TEST(ResponseWriter, LetsNoValueBeginAHeader) {
    Response response;
    response.headers.add("X-Name", "a\r\nSet-Cookie: b");
    std::string out;
    write_response_head(response, {.date = "-"}, out);
    EXPECT_NE(out.find("X-Name: a  Set-Cookie: b\r\n"), std::string::npos);
    EXPECT_EQ(out.find("\nSet-Cookie"), std::string::npos);
}

TEST(ResponseWriter, GivesNoLengthWhereThereIsNoBody) {
    std::string out;
    write_response_head({.status = 204}, {.date = "-"}, out);
    EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\nDate: -\r\n\r\n");
}

TEST(HttpDate, IsWrittenAsRfc9110Wants) {
    EXPECT_EQ(format_http_date(Time{std::chrono::seconds{784887151}}),
              "Tue, 15 Nov 1994 08:12:31 GMT");
    EXPECT_EQ(format_http_date(Time{std::chrono::seconds{1709164800}}),
              "Thu, 29 Feb 2024 00:00:00 GMT");
}

} // namespace
} // namespace pileus::http
