// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include "base/text.h"

namespace pileus::http {

Headers::Headers(std::initializer_list<Header> headers) {
    for (const auto& header : headers)
        add(header.name, header.value);
}

void Headers::add(std::string_view name, std::string_view value) {
    spans_.push_back({static_cast<uint32_t>(bytes_.size()),
                      static_cast<uint32_t>(name.size()),
                      static_cast<uint32_t>(value.size())});
    bytes_.append(name);
    bytes_.append(value);
}

void Headers::clear() {
    bytes_.clear();
    spans_.clear();
}

Header Headers::operator[](size_t index) const {
    const auto& span = spans_[index];
    const std::string_view bytes = bytes_;
    return {bytes.substr(span.offset, span.name_bytes),
            bytes.substr(span.offset + span.name_bytes, span.value_bytes)};
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto header : *this)
        if (header.name.size() == name.size() && equals_ignore_case(header.name, name))
            return header.value;
    return std::nullopt;
}

size_t Headers::count(std::string_view name) const {
    size_t n = 0;
    for (const auto header : *this)
        n += header.name.size() == name.size() && equals_ignore_case(header.name, name);
    return n;
}

std::string_view Request::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view{}
                                     : std::string_view(target).substr(mark + 1);
}

Response make_response(int status, std::string_view content_type, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", content_type);
    response.body = std::move(body);
    return response;
}

std::string_view reason_phrase(int status) {
    switch (status) {
    case 100:
        return "Continue";
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Payload Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Entity";
    case 426:
        return "Upgrade Required";
    case 428:
        return "Precondition Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "";
    }
}

} // namespace pileus::http
