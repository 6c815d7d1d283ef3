// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the services that speak JSON 1.1 have in common: POST /, `X-Amz-Target:
// <Service>.<Operation>`, a JSON object in, a JSON object or {"__type", "message"} out. Pure
// functions.

#include "base/result.h"
#include "http/message.h"

#include <boost/json/object.hpp>
#include <functional>
#include <string_view>

namespace pileus::api {

// What an operation answers.
using JsonOperation = std::function<Result<boost::json::object>(
    std::string_view operation, const boost::json::object& arguments)>;

// Reads the target and the body, and writes what `run` answers. `service` is what stands before the
// dot of the target: "AmazonSSM".
http::Response
answer_json(const http::Request& request, std::string_view service, const JsonOperation& run);

// MissingParameter when it is not there, or is no text.
Result<std::string> text_argument(const boost::json::object& arguments, std::string_view name);
// "" when it is not there.
std::string optional_text(const boost::json::object& arguments, std::string_view name);

} // namespace pileus::api
