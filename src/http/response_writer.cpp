// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include "base/text.h"

#include <charconv>
#include <fmt/core.h>

namespace pileus::http {

namespace {

void append_number(std::string& out, uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

void append_value(std::string& out, std::string_view value) {
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
    }
}

} // namespace

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

void write_response_head(const Response& response,
                         const ResponseFraming& framing,
                         std::string& out) {
    out.assign("HTTP/1.1 ");
    append_number(out, static_cast<uint64_t>(response.status));
    out.push_back(' ');
    out.append(reason_phrase(response.status));
    out.append("\r\nDate: ").append(framing.date).append("\r\n");
    if (may_have_body(response.status)) {
        out.append("Content-Length: ");
        append_number(out, response.body.size());
        out.append("\r\n");
    }
    if (framing.close)
        out.append("Connection: close\r\n");
    else if (framing.http10)
        out.append("Connection: keep-alive\r\n");
    for (const auto header : response.headers) {
        append_value(out, header.name);
        out.append(": ");
        append_value(out, header.value);
        out.append("\r\n");
    }
    out.append("\r\n");
}

std::string format_http_date(Time time) {
    using namespace std::chrono;
    static constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       weekdays[weekday{day}.c_encoding()],
                       unsigned(date.day()),
                       months[unsigned(date.month()) - 1],
                       int(date.year()),
                       clock.hours().count(),
                       clock.minutes().count(),
                       clock.seconds().count());
}

} // namespace pileus::http
