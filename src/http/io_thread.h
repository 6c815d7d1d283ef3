// SPDX-License-Identifier: Apache-2.0
#pragma once

// One event loop with the sessions that live on it. Sessions never move between threads, so they
// need no locks. Owned by the Server; context(), start() and join() are for the server's threads,
// everything else for the io thread itself.

#include "base/clock.h"
#include "base/random.h"
#include "http/listener.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>

namespace pileus::http {

class Session;

class IoThread {
  public:
    IoThread(const Clock& clock, Random& random, std::atomic<uint64_t>& timed_out);
    ~IoThread(); // join()

    boost::asio::io_context& context() { return context_; }
    void start();
    void join(); // after the last session is gone

    MonotonicTime now() const { return clock_.monotonic(); }
    std::string_view date();                 // of this second, for the Date header
    void make_request_id(std::string& into); // a UUID, version 4
    void add(Session& session);
    void remove(Session& session);
    void close_sessions_of(const Listener& listener);
    void drain_sessions(); // close idle sessions; busy ones close after their response
    void close_sessions();

  private:
    boost::asio::awaitable<void> sweep();

    const Clock& clock_;
    Random& random_;
    std::atomic<uint64_t>& timed_out_;
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    boost::asio::steady_timer sweep_timer_;
    std::thread thread_;
    std::unordered_set<Session*> sessions_;
    int64_t date_second_ = -1;
    std::string date_;
    std::array<uint8_t, 1024> random_bytes_{};
    size_t random_used_ = random_bytes_.size();
};

} // namespace pileus::http
