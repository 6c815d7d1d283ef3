// SPDX-License-Identifier: Apache-2.0
#pragma once

// The status line and headers of a response, as bytes. Pure functions.

#include "base/clock.h"
#include "http/message.h"

#include <string>
#include <string_view>

namespace pileus::http {

struct ResponseFraming {
    std::string_view date; // "Tue, 15 Nov 1994 08:12:31 GMT"
    bool close = false;
    bool http10 = false; // the client must be told that the connection stays open
};

// Replaces `out`. Control characters in header values become blanks: no value can begin a header of
// its own.
void write_response_head(const Response& response,
                         const ResponseFraming& framing,
                         std::string& out);

// False for statuses that never carry a body (1xx, 204, 304).
bool may_have_body(int status);

std::string format_http_date(Time time);

} // namespace pileus::http
