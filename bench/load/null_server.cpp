// SPDX-License-Identifier: Apache-2.0
#include "load/null_server.h"

#include <array>
#include <cerrno>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace pileus::bench {

namespace {

std::string canned_answer() {
    const std::string body(2000, 'x'); // about what DescribeInstances says of one instance
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

} // namespace

NullServer::NullServer()
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    if (!stop_ || ::bind(listener_.get(), address, bytes) != 0 ||
        ::listen(listener_.get(), 64) != 0 || ::getsockname(listener_.get(), address, &bytes) != 0)
        throw std::system_error(errno, std::generic_category(), "null server");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
}

NullServer::~NullServer() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
}

// Requests are small and come one at a time on a connection: what can be read at once is one.
void NullServer::serve() {
    const auto answer = canned_answer();
    std::array<char, 64 * 1024> request;
    std::vector<UniqueFd> connections;
    std::vector<pollfd> polled{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    while (::poll(polled.data(), polled.size(), -1) > 0 && polled[0].revents == 0) {
        for (size_t i = 2; i < polled.size(); ++i) {
            if (polled[i].revents == 0)
                continue;
            if (::recv(polled[i].fd, request.data(), request.size(), 0) <= 0)
                polled[i].fd = -1;
            else
                ::send(polled[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        if (polled[1].revents == 0)
            continue;
        connections.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        polled.push_back({connections.back().get(), POLLIN, 0});
    }
}

} // namespace pileus::bench
