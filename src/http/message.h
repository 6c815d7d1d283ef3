// SPDX-License-Identifier: Apache-2.0
#pragma once

// One HTTP request as it came in, and the response to it. Plain values: whoever holds one owns its
// bytes; no locks, no I/O. The bytes of the request line, the headers and the body are exactly what
// the client sent, because signatures are verified over them. Unit tests of handlers build a
// Request by hand: set `method`, `target`, add headers, set `body`.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::http {

struct Header {
    std::string_view name;
    std::string_view value; // without leading and trailing white space
};

// Ordered, duplicates kept, names compared without case. All bytes stand in one arena, so that a
// connection that is kept alive reads its next request without allocating.
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<Header> headers);

    void add(std::string_view name, std::string_view value);
    void clear(); // keeps the memory

    std::optional<std::string_view> find(std::string_view name) const; // the first one
    size_t count(std::string_view name) const;
    size_t size() const { return spans_.size(); }
    bool empty() const { return spans_.empty(); }
    Header operator[](size_t index) const;

    class Iterator {
      public:
        Iterator(const Headers& headers, size_t index) : headers_(&headers), index_(index) {}
        Header operator*() const { return (*headers_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

      private:
        const Headers* headers_;
        size_t index_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

  private:
    struct Span {
        uint32_t offset;
        uint32_t name_bytes;
        uint32_t value_bytes;
    };
    std::string bytes_;
    std::vector<Span> spans_;
};

struct Request {
    std::string method; // "GET", "POST" …, exact
    std::string target; // the exact bytes of the request line: "/latest/meta-data/?x=%20"; always
                        // begins with '/' or is "*"
    Headers headers;
    std::string body; // after removal of a chunked transfer coding

    std::string request_id;   // a UUID made here; goes into every log line and answer
    std::string peer_address; // "127.0.0.1", "::1"
    uint16_t peer_port = 0;
    std::string
        listener_tag; // the tag of the listener that accepted the connection, for example a VPC id
    uint32_t socket_mark = 0; // SO_MARK of the accepted socket
    bool secure = false;      // came over TLS

    std::string_view path() const;  // the target up to '?', still percent-encoded
    std::string_view query() const; // the target after '?', still percent-encoded; "" without one
    std::optional<std::string_view> header(std::string_view name) const {
        return headers.find(name);
    }
};

struct Response {
    int status = 200;
    Headers
        headers; // Date, Content-Length and Connection are added by the server; set none of them
    std::string body;
    std::optional<int>
        ip_ttl; // the connection's packets carry this TTL from here on; it is never raised again
    bool close = false; // close the connection after this response
};

// A response with one Content-Type.
Response make_response(int status, std::string_view content_type, std::string body);

// "Not Found"; "" for a status without a name.
std::string_view reason_phrase(int status);

} // namespace pileus::http
