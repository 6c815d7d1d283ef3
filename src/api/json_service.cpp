// SPDX-License-Identifier: Apache-2.0
#include "api/json_service.h"

#include "api/http_status.h"
#include "domain/error_codes.h"

#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::api {

namespace json = boost::json;

namespace {

constexpr std::string_view content_type = "application/x-amz-json-1.1";
constexpr size_t body_depth_max = 16;

Result<json::object> parse_body(const std::string& body) {
    json::parse_options options;
    options.max_depth = body_depth_max;
    boost::system::error_code error;
    auto value = json::parse(body.empty() ? "{}" : body, error, {}, options);
    if (error || !value.is_object())
        return fail("SerializationException", "The body must be a JSON object.");
    return std::move(value.as_object());
}

Result<json::object>
answer(const http::Request& request, std::string_view service, const JsonOperation& run) {
    const auto target = request.header("X-Amz-Target").value_or("");
    if (!target.starts_with(service) || target.size() <= service.size() ||
        target[service.size()] != '.')
        return fail("UnknownOperationException",
                    fmt::format("The header X-Amz-Target must name {}.<Operation>.", service));
    PILEUS_ASSIGN(const auto arguments, parse_body(request.body));
    return run(target.substr(service.size() + 1), arguments);
}

} // namespace

http::Response
answer_json(const http::Request& request, std::string_view service, const JsonOperation& run) {
    const auto answered = answer(request, service, run);
    if (answered)
        return http::make_response(200, content_type, json::serialize(*answered));
    const auto& error = answered.error();
    const json::object body{{"__type", error.code}, {"message", error.message}};
    return http::make_response(http_status(error.code), content_type, json::serialize(body));
}

Result<std::string> text_argument(const json::object& arguments, std::string_view name) {
    const auto* value = arguments.if_contains(name);
    if (!value || !value->is_string())
        return fail(domain::codes::missing_parameter,
                    fmt::format("The request must contain the text '{}'.", name));
    return std::string(value->as_string());
}

std::string optional_text(const json::object& arguments, std::string_view name) {
    const auto* value = arguments.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

} // namespace pileus::api
