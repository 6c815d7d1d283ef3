// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every bound of the HTTP server, by name. Limits holds what a listener may set differently; the
// defaults are these constants.

#include "base/clock.h"

#include <cstddef>

namespace pileus::http {

namespace limits {
inline constexpr size_t header_bytes = 64 * 1024; // request line and headers together; above: 431
inline constexpr size_t header_count = 128;       // above: 431
inline constexpr size_t body_bytes = 16 * 1024 * 1024; // above: 413
inline constexpr size_t chunk_header_bytes =
    4 * 1024; // one chunk-size line with its extensions, or one trailer; above: 400
inline constexpr size_t requests_per_connection = 100'000;
inline constexpr Duration header_time =
    std::chrono::seconds{10}; // from the first byte of a request to its last header
inline constexpr Duration body_time = std::chrono::seconds{60};
inline constexpr Duration idle_time =
    std::chrono::seconds{75}; // between two requests on a connection
inline constexpr Duration handshake_time = std::chrono::seconds{10};
inline constexpr Duration write_time =
    std::chrono::seconds{30}; // for one response, plus a second for each …
inline constexpr size_t write_bytes_per_second = 64 * 1024; // … of these bytes
inline constexpr Duration linger_time =
    std::chrono::seconds{2}; // to read what a refused client still sends
inline constexpr Duration sweep_period =
    std::chrono::milliseconds{200};                      // how often deadlines are looked at
inline constexpr size_t connections = 4096;              // of the whole server; above: 503
inline constexpr size_t connections_per_listener = 4096; // above: 503
inline constexpr size_t buffered_body_bytes =
    256 * 1024 * 1024;                          // all bodies that are being held; above: 503
inline constexpr size_t queued_requests = 4096; // waiting for a worker; above: 503
inline constexpr size_t workers = 16;
inline constexpr size_t kept_buffer_bytes =
    64 * 1024; // an idle connection gives back what is larger
} // namespace limits

struct Limits {
    size_t header_bytes = limits::header_bytes;
    size_t header_count = limits::header_count;
    size_t body_bytes = limits::body_bytes;
    size_t requests_per_connection = limits::requests_per_connection;
    size_t connections = limits::connections_per_listener;
    Duration header_time = limits::header_time;
    Duration body_time = limits::body_time;
    Duration idle_time = limits::idle_time;
    Duration write_time = limits::write_time;
};

} // namespace pileus::http
