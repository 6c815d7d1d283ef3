// SPDX-License-Identifier: Apache-2.0
#include "http/io_thread.h"

#include "base/log.h"
#include "http/response_writer.h"
#include "http/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

namespace pileus::http {

namespace asio = boost::asio;

namespace {
constexpr int one_thread = 1; // lets Asio skip locks
}

IoThread::IoThread(const Clock& clock, Random& random, std::atomic<uint64_t>& timed_out)
    : clock_(clock), random_(random), timed_out_(timed_out), context_(one_thread),
      guard_(asio::make_work_guard(context_)), sweep_timer_(context_) {}

IoThread::~IoThread() {
    join();
}

void IoThread::start() {
    asio::co_spawn(context_, sweep(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

void IoThread::join() {
    if (!thread_.joinable())
        return;
    asio::post(context_, [this] { sweep_timer_.cancel(); });
    guard_.reset();
    thread_.join();
}

// One timer for all deadlines of the thread: setting a deadline then costs a store, not a timer.
asio::awaitable<void> IoThread::sweep() {
    std::vector<Session*> late;
    while (guard_.owns_work()) {
        sweep_timer_.expires_after(limits::sweep_period);
        const auto [error] = co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error)
            co_return;
        const auto time = now();
        late.clear();
        for (auto* session : sessions_)
            if (session->deadline() <= time)
                late.push_back(session);
        for (auto* session : late) {
            ++timed_out_;
            session->close();
        }
    }
}

std::string_view IoThread::date() {
    const auto now = clock_.now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (second != date_second_) {
        date_second_ = second;
        date_ = format_http_date(now);
    }
    return date_;
}

void IoThread::make_request_id(std::string& into) {
    static constexpr char alphabet[] = "0123456789abcdef";
    static constexpr size_t id_bytes = 16;
    if (random_used_ + id_bytes > random_bytes_.size()) {
        random_.fill(random_bytes_);
        random_used_ = 0;
    }
    auto* bytes = random_bytes_.data() + random_used_;
    random_used_ += id_bytes;
    bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
    into.clear();
    for (size_t i = 0; i < id_bytes; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            into.push_back('-');
        into.push_back(alphabet[bytes[i] >> 4]);
        into.push_back(alphabet[bytes[i] & 15]);
    }
}

void IoThread::add(Session& session) {
    sessions_.insert(&session);
}

void IoThread::remove(Session& session) {
    sessions_.erase(&session);
}

// Closing a socket only queues the end of the session, so the set does not change under these
// loops.
void IoThread::close_sessions_of(const Listener& listener) {
    for (auto* session : sessions_)
        if (&session->listener() == &listener)
            session->close();
}

void IoThread::drain_sessions() {
    for (auto* session : sessions_)
        session->drain();
}

void IoThread::close_sessions() {
    for (auto* session : sessions_)
        session->close();
}

} // namespace pileus::http
