// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace pileus::http {

namespace {

constexpr size_t method_bytes_max = 32;
constexpr size_t body_reserve_max =
    64 * 1024; // a Content-Length alone never makes us allocate more

// RFC 9110 token characters.
constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c)
        table[c] = true;
    for (int c = 'a'; c <= 'z'; ++c)
        table[c] = table[c - 'a' + 'A'] = true;
    for (const char c :
         {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr auto token_table = make_token_table();

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return token_table[static_cast<unsigned char>(c)];
    });
}

// Visible ASCII without '#': what may stand in a request line. Anything else must come
// percent-encoded.
bool is_target(std::string_view text) {
    return std::all_of(
        text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

} // namespace

RequestParser::RequestParser(Request& request, const Limits& limits)
    : request_(request), limits_(limits) {
    restart();
}

void RequestParser::restart() {
    request_.method.clear();
    request_.target.clear();
    request_.headers.clear();
    request_.body.clear();
    state_ = State::Head;
    status_ = 0;
    message_ = {};
    scanned_ = line_begin_ = head_bytes_ = head_lines_ = 0;
    minor_version_ = 1;
    keep_alive_ = true;
    wants_close_ = wants_keep_alive_ = expects_continue_ = has_content_length_ = chunked_ = false;
    hosts_ = 0;
    remaining_ = 0;
    chunk_ = Chunk::SizeLine;
    trailer_bytes_ = 0;
}

void RequestParser::refuse(int status, std::string_view message) {
    state_ = State::Refused;
    status_ = status;
    message_ = message;
    keep_alive_ = false;
}

size_t RequestParser::consume(std::string_view bytes) {
    if (state_ == State::Head) {
        const auto used = consume_head(bytes);
        if (state_ != State::Body)
            return used;
        return used + consume(bytes.substr(used));
    }
    if (state_ == State::Body)
        return chunked_ ? consume_chunked_body(bytes) : consume_sized_body(bytes);
    return 0;
}

size_t RequestParser::consume_head(std::string_view bytes) {
    if (!find_head_end(bytes))
        return 0;
    if (!parse_head(bytes.substr(0, head_bytes_)) || !decide_body())
        return 0;
    return head_bytes_;
}

// Looks at each byte once, however slowly they arrive.
bool RequestParser::find_head_end(std::string_view bytes) {
    while (true) {
        const auto line_feed = bytes.find('\n', scanned_);
        if (line_feed == std::string_view::npos) {
            scanned_ = bytes.size();
            if (bytes.size() >= limits_.header_bytes)
                refuse(431, "The request line and headers are too large.");
            return false;
        }
        if (line_feed == line_begin_ || bytes[line_feed - 1] != '\r') {
            refuse(400, "A line ends without a carriage return.");
            return false;
        }
        const bool empty_line = line_feed == line_begin_ + 1;
        line_begin_ = scanned_ = line_feed + 1;
        if (scanned_ > limits_.header_bytes) {
            refuse(431, "The request line and headers are too large.");
            return false;
        }
        if (empty_line && head_lines_ > 0) {
            head_bytes_ = scanned_;
            return true;
        }
        if (!empty_line && ++head_lines_ > limits_.header_count + 1) {
            refuse(431, "There are too many headers.");
            return false;
        }
    }
}

// `head` ends with an empty line, each of its lines with CR LF; empty lines may stand before the
// request line.
bool RequestParser::parse_head(std::string_view head) {
    while (head.starts_with("\r\n"))
        head.remove_prefix(2);
    for (bool first = true; head != "\r\n"; first = false) {
        const auto end = head.find('\n') - 1;
        const auto line = head.substr(0, end);
        if (!(first ? parse_request_line(line) : parse_header(line)))
            return false;
        head.remove_prefix(end + 2);
    }
    return true;
}

bool RequestParser::parse_request_line(std::string_view line) {
    const auto first_space = line.find(' ');
    const auto last_space = line.rfind(' ');
    if (first_space == std::string_view::npos || first_space == last_space) {
        refuse(400, "The request line is malformed.");
        return false;
    }
    const auto method = line.substr(0, first_space);
    const auto target = line.substr(first_space + 1, last_space - first_space - 1);
    if (!is_token(method) || method.size() > method_bytes_max) {
        refuse(400, "The request method is malformed.");
        return false;
    }
    const bool any_target = method == "OPTIONS" && target == "*";
    if (!is_target(target) || !(target.starts_with('/') || any_target)) {
        refuse(400,
               "The request target is malformed: it must begin with '/' and be percent-encoded.");
        return false;
    }
    if (!parse_version(line.substr(last_space + 1)))
        return false;
    request_.method = method;
    request_.target = target;
    return true;
}

bool RequestParser::parse_version(std::string_view version) {
    if (version == "HTTP/1.1") {
        minor_version_ = 1;
        return true;
    }
    if (version == "HTTP/1.0") {
        minor_version_ = 0;
        return true;
    }
    if (version.size() == 8 && version.starts_with("HTTP/") && hex_digit(version[5]) >= 0 &&
        version[6] == '.')
        refuse(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
    else
        refuse(400, "The request line is malformed.");
    return false;
}

bool RequestParser::parse_header(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        // This is also where a folded header ends: its second line begins with a blank.
        refuse(400, "A header is malformed.");
        return false;
    }
    const auto name = line.substr(0, colon);
    const auto value = trim_blanks(line.substr(colon + 1));
    if (!is_field_value(value)) {
        refuse(400, "A header holds a control character.");
        return false;
    }
    request_.headers.add(name, value);
    return note_header(name, value);
}

bool RequestParser::note_header(std::string_view name, std::string_view value) {
    switch (name.size()) {
    case 4:
        if (equals_ignore_case(name, "host"))
            ++hosts_;
        return true;
    case 6:
        if (equals_ignore_case(name, "expect")) {
            if (!equals_ignore_case(value, "100-continue")) {
                refuse(417, "Only 'Expect: 100-continue' is understood.");
                return false;
            }
            expects_continue_ = true;
        }
        return true;
    case 10:
        if (equals_ignore_case(name, "connection"))
            for (const auto token : split(value, ',')) {
                wants_close_ |= equals_ignore_case(trim_blanks(token), "close");
                wants_keep_alive_ |= equals_ignore_case(trim_blanks(token), "keep-alive");
            }
        return true;
    case 14:
        return !equals_ignore_case(name, "content-length") || note_content_length(value);
    case 17:
        return !equals_ignore_case(name, "transfer-encoding") || note_transfer_encoding(value);
    default:
        return true;
    }
}

bool RequestParser::note_content_length(std::string_view value) {
    const bool digits = !value.empty() && value.size() <= 18 &&
                        value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits || has_content_length_) {
        refuse(400, "The Content-Length header is malformed or repeated.");
        return false;
    }
    has_content_length_ = true;
    for (const char c : value)
        remaining_ = remaining_ * 10 + static_cast<uint64_t>(c - '0');
    return true;
}

