// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection: reads a request, has it answered, writes the response, and so on until one side
// has had enough. Lives on one io thread from beginning to end; only the handler runs elsewhere,
// and while it does nothing more is read (pipelined requests wait in the read buffer and then in
// the client's own).

#include "http/io_thread.h"
#include "http/listener.h"
#include "http/message.h"
#include "http/request_parser.h"
#include "http/stream.h"
#include "http/worker_pool.h"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::http {

// What all sessions of a server share. Any thread.
class Shared {
  public:
    Shared(WorkerPool& pool, size_t body_bytes_max)
        : workers(pool), buffered_body_bytes_max(body_bytes_max) {}

    WorkerPool& workers;
    const size_t buffered_body_bytes_max;
    std::atomic<size_t> buffered_body_bytes = 0;
    std::atomic<size_t> connections_open = 0;
    std::atomic<uint64_t> connections_accepted = 0;
    std::atomic<uint64_t> requests = 0;
    std::atomic<uint64_t> refused = 0;
    std::atomic<uint64_t> timed_out = 0;

    void session_began();
    void session_ended();
    // False when sessions are left after `timeout`.
    bool await_no_sessions(std::optional<Duration> timeout);

  private:
    std::mutex mutex_;
    std::condition_variable no_sessions_;
};

// Bytes that were read and not yet used. Grows as far as it must and gives the memory back.
class ReadBuffer {
  public:
    std::string_view bytes() const { return {storage_.data() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(size_t count);
    std::span<char> room(); // never empty
    void commit(size_t count) { end_ += count; }
    void shrink(size_t keep_bytes);

  private:
    std::vector<char> storage_;
    size_t begin_ = 0;
    size_t end_ = 0;
};

class Session {
  public:
    Session(IoThread& thread,
            std::shared_ptr<Listener> listener,
            Shared& shared,
            boost::asio::ip::tcp::socket socket);
    ~Session();

    // The whole life of the connection.
    static boost::asio::awaitable<void> run(std::unique_ptr<Session> session);

    // For the io thread.
    MonotonicTime deadline() const { return deadline_; }
    const Listener& listener() const { return *listener_; }
    void close();
    void drain();

    // For a worker thread, while the session waits for it.
    void call_handler();

  private:
    boost::asio::awaitable<void> serve();
    boost::asio::awaitable<bool> read_request();
    boost::asio::awaitable<bool> read_more();
    boost::asio::awaitable<void> answer();
    boost::asio::awaitable<bool> write_response();
    boost::asio::awaitable<void> finish();

    bool account_body();
    void release_body();
    void fail_request(int status, std::string_view message);
    bool apply_ttl();
    void describe_peer();
    void set_deadline(Duration from_now) { deadline_ = thread_.now() + from_now; }
    void no_deadline() { deadline_ = MonotonicTime::max(); }

    IoThread& thread_;
    std::shared_ptr<Listener> listener_;
    Shared& shared_;
    Stream stream_;
    ReadBuffer buffer_;
    Request request_;
    RequestParser parser_;
    Response response_;
    std::string head_;
    MonotonicTime deadline_ = MonotonicTime::max();
    size_t requests_ = 0;
    size_t accounted_body_bytes_ = 0;
    std::optional<int> ttl_;
    bool idle_ = true;
    bool closed_ = false;
    bool draining_ = false;
    bool over_budget_ = false;
};

} // namespace pileus::http
