// SPDX-License-Identifier: Apache-2.0
#pragma once

// One listening socket with its handler. Shared by the server and the listener's sessions; the
// acceptor belongs to the io thread that accepts, the counters to everybody.

#include "http/server.h"

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <optional>

namespace pileus::http {

class Listener {
  public:
    Listener(boost::asio::io_context& context, ListenerOptions listener_options)
        : options(std::move(listener_options)), acceptor(context) {}

    const ListenerOptions options;
    boost::asio::ip::tcp::acceptor acceptor;
    std::optional<boost::asio::ssl::context> tls;
    std::atomic<size_t> connections = 0;

    bool closed() const { return closed_; }

    // Brackets each call of the handler. enter() is false once the listener is closed.
    bool enter() {
        ++running_;
        if (!closed_)
            return true;
        leave();
        return false;
    }
    void leave() {
        if (--running_ == 0 && closed_)
            running_.notify_all();
    }

    void mark_closed() { closed_ = true; }
    // After mark_closed(): returns when no handler runs any more.
    void await_handlers() const {
        for (auto running = running_.load(); running != 0; running = running_.load())
            running_.wait(running);
    }

  private:
    std::atomic<bool> closed_ = false;
    std::atomic<uint32_t> running_ = 0;
};

} // namespace pileus::http