bool RequestParser::note_transfer_encoding(std::string_view value) {
    if (chunked_) {
        refuse(400, "The Transfer-Encoding header is repeated.");
        return false;
    }
    if (!equals_ignore_case(value, "chunked")) {
        refuse(501, "Only the transfer coding 'chunked' is understood.");
        return false;
    }
    chunked_ = true;
    return true;
}

bool RequestParser::decide_body() {
    if (hosts_ > 1 || (hosts_ == 0 && minor_version_ == 1)) {
        refuse(400, "There must be exactly one Host header.");
        return false;
    }
    if (chunked_ && (has_content_length_ || minor_version_ == 0)) {
        refuse(400, "Transfer-Encoding cannot stand with Content-Length or in HTTP/1.0.");
        return false;
    }
    if (remaining_ > limits_.body_bytes) {
        refuse(413, "The request body is too large.");
        return false;
    }
    keep_alive_ = !wants_close_ && (minor_version_ == 1 || wants_keep_alive_);
    state_ = chunked_ || remaining_ > 0 ? State::Body : State::Complete;
    if (remaining_ > 0)
        request_.body.reserve(std::min<uint64_t>(remaining_, body_reserve_max));
    return true;
}

size_t RequestParser::consume_sized_body(std::string_view bytes) {
    const auto taken = static_cast<size_t>(std::min<uint64_t>(bytes.size(), remaining_));
    request_.body.append(bytes.substr(0, taken));
    remaining_ -= taken;
    if (remaining_ == 0)
        state_ = State::Complete;
    return taken;
}

