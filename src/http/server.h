// SPDX-License-Identifier: Apache-2.0
#pragma once

// The HTTP/1.1 server: owns its io threads, its worker threads and its listeners. Handlers are
// plain blocking functions that run on the bounded worker pool (503 when it is full). Listeners
// come and go while it runs: the metadata service adopts a listening socket for each VPC. listen(),
// adopt_listener(), remove_listener() and stop() may be called from any thread that is not running
// one of its handlers. Nothing survives a restart.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "http/limits.h"
#include "http/message.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::http {

// Called by many threads at once. An exception becomes a 500 through the failure renderer.
using Handler = std::function<Response(const Request&)>;

// A request that never reached a handler, or whose handler threw.
struct Failure {
    int status;               // 400, 408, 413, 417, 431, 500, 501, 503, 505
    std::string_view message; // what was wrong, for the client
    std::string_view request_id;
};
// Writes the error body in the protocol of the listener. Without one: a line of text.
using FailureRenderer = std::function<Response(const Failure&)>;

struct TlsFiles {
    std::string certificate_chain_path; // PEM
    std::string private_key_path;       // PEM
};

enum class RunOn {
    WorkerPool,
    IoThread, // for handlers that never block: saves two thread switches, holds up the thread's
              // other connections
};

struct ListenerOptions {
    std::string
        tag; // unique among the server's listeners; given to handlers in Request::listener_tag
    Handler handler;
    FailureRenderer render_failure;
    RunOn run_on = RunOn::WorkerPool;
    Limits limits;
    std::optional<TlsFiles> tls;
};

struct ServerOptions {
    size_t io_threads = 1;
    size_t workers = limits::workers;
    size_t queued_requests = limits::queued_requests;
    size_t connections = limits::connections;
    size_t buffered_body_bytes = limits::buffered_body_bytes;
};

struct ServerStatistics {
    uint64_t connections_open = 0;
    uint64_t connections_accepted = 0;
    uint64_t requests = 0;  // that reached a handler
    uint64_t refused = 0;   // answered by the server itself: malformed, over a limit, overloaded
    uint64_t timed_out = 0; // connections cut off by a deadline
};

class Server {
  public:
    Server(const ServerOptions& options, const Clock& clock, Random& random);
    ~Server(); // stop() without grace
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Binds and serves. `address` is a numeric IPv4 or IPv6 address; port 0 takes a free one.
    // Returns the bound port.
    Result<uint16_t> listen(const std::string& address, uint16_t port, ListenerOptions options);

    // Serves a socket that is bound and listening already, for example in another network
    // namespace.
    Result<void> adopt_listener(UniqueFd listening_socket, ListenerOptions options);

    // Closes the listener and its connections, and returns when none of its handlers runs any more:
    // what the handler refers to may then be destroyed. NotFound when there is no such tag.
    Result<void> remove_listener(const std::string& tag);

    // Accepts nothing more, closes idle connections, lets running requests finish for at most
    // `grace`, then ends all threads.
    void stop(Duration grace);

    ServerStatistics statistics() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace pileus::http
