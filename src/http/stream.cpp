// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace pileus::http {

namespace asio = boost::asio;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);
using Buffers = std::array<asio::const_buffer, 2>;

Buffers to_buffers(std::string_view head, std::string_view body) {
    return {asio::buffer(head), asio::buffer(body)};
}

void drop_front(std::string_view& head, std::string_view& body, size_t count) {
    const auto from_head = std::min(count, head.size());
    head.remove_prefix(from_head);
    body.remove_prefix(count - from_head);
}

} // namespace

Stream::Stream(asio::ip::tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls)
        tls_.emplace(socket_, *tls);
}

asio::awaitable<bool> Stream::handshake() {
    if (!tls_)
        co_return true;
    const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, await);
    co_return !error;
}

asio::awaitable<size_t> Stream::read_some(std::span<char> into) {
    const auto buffer = asio::buffer(into.data(), into.size());
    if (tls_) {
        const auto [error, count] = co_await tls_->async_read_some(buffer, await);
        co_return error ? 0 : count;
    }
    const auto [error, count] = co_await socket_.async_read_some(buffer, await);
    co_return error ? 0 : count;
}

bool Stream::write_now(std::string_view& head, std::string_view& body) {
    if (tls_)
        return false;
    boost::system::error_code error;
    drop_front(head, body, socket_.write_some(to_buffers(head, body), error));
    return head.empty() && body.empty();
}

asio::awaitable<bool> Stream::write(std::string_view head, std::string_view body) {
    const auto buffers = to_buffers(head, body);
    if (tls_) {
        const auto [error, count] = co_await asio::async_write(*tls_, buffers, await);
        co_return !error;
    }
    const auto [error, count] = co_await asio::async_write(socket_, buffers, await);
    co_return !error;
}

asio::awaitable<void> Stream::shut_down_sending() {
    boost::system::error_code ignored;
    if (tls_) // sends close_notify, and waits for the peer's; the session's deadline bounds the
              // wait
        co_await tls_->async_shutdown(await);
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Stream::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

} // namespace pileus::http