size_t RequestParser::consume_chunked_body(std::string_view bytes) {
    size_t used = 0;
    while (state_ == State::Body) {
        const auto taken = consume_chunk_part(bytes.substr(used));
        used += taken;
        if (taken == 0)
            break;
    }
    return used;
}

size_t RequestParser::consume_chunk_part(std::string_view bytes) {
    switch (chunk_) {
    case Chunk::SizeLine:
        return consume_chunk_size(bytes);
    case Chunk::Data:
        return consume_chunk_data(bytes);
    case Chunk::DataEnd:
        return consume_chunk_end(bytes);
    case Chunk::Trailers:
        return consume_trailers(bytes);
    }
    return 0;
}

// "1a2b;name=value\r\n": the extension is checked for control characters and dropped.
size_t RequestParser::consume_chunk_size(std::string_view bytes) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos ? bytes.size() > limits::chunk_header_bytes
                                      : end > limits::chunk_header_bytes) {
        refuse(400, "A chunk header is too long.");
        return 0;
    }
    if (end == std::string_view::npos)
        return 0;
    if (end == 0 || bytes[end - 1] != '\r') {
        refuse(400, "A chunk header is malformed.");
        return 0;
    }
    const auto line = bytes.substr(0, end - 1);
    uint64_t size = 0;
    size_t digits = 0;
    for (; digits < line.size() && digits < 9 && hex_digit(line[digits]) >= 0; ++digits)
        size = size * 16 + static_cast<uint64_t>(hex_digit(line[digits]));
    const auto extension = line.substr(digits);
    if (digits == 0 || digits > 8 || !(extension.empty() || extension.front() == ';') ||
        !is_field_value(extension)) {
        refuse(400, "A chunk header is malformed.");
        return 0;
    }
    if (size > limits_.body_bytes - request_.body.size()) {
        refuse(413, "The request body is too large.");
        return 0;
    }
    remaining_ = size;
    chunk_ = size > 0 ? Chunk::Data : Chunk::Trailers;
    return end + 1;
}

size_t RequestParser::consume_chunk_data(std::string_view bytes) {
    const auto taken = static_cast<size_t>(std::min<uint64_t>(bytes.size(), remaining_));
    request_.body.append(bytes.substr(0, taken));
    remaining_ -= taken;
    if (remaining_ == 0)
        chunk_ = Chunk::DataEnd;
    return taken;
}

size_t RequestParser::consume_chunk_end(std::string_view bytes) {
    const auto expected = std::string_view("\r\n");
    if (bytes.substr(0, 2) != expected.substr(0, std::min<size_t>(bytes.size(), 2))) {
        refuse(400, "A chunk does not end where its header says.");
        return 0;
    }
    if (bytes.size() < 2)
        return 0;
    chunk_ = Chunk::SizeLine;
    return 2;
}

// Trailers are checked and dropped: nothing that comes after the body may pass for a header.
size_t RequestParser::consume_trailers(std::string_view bytes) {
    const auto end = bytes.find('\n');
    const auto line_bytes = end == std::string_view::npos ? bytes.size() : end + 1;
    if (trailer_bytes_ + line_bytes > limits::chunk_header_bytes) {
        refuse(400, "The trailers are too long.");
        return 0;
    }
    if (end == std::string_view::npos)
        return 0;
    if (end == 0 || bytes[end - 1] != '\r') {
        refuse(400, "A trailer is malformed.");
        return 0;
    }
    const auto line = bytes.substr(0, end - 1);
    const auto colon = line.find(':');
    if (line.empty())
        state_ = State::Complete;
    else if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
             !is_field_value(line.substr(colon + 1)))
        refuse(400, "A trailer is malformed.");
    trailer_bytes_ += line_bytes;
    return state_ == State::Refused ? 0 : line_bytes;
}

} // namespace pileus::http
