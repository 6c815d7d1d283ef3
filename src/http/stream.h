// SPDX-License-Identifier: Apache-2.0
#pragma once

// A connection's bytes, plain or TLS, behind one type, so that the session is written once. Owned
// by its session, used by that session's io thread only.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace pileus::http {

class Stream {
  public:
    // tls: null for a plain connection; must outlive the stream.
    Stream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);

    // Each returns false, or 0 bytes, when the connection is over for any reason.
    boost::asio::awaitable<bool> handshake();
    boost::asio::awaitable<size_t> read_some(std::span<char> into);
    boost::asio::awaitable<bool> write(std::string_view head, std::string_view body);
    boost::asio::awaitable<void> shut_down_sending();

    // Writes as much as the socket takes at once, and drops that from the front of both. Plain
    // connections only: most answers leave here, in one system call.
    bool write_now(std::string_view& head, std::string_view& body);

    bool secure() const { return tls_.has_value(); }
    void close(); // pending reads and writes end
    boost::asio::ip::tcp::socket& socket() { return socket_; }

  private:
    boost::asio::ip::tcp::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
};

} // namespace pileus::http
