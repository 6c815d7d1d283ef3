// SPDX-License-Identifier: Apache-2.0
#include "load/connection.h"

#include "base/text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace pileus::bench {

namespace {

[[noreturn]] void fail_with_errno(const char* doing) {
    throw std::system_error(errno, std::generic_category(), doing);
}

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return (x | 0x20) == (y | 0x20);
    });
}

// The value of a header in the head of an answer.
std::optional<std::string_view> find_header(std::string_view head, std::string_view name) {
    for (size_t line = head.find("\r\n"); line != std::string_view::npos;
         line = head.find("\r\n", line)) {
        line += 2;
        const auto end = head.find("\r\n", line);
        const auto colon = head.find(':', line);
        if (end == std::string_view::npos || colon > end)
            continue;
        if (!equal_without_case(head.substr(line, colon - line), name))
            continue;
        const auto value = head.find_first_not_of(' ', colon + 1);
        return head.substr(value, end - value);
    }
    return std::nullopt;
}

} // namespace

Connection::Connection(std::string address, uint16_t port)
    : address_(std::move(address)), port_(port) {}

void Connection::open() {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    if (!socket_ || inet_pton(AF_INET, address_.c_str(), &to.sin_addr) != 1 ||
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        fail_with_errno("connect");
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ended_ = closing_ = false;
}

void Connection::send(std::string_view request) {
    if (!socket_ || ended_ || closing_)
        open();
    answer_.clear();
    head_bytes_ = whole_bytes_ = 0;
    chunked_ = ends_with_connection_ = false;
    busy_ = true;
    while (!request.empty()) {
        const auto sent = ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
        if (sent < 0)
            fail_with_errno("send");
        request.remove_prefix(static_cast<size_t>(sent));
    }
}

bool Connection::receive() {
    static constexpr size_t piece_bytes = 256 * 1024;
    const size_t before = answer_.size();
    answer_.resize(before + piece_bytes);
    const auto got = ::recv(socket_.get(), answer_.data() + before, piece_bytes, MSG_DONTWAIT);
    answer_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        fail_with_errno("recv");
    ended_ = ended_ || got == 0;
    busy_ = !is_whole();
    if (busy_ && ended_)
        throw std::system_error(ECONNRESET, std::generic_category(), "the answer was cut off");
    return !busy_;
}

bool Connection::is_whole() {
    if (head_bytes_ == 0) {
        const auto end = answer_.find("\r\n\r\n");
        if (end == std::string::npos)
            return false;
        head_bytes_ = end + 4;
        const auto head = std::string_view(answer_).substr(0, end + 2);
        status_ = static_cast<int>(parse_int(head.substr(head.find(' ') + 1, 3)).value_or(0));
        chunked_ = find_header(head, "transfer-encoding").has_value();
        if (const auto length = find_header(head, "content-length"))
            whole_bytes_ = head_bytes_ + static_cast<size_t>(parse_int(*length).value_or(0));
        else
            ends_with_connection_ = !chunked_;
        if (const auto connection = find_header(head, "connection"))
            closing_ = equal_without_case(*connection, "close");
    }
    if (ends_with_connection_)
        return ended_;
    if (chunked_)
        return std::string_view(answer_).ends_with("\r\n0\r\n\r\n");
    return answer_.size() >= whole_bytes_;
}

std::string_view Connection::body() const {
    return std::string_view(answer_).substr(std::min(head_bytes_, answer_.size()));
}

} // namespace pileus::bench
