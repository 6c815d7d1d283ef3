// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers as EC2 (and STS) write them. What clients rely on is kept here, once: the namespace ends
// in a slash and names the requested version; <requestId> comes first; errors have no namespace and
// a <RequestID>; scalars that are not set do not render; the lists of the operation's own output
// always do. Pure functions; any thread.

#include "base/error.h"
#include "model/record.h"

#include <string>
#include <string_view>

namespace pileus::wire {

inline constexpr std::string_view xml_content_type = "text/xml;charset=UTF-8";

// `output` is the operation's output structure; nullptr when the operation has none (then
// <return>true</return> is written).
std::string write_response(const model::OperationSchema& operation,
                           const model::Record* output,
                           std::string_view version,
                           std::string_view request_id);

// `is_our_fault`: an error of the server (HTTP 5xx); STS tells the two apart in the document, EC2
// by the status alone.
std::string write_error(const model::ServiceSchema& service,
                        const Error& error,
                        std::string_view request_id,
                        bool is_our_fault = false);

// Appends text with the characters that XML gives a meaning replaced. What XML 1.0 cannot carry is
// dropped (control characters) or becomes U+FFFD (bytes that are not UTF-8), so that no value can
// make a response unreadable.
void append_escaped(std::string& out, std::string_view text);

} // namespace pileus::wire
