// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include "base/log.h"
#include "http/io_thread.h"
#include "http/listener.h"
#include "http/response_writer.h"
#include "http/session.h"
#include "http/worker_pool.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <map>
#include <mutex>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <vector>

namespace pileus::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);
constexpr auto pause_when_exhausted = std::chrono::milliseconds{100};

tl::unexpected<Error> socket_failure(const std::string& what,
                                     const boost::system::error_code& error) {
    return fail(errors::unavailable, what + ": " + error.message());
}

Result<void> load_tls(const TlsFiles& files, asio::ssl::context& context) {
    context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    boost::system::error_code error;
    context.use_certificate_chain_file(files.certificate_chain_path, error);
    if (error)
        return socket_failure("Cannot use the certificate " + files.certificate_chain_path, error);
    context.use_private_key_file(files.private_key_path, asio::ssl::context::pem, error);
    if (error)
        return socket_failure("Cannot use the private key " + files.private_key_path, error);
    return {};
}

// The address family of a socket that listens; an error for anything else.
Result<tcp> listening_protocol(int fd) {
    int accepting = 0;
    int domain = 0;
    socklen_t length = sizeof(int);
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &length) != 0 || accepting == 0 ||
        ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
        (domain != AF_INET && domain != AF_INET6))
        return fail(errors::invalid, "The socket to adopt is not a listening TCP socket.");
    return domain == AF_INET ? tcp::v4() : tcp::v6();
}

Result<void> open_listener(tcp::acceptor& acceptor, const std::string& address, uint16_t port) {
    boost::system::error_code malformed;
    const auto ip = asio::ip::make_address(address, malformed);
    if (malformed)
        return fail(errors::invalid,
                    "'" + address + "' is not an IPv4 or IPv6 address to listen on.");
    try {
        const tcp::endpoint endpoint(ip, port);
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        if (ip.is_v6())
            acceptor.set_option(asio::ip::v6_only(true));
        acceptor.bind(endpoint);
        acceptor.listen(asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& error) {
        return socket_failure("Cannot listen on " + address + " port " + std::to_string(port),
                              error.code());
    }
    return {};
}

// Runs `work` on the thread and returns when it is done.
template <class Work> void run_on(IoThread& thread, Work work) {
    std::promise<void> done;
    auto finished = done.get_future();
    asio::post(thread.context(), [&] {
        work();
        done.set_value();
    });
    finished.wait();
}

} // namespace

class Server::Impl {
  public:
    Impl(const ServerOptions& options, const Clock& clock, Random& random);

    Result<uint16_t> listen(const std::string& address, uint16_t port, ListenerOptions options);
    Result<void> adopt(UniqueFd socket, ListenerOptions options);
    Result<void> remove(const std::string& tag);
    void stop(Duration grace);
    ServerStatistics statistics() const;

  private:
    Result<std::shared_ptr<Listener>> make_listener(ListenerOptions options);
    Result<void> start(std::shared_ptr<Listener> listener);
    void close_acceptor(Listener& listener);
    asio::awaitable<void> accept_loop(std::shared_ptr<Listener> listener);
    bool has_room(const Listener& listener) const;
    void refuse(const Listener& listener, tcp::socket socket);
    IoThread& accepting_thread() { return *threads_.front(); }
    IoThread& next_thread() { return *threads_[next_thread_++ % threads_.size()]; }

    const ServerOptions options_;
    WorkerPool workers_;
    Shared shared_;
    std::vector<std::unique_ptr<IoThread>> threads_;
    size_t next_thread_ = 0; // of the accepting thread
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Listener>> listeners_;
    bool stopped_ = false;
};

Server::Impl::Impl(const ServerOptions& options, const Clock& clock, Random& random)
    : options_(options), workers_(std::max<size_t>(options.workers, 1), options.queued_requests),
      shared_(workers_, options.buffered_body_bytes) {
    for (size_t i = 0; i < std::max<size_t>(options.io_threads, 1); ++i)
        threads_.push_back(std::make_unique<IoThread>(clock, random, shared_.timed_out));
    for (auto& thread : threads_)
        thread->start();
}

Result<std::shared_ptr<Listener>> Server::Impl::make_listener(ListenerOptions options) {
    auto listener = std::make_shared<Listener>(accepting_thread().context(), std::move(options));
    if (listener->options.tls) {
        listener->tls.emplace(asio::ssl::context::tls_server);
        PILEUS_TRY(load_tls(*listener->options.tls, *listener->tls));
    }
    return listener;
}

Result<uint16_t>
Server::Impl::listen(const std::string& address, uint16_t port, ListenerOptions options) {
    PILEUS_ASSIGN(auto listener, make_listener(std::move(options)));
    PILEUS_TRY(open_listener(listener->acceptor, address, port));
    boost::system::error_code error;
    const auto bound = listener->acceptor.local_endpoint(error).port();
    PILEUS_TRY(start(std::move(listener)));
    return bound;
}

