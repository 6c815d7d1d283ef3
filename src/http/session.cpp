// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include "base/log.h"
#include "http/response_writer.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <exception>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pileus::http {

namespace asio = boost::asio;

namespace {

constexpr size_t read_bytes_min = 4 * 1024;
constexpr size_t read_bytes_max = 64 * 1024;
constexpr size_t linger_bytes_max = 1024 * 1024;
constexpr size_t small_body_bytes = 64 * 1024; // not worth accounting for
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

// The handler's call on a worker thread; afterwards the session goes on, on its own io thread.
template <class Completion, class Executor> struct HandlerCall {
    Session& session;
    Executor executor;
    Completion completion;

    void operator()() {
        session.call_handler();
        asio::post(executor, std::move(completion));
    }
};

// Starts a HandlerCall. A named type, because GCC 12 destroys what a lambda captured in a co_await
// expression twice.
struct StartHandler {
    WorkerPool& workers;
    Session& session;

    template <class Completion> void operator()(Completion completion) const {
        const auto executor = asio::get_associated_executor(completion);
        using Call = HandlerCall<Completion, std::remove_const_t<decltype(executor)>>;
        workers.submit(make_task(Call{session, executor, std::move(completion)}));
    }
};

asio::awaitable<void> run_on_pool(WorkerPool& workers, Session& session) {
    const StartHandler start{workers, session};
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start,
                                                                         asio::use_awaitable);
}

} // namespace

void Shared::session_began() {
    ++connections_open;
    ++connections_accepted;
}

void Shared::session_ended() {
    const std::lock_guard lock(mutex_);
    if (--connections_open == 0)
        no_sessions_.notify_all();
}

bool Shared::await_no_sessions(std::optional<Duration> timeout) {
    std::unique_lock lock(mutex_);
    const auto none = [this] { return connections_open == 0; };
    if (timeout)
        return no_sessions_.wait_for(lock, *timeout, none);
    no_sessions_.wait(lock, none);
    return true;
}

void ReadBuffer::consume(size_t count) {
    begin_ += count;
    if (begin_ == end_)
        begin_ = end_ = 0;
}

