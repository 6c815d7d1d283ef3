// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/fork.h"

#include "api/json_service.h"
#include "domain/error_codes.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <limits>

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

Result<int> read_count(const json::object& arguments) {
    const auto* value = arguments.if_contains("count");
    if (value == nullptr)
        return 1;
    if (!value->is_int64() || value->as_int64() < 1 ||
        value->as_int64() > std::numeric_limits<int>::max())
        return fail(domain::codes::invalid_parameter_value,
                    "'count' must be a whole number above 0.");
    return static_cast<int>(value->as_int64());
}

json::object describe(const cloud::InstanceView& view) {
    json::object out{{"instance_id", view.instance.id},
                     {"state", to_string(view.instance.state)},
                     {"private_ip", ""},
                     {"public_ip", ""}};
    if (!view.interfaces.empty()) {
        out["private_ip"] = view.interfaces.front().private_ip;
        out["public_ip"] = view.interfaces.front().public_ip;
    }
    return out;
}

} // namespace

Result<json::object>
fork_instance(const domain::Caller& caller, const json::object& arguments, cloud::Cloud& cloud) {
    cloud::ForkRequest request;
    PILEUS_ASSIGN(request.instance_id, text_argument(arguments, "instance_id"));
    PILEUS_ASSIGN(request.count, read_count(arguments));
    request.client_token = optional_text(arguments, "client_token");
    request.parameters_hash = fmt::format("{} {}", request.instance_id, request.count);
    PILEUS_ASSIGN(const auto reservation, cloud.forks.fork(caller, request));
    json::array instances;
    for (const auto& view : reservation.instances)
        instances.emplace_back(describe(view));
    return json::object{{"reservation_id", reservation.id}, {"instances", std::move(instances)}};
}

} // namespace pileus::api::pileus_service