Result<void> Server::Impl::adopt(UniqueFd socket, ListenerOptions options) {
    PILEUS_ASSIGN(const auto protocol, listening_protocol(socket.get()));
    PILEUS_ASSIGN(auto listener, make_listener(std::move(options)));
    boost::system::error_code error;
    listener->acceptor.assign(protocol, socket.get(), error);
    if (error)
        return socket_failure("Cannot adopt the listening socket", error);
    socket.release();
    return start(std::move(listener));
}

Result<void> Server::Impl::start(std::shared_ptr<Listener> listener) {
    const std::lock_guard lock(mutex_);
    if (stopped_)
        return fail(errors::unavailable, "The HTTP server was stopped.");
    if (!listeners_.emplace(listener->options.tag, listener).second)
        return fail(errors::invalid,
                    "There is a listener '" + listener->options.tag + "' already.");
    asio::co_spawn(accepting_thread().context(), accept_loop(std::move(listener)), asio::detached);
    return {};
}

asio::awaitable<void> Server::Impl::accept_loop(std::shared_ptr<Listener> listener) {
    asio::steady_timer pause(accepting_thread().context());
    while (!listener->closed()) {
        auto& thread = next_thread();
        auto [error, socket] = co_await listener->acceptor.async_accept(thread.context(), await);
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
            co_return;
        if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
            error == asio::error::no_memory) {
            log_warning("cannot accept connections",
                        {{"listener", listener->options.tag}, {"error", error.message()}});
            pause.expires_after(pause_when_exhausted);
            co_await pause.async_wait(await);
        } else if (!error && has_room(*listener)) {
            auto session = std::make_unique<Session>(thread, listener, shared_, std::move(socket));
            asio::co_spawn(thread.context(), Session::run(std::move(session)), asio::detached);
        } else if (!error) {
            refuse(*listener, std::move(socket));
        }
    }
}

bool Server::Impl::has_room(const Listener& listener) const {
    return shared_.connections_open < options_.connections &&
           listener.connections < listener.options.limits.connections;
}

// One attempt to say why, without waiting.
void Server::Impl::refuse(const Listener& listener, tcp::socket socket) {
    ++shared_.refused;
    if (listener.tls)
        return;
    const auto& render = listener.options.render_failure;
    const std::string_view why = "There are too many connections; try again.";
    const auto response = render
                              ? render({503, why, "-"})
                              : make_response(503, "text/plain; charset=utf-8", std::string(why));
    std::string bytes;
    write_response_head(response, {.date = accepting_thread().date(), .close = true}, bytes);
    bytes += response.body;
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(bytes), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// When this returns, every session of the listener has been handed to its thread.
void Server::Impl::close_acceptor(Listener& listener) {
    run_on(accepting_thread(), [&] {
        boost::system::error_code ignored;
        listener.acceptor.close(ignored);
    });
    // One connection may have been accepted just before and still wait in the thread's queue: let
    // it pass.
    run_on(accepting_thread(), [] {});
}

Result<void> Server::Impl::remove(const std::string& tag) {
    std::shared_ptr<Listener> listener;
    {
        const std::lock_guard lock(mutex_);
        const auto found = listeners_.find(tag);
        if (stopped_ || found == listeners_.end())
            return fail(errors::not_found, "There is no listener '" + tag + "'.");
        listener = std::move(found->second);
        listeners_.erase(found);
    }
    listener->mark_closed();
    close_acceptor(*listener);
    for (auto& thread : threads_)
        run_on(*thread, [&] { thread->close_sessions_of(*listener); });
    listener->await_handlers();
    return {};
}

void Server::Impl::stop(Duration grace) {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(stopped_, true))
            return;
    }
    for (auto& [tag, listener] : listeners_)
        close_acceptor(*listener);
    for (auto& thread : threads_)
        run_on(*thread, [&] { thread->drain_sessions(); });
    if (!shared_.await_no_sessions(grace)) {
        // Requests that still wait for a worker are not begun any more.
        for (auto& [tag, listener] : listeners_)
            listener->mark_closed();
        for (auto& thread : threads_)
            run_on(*thread, [&] { thread->close_sessions(); });
        shared_.await_no_sessions(std::nullopt);
    }
    workers_.join();
    for (auto& thread : threads_)
        thread->join();
    listeners_.clear();
}

ServerStatistics Server::Impl::statistics() const {
    return {.connections_open = shared_.connections_open,
            .connections_accepted = shared_.connections_accepted,
            .requests = shared_.requests,
            .refused = shared_.refused,
            .timed_out = shared_.timed_out};
}

Server::Server(const ServerOptions& options, const Clock& clock, Random& random)
    : impl_(std::make_unique<Impl>(options, clock, random)) {}

Server::~Server() {
    stop(Duration::zero());
}

Result<uint16_t>
Server::listen(const std::string& address, uint16_t port, ListenerOptions options) {
    return impl_->listen(address, port, std::move(options));
}

Result<void> Server::adopt_listener(UniqueFd listening_socket, ListenerOptions options) {
    return impl_->adopt(std::move(listening_socket), std::move(options));
}

Result<void> Server::remove_listener(const std::string& tag) {
    return impl_->remove(tag);
}

void Server::stop(Duration grace) {
    impl_->stop(grace);
}

ServerStatistics Server::statistics() const {
    return impl_->statistics();
}

} // namespace pileus::http
