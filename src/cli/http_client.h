// SPDX-License-Identifier: Apache-2.0
#pragma once

// One HTTP/1.1 request at a time over a plain, blocking socket: enough to talk to a daemon on this
// machine, and to nothing else. Any thread; no state.

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pileus::cli {

struct Endpoint {
    std::string host; // "127.0.0.1"
    uint16_t port = 80;

    // "http://127.0.0.1:4566"; a path other than "/" and https are refused with the reason.
    static Result<Endpoint> parse(std::string_view url);
    std::string authority() const; // "127.0.0.1:4566", as the Host header says it
};

struct HttpAnswer {
    int status = 0;
    std::string body;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// Error code "Unavailable": nobody listens there. "Timeout": the answer did not come in time.
Result<HttpAnswer>
post(const Endpoint& endpoint, const HttpHeaders& headers, std::string_view body, Duration timeout);

// The status and the body of a whole response, whose connection was closed after it.
Result<HttpAnswer> parse_answer(std::string_view bytes);

// What a server says first when one connects ("SSH-2.0-…"), up to its first line break; an error
// when it does not listen or says nothing in time.
Result<std::string> read_banner(const std::string& host, uint16_t port, Duration timeout);

} // namespace pileus::cli