std::span<char> ReadBuffer::room() {
    if (storage_.size() - end_ < read_bytes_min) {
        if (begin_ > 0) {
            std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (storage_.size() - end_ < read_bytes_min)
            storage_.resize(std::max(2 * read_bytes_min, 2 * storage_.size()));
    }
    return {storage_.data() + end_, std::min(storage_.size() - end_, read_bytes_max)};
}

void ReadBuffer::shrink(size_t keep_bytes) {
    if (empty() && storage_.size() > keep_bytes)
        storage_ = {};
}

Session::Session(IoThread& thread,
                 std::shared_ptr<Listener> listener,
                 Shared& shared,
                 asio::ip::tcp::socket socket)
    : thread_(thread), listener_(std::move(listener)), shared_(shared),
      stream_(std::move(socket), listener_->tls ? &*listener_->tls : nullptr),
      parser_(request_, listener_->options.limits) {
    ++listener_->connections;
    shared_.session_began();
    describe_peer();
}

Session::~Session() {
    release_body();
    close();
    --listener_->connections;
    shared_.session_ended();
}

asio::awaitable<void> Session::run(std::unique_ptr<Session> session) {
    auto& thread = session->thread_;
    thread.add(*session);
    try {
        // A listener that was removed while this connection was on its way closed its other
        // sessions before.
        if (!session->listener_->closed())
            co_await session->serve();
    } catch (const std::exception& error) {
        log_error("http session failed",
                  {{"peer", session->request_.peer_address}, {"error", error.what()}});
    }
    thread.remove(*session);
}

asio::awaitable<void> Session::serve() {
    set_deadline(limits::handshake_time);
    bool going_on = co_await stream_.handshake();
    while (going_on && !closed_) {
        const bool asked = co_await read_request();
        if (!asked)
            break;
        co_await answer();
        if (closed_)
            break;
        going_on = co_await write_response();
    }
}

// True when there is a request to answer, whole or refused.
asio::awaitable<bool> Session::read_request() {
    using State = RequestParser::State;
    parser_.restart();
    idle_ = buffer_.empty();
    const auto& limits = listener_->options.limits;
    set_deadline(idle_ && requests_ > 0 ? limits.idle_time : limits.header_time);
    auto state_before = State::Head;
    while (true) {
        buffer_.consume(parser_.consume(buffer_.bytes()));
        const auto state = parser_.state();
        if (state == State::Complete || state == State::Refused || !account_body())
            co_return true;
        if (state_before == State::Head && state == State::Body) {
            set_deadline(limits.body_time);
            if (parser_.expects_continue())
                co_await stream_.write(continue_head, {}); // a failure shows in the next read
        }
        state_before = state;
        const bool more = co_await read_more();
        if (!more)
            co_return false;
        if (idle_)
            set_deadline(limits.header_time);
        idle_ = false;
    }
}

asio::awaitable<bool> Session::read_more() {
    const auto count = co_await stream_.read_some(buffer_.room());
    buffer_.commit(count);
    co_return count > 0 && !closed_;
}

// Large bodies come out of a budget of the whole server.
bool Session::account_body() {
    const auto held = request_.body.size();
    if (held <= small_body_bytes || held <= accounted_body_bytes_)
        return true;
    shared_.buffered_body_bytes += held - accounted_body_bytes_;
    accounted_body_bytes_ = held;
    over_budget_ = shared_.buffered_body_bytes > shared_.buffered_body_bytes_max;
    return !over_budget_;
}

void Session::release_body() {
    shared_.buffered_body_bytes -= std::exchange(accounted_body_bytes_, 0);
    if (request_.body.capacity() > limits::kept_buffer_bytes)
        request_.body = {};
}

asio::awaitable<void> Session::answer() {
    idle_ = false;
    no_deadline();
    ++requests_;
    thread_.make_request_id(request_.request_id);
    if (parser_.state() == RequestParser::State::Refused) {
        fail_request(parser_.status(), parser_.message());
    } else if (over_budget_) {
        fail_request(503, "The server holds too many request bodies; try again.");
    } else if (listener_->options.run_on == RunOn::IoThread) {
        call_handler();
    } else if (shared_.workers.try_reserve()) {
        co_await run_on_pool(shared_.workers, *this);
    } else {
        fail_request(503, "The server is overloaded; try again.");
    }
}

void Session::call_handler() {
    if (!listener_->enter()) {
        fail_request(503, "The service was removed.");
        return;
    }
    ++shared_.requests;
    try {
        response_ = listener_->options.handler(request_);
    } catch (const std::exception& error) {
        log_error("http handler failed",
                  {{"request_id", request_.request_id}, {"error", error.what()}});
        fail_request(500, "An internal error has occurred.");
    }
    listener_->leave();
}

void Session::fail_request(int status, std::string_view message) {
    ++shared_.refused;
    const Failure failure{status, message, request_.request_id};
    const auto& render = listener_->options.render_failure;
    response_ =
        render ? render(failure)
               : make_response(status, "text/plain; charset=utf-8", std::string(message) + "\n");
}

// True when the connection goes on.
asio::awaitable<bool> Session::write_response() {
    const auto& limits = listener_->options.limits;
    const bool whole = parser_.state() == RequestParser::State::Complete;
    const bool close_after = !whole || response_.close || draining_ || !parser_.keep_alive() ||
                             requests_ >= limits.requests_per_connection;
    write_response_head(
        response_,
        {.date = thread_.date(), .close = close_after, .http10 = parser_.is_http10()},
        head_);
    std::string_view head = head_;
    std::string_view body = response_.body;
    if (request_.method == "HEAD" || !may_have_body(response_.status))
        body = {};
    if (!apply_ttl())
        co_return false;
    set_deadline(limits.write_time +
                 std::chrono::seconds{body.size() / limits::write_bytes_per_second});
    bool written = stream_.write_now(head, body);
    if (!written)
        written = co_await stream_.write(head, body);
    if (!written)
        co_return false;
    response_.body = {};
    release_body();
    buffer_.shrink(limits::kept_buffer_bytes);
    if (!close_after)
        co_return !closed_;
    co_await finish();
    co_return false;
}

// Ends the connection so that the response arrives: closing while the client still sends would
// reset it away.
asio::awaitable<void> Session::finish() {
    set_deadline(limits::linger_time);
    const bool whole = parser_.state() == RequestParser::State::Complete;
    const bool unread = !whole || !buffer_.empty();
    co_await stream_.shut_down_sending();
    if (!unread || stream_.secure())
        co_return;
    buffer_.consume(buffer_.bytes().size());
    for (size_t total = 0; total < linger_bytes_max && !closed_;) {
        const auto count = co_await stream_.read_some(buffer_.room());
        if (count == 0)
            break;
        total += count;
    }
}

// A lowered TTL stays: raising it would let a retransmitted packet go further than its answer may.
bool Session::apply_ttl() {
    if (!response_.ip_ttl || (ttl_ && *ttl_ <= *response_.ip_ttl))
        return true;
    const int ttl = std::clamp(*response_.ip_ttl, 1, 255);
    boost::system::error_code error;
    const auto local = stream_.socket().local_endpoint(error);
    const int level = local.protocol() == asio::ip::tcp::v6() ? IPPROTO_IPV6 : IPPROTO_IP;
    const int option = level == IPPROTO_IPV6 ? IPV6_UNICAST_HOPS : IP_TTL;
    if (error ||
        ::setsockopt(stream_.socket().native_handle(), level, option, &ttl, sizeof ttl) != 0)
        return false;
    ttl_ = ttl;
    return true;
}

void Session::describe_peer() {
    boost::system::error_code ignored;
    const auto peer = stream_.socket().remote_endpoint(ignored);
    request_.peer_address = peer.address().to_string();
    request_.peer_port = peer.port();
    request_.listener_tag = listener_->options.tag;
    request_.secure = stream_.secure();
    socklen_t length = sizeof request_.socket_mark;
    ::getsockopt(
        stream_.socket().native_handle(), SOL_SOCKET, SO_MARK, &request_.socket_mark, &length);
}

void Session::close() {
    if (std::exchange(closed_, true))
        return;
    no_deadline();
    stream_.close();
}

void Session::drain() {
    draining_ = true;
    if (idle_)
        close();
}

} // namespace pileus::http
