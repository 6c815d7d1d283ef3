// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include "base/text.h"
#include "base/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/core.h>
#include <limits>
#include <memory>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace pileus::cli {

namespace {

constexpr size_t answer_limit_bytes = 64 * 1024 * 1024;
constexpr size_t banner_limit_bytes = 1024;
using SteadyClock = std::chrono::steady_clock;

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

int milliseconds_until(SteadyClock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

Result<void> wait_for(int fd, short events, SteadyClock::time_point deadline) {
    while (true) {
        pollfd polled{fd, events, 0};
        const int ready = ::poll(&polled, 1, milliseconds_until(deadline));
        if (ready > 0)
            return {};
        if (ready < 0 && errno == EINTR)
            continue;
        return fail(errors::timeout, "no answer in time");
    }
}

// Not blocking, so that every wait has our deadline.
Result<UniqueFd> connect_one(const addrinfo& address, SteadyClock::time_point deadline) {
    UniqueFd fd(::socket(address.ai_family,
                         address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         address.ai_protocol));
    if (!fd)
        return fail(errors::unavailable, errno_text(errno));
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return fail(errors::unavailable, errno_text(errno));
        PILEUS_TRY(wait_for(fd.get(), POLLOUT, deadline));
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0)
            return fail(errors::unavailable, errno_text(error));
    }
    return fd;
}

Result<UniqueFd>
connect_to(const std::string& host, uint16_t port, SteadyClock::time_point deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
        code != 0)
        return fail(errors::unavailable,
                    fmt::format("cannot find host {}: {}", host, ::gai_strerror(code)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
    Error last{errors::unavailable, "no address"};
    for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
        auto fd = connect_one(*address, deadline);
        if (fd)
            return fd;
        last = fd.error();
    }
    return fail(last);
}

Result<void> send_all(int fd, std::string_view bytes, SteadyClock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<size_t>(n));
        } else if (errno == EAGAIN) {
            PILEUS_TRY(wait_for(fd, POLLOUT, deadline));
        } else if (errno != EINTR) {
            return {}; // it closed early: its answer says why
        }
    }
    return {};
}

// To the end of the connection, or until `enough` says so.
template <class Enough>
Result<std::string>
receive(int fd, size_t limit, SteadyClock::time_point deadline, const Enough& enough) {
    std::string bytes;
    std::array<char, 16384> buffer;
    while (!enough(bytes)) {
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (n > 0) {
            bytes.append(buffer.data(), static_cast<size_t>(n));
            if (bytes.size() > limit)
                return fail(errors::invalid, "the answer is too long");
        } else if (n < 0 && errno == EAGAIN) {
            PILEUS_TRY(wait_for(fd, POLLIN, deadline));
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            break;
        }
    }
    return bytes;
}

std::optional<std::string_view> find_header(std::string_view head, std::string_view name) {
    for (std::string_view line : split(head, '\n')) {
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos && equals_ignore_case(line.substr(0, colon), name))
            return trim(line.substr(colon + 1));
    }
    return std::nullopt;
}

} // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
    const auto refuse = [&](std::string_view why) {
        return fail(errors::invalid,
                    fmt::format("the endpoint \"{}\" cannot be used: {}; it looks like "
                                "http://127.0.0.1:4566",
                                url,
                                why));
    };
    constexpr std::string_view scheme = "http://";
    if (url.starts_with("https://"))
        return refuse("this program speaks plain HTTP to a daemon on this machine");
    if (!url.starts_with(scheme))
        return refuse("it does not begin with http://");
    std::string_view rest = url.substr(scheme.size());
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    if (rest.find_first_of("/?#@ \r\n") != std::string_view::npos)
        return refuse("only a host and a port are expected");
    Endpoint endpoint;
    const size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
    const size_t colon = rest.rfind(':');
    std::string_view host = rest;
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        const auto port = parse_int(rest.substr(colon + 1));
        if (!port || *port < 1 || *port > std::numeric_limits<uint16_t>::max())
            return refuse("its port is no number from 1 to 65535");
        endpoint.port = static_cast<uint16_t>(*port);
        host = rest.substr(0, colon);
    }
    if (bracket != std::string_view::npos && host.size() >= 2)
        host = host.substr(1, host.size() - 2);
    if (host.empty())
        return refuse("it names no host");
    endpoint.host = host;
    return endpoint;
}

std::string Endpoint::authority() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    const std::string name = ipv6 ? "[" + host + "]" : host;
    return port == 80 ? name : fmt::format("{}:{}", name, port);
}

Result<HttpAnswer> parse_answer(std::string_view bytes) {
    const size_t end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.") || bytes.size() < 12 || end == std::string_view::npos)
        return fail(errors::invalid,
                    bytes.empty() ? "the connection was closed without an answer"
                                  : "what answers there does not speak HTTP");
    const auto status = parse_int(bytes.substr(9, 3));
    if (!status || *status < 100)
        return fail(errors::invalid, "the answer has no HTTP status");
    const std::string_view head = bytes.substr(0, end);
    std::string_view body = bytes.substr(end + 4);
    if (const auto length_text = find_header(head, "content-length")) {
        const auto length = parse_int(*length_text);
        if (!length || *length < 0 || body.size() < static_cast<size_t>(*length))
            return fail(errors::unavailable, "the connection broke in the middle of the answer");
        body = body.substr(0, static_cast<size_t>(*length));
    }
    return HttpAnswer{static_cast<int>(*status), std::string(body)};
}

Result<HttpAnswer> post(const Endpoint& endpoint,
                        const HttpHeaders& headers,
                        std::string_view body,
                        Duration timeout) {
    const auto deadline = SteadyClock::now() + timeout;
    std::string request = "POST / HTTP/1.1\r\n";
    for (const auto& [name, value] : headers)
        request += fmt::format("{}: {}\r\n", name, value);
    request += fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n{}", body.size(), body);
    PILEUS_ASSIGN(const UniqueFd fd, connect_to(endpoint.host, endpoint.port, deadline));
    PILEUS_TRY(send_all(fd.get(), request, deadline));
    PILEUS_ASSIGN(
        const std::string answer,
        receive(fd.get(), answer_limit_bytes, deadline, [](const std::string&) { return false; }));
    return parse_answer(answer);
}

Result<std::string> read_banner(const std::string& host, uint16_t port, Duration timeout) {
    const auto deadline = SteadyClock::now() + timeout;
    PILEUS_ASSIGN(const UniqueFd fd, connect_to(host, port, deadline));
    PILEUS_ASSIGN(const std::string text,
                  receive(fd.get(), banner_limit_bytes, deadline, [](const std::string& so_far) {
                      return so_far.find('\n') != std::string::npos;
                  }));
    if (text.empty())
        return fail(errors::unavailable, "the connection was closed at once");
    return std::string(trim(text.substr(0, text.find('\n'))));
}

} // namespace pileus::cli
