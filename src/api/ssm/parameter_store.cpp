// SPDX-License-Identifier: Apache-2.0
#include "api/ssm/parameter_store.h"

#include "api/json_service.h"
#include "domain/error_codes.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::api::ssm {

namespace json = boost::json;

namespace {

constexpr size_t names_max = 10;
constexpr const char* not_found = "ParameterNotFound";
constexpr const char* invalid = "ValidationException";

// Of a public parameter: it belongs to no account.
std::string arn_prefix(const domain::Caller& caller) {
    return fmt::format("arn:aws:ssm:{}::parameter", caller.region);
}

// By its name or by its ARN.
std::string plain_name(const domain::Caller& caller, std::string name) {
    const auto prefix = arn_prefix(caller);
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

json::object write(const domain::Caller& caller, const cloud::PublicParameter& parameter) {
    const auto seconds = std::chrono::duration<double>(parameter.changed_at.time_since_epoch());
    return {{"ARN", arn_prefix(caller) + parameter.name},
            {"DataType", "aws:ec2:image"},
            {"LastModifiedDate", seconds.count()},
            {"Name", parameter.name},
            {"Type", "String"},
            {"Value", parameter.value},
            {"Version", parameter.version}};
}

Result<std::vector<std::string>> names_of(const json::object& arguments) {
    const auto* value = arguments.if_contains("Names");
    if (!value || !value->is_array() || value->as_array().empty() ||
        value->as_array().size() > names_max)
        return fail(invalid, fmt::format("'Names' must be a list of 1 to {} names.", names_max));
    std::vector<std::string> names;
    for (const auto& name : value->as_array()) {
        if (!name.is_string())
            return fail(invalid, "'Names' must be a list of texts.");
        names.emplace_back(name.as_string());
    }
    return names;
}

} // namespace

http::Response ParameterStore::handle(const domain::Caller& caller, const http::Request& request) {
    return answer_json(
        request, "AmazonSSM", [&](std::string_view operation, const Arguments& arguments) {
            return run(caller, operation, arguments);
        });
}

Result<json::object> ParameterStore::run(const domain::Caller& caller,
                                         std::string_view operation,
                                         const Arguments& arguments) {
    if (operation == "GetParameter")
        return get(caller, arguments);
    if (operation == "GetParameters")
        return get_many(caller, arguments);
    if (operation == "GetParametersByPath")
        return get_by_path(caller, arguments);
    return fail(domain::codes::unsupported_operation,
                fmt::format("The operation AmazonSSM.{} is not supported by Pileus: it has the "
                            "public parameters of images, to be read with GetParameter, "
                            "GetParameters and GetParametersByPath.",
                            operation));
}

Result<json::object> ParameterStore::get(const domain::Caller& caller, const Arguments& arguments) {
    const auto name = optional_text(arguments, "Name");
    if (name.empty())
        return fail(invalid, "'Name' must be the name of a parameter.");
    const auto parameter = cloud_.public_parameters.find(caller, plain_name(caller, name));
    if (!parameter)
        return fail(not_found,
                    fmt::format("There is no parameter '{}': this installation has not built such "
                                "an image.",
                                name));
    return json::object{{"Parameter", write(caller, *parameter)}};
}

Result<json::object> ParameterStore::get_many(const domain::Caller& caller,
                                              const Arguments& arguments) {
    PILEUS_ASSIGN(const auto names, names_of(arguments));
    json::array found, missing;
    std::set<std::string> seen;
    for (const auto& name : names) {
        if (!seen.insert(name).second)
            return fail(invalid, fmt::format("The name '{}' is given twice.", name));
        if (const auto parameter = cloud_.public_parameters.find(caller, plain_name(caller, name)))
            found.emplace_back(write(caller, *parameter));
        else
            missing.emplace_back(name);
    }
    return json::object{{"Parameters", std::move(found)},
                        {"InvalidParameters", std::move(missing)}};
}

Result<json::object> ParameterStore::get_by_path(const domain::Caller& caller,
                                                 const Arguments& arguments) {
    const auto* recursive = arguments.if_contains("Recursive");
    const auto* filters = arguments.if_contains("ParameterFilters");
    if (filters && filters->is_array() && !filters->as_array().empty())
        return fail(domain::codes::unsupported_operation,
                    "GetParametersByPath: ParameterFilters are not supported: leave them out.");
    cloud::PublicParameterQuery query;
    query.path = plain_name(caller, optional_text(arguments, "Path"));
    query.recursive = recursive && recursive->is_bool() && recursive->as_bool();
    query.page.next_token = optional_text(arguments, "NextToken");
    if (const auto* limit = arguments.if_contains("MaxResults"); limit && limit->is_int64())
        query.page.max_results =
            static_cast<int>(std::clamp<int64_t>(limit->as_int64(), -1, INT32_MAX));
    if (!query.path.starts_with('/'))
        return fail(invalid, "'Path' must begin with '/'.");
    PILEUS_ASSIGN(const auto listing, cloud_.public_parameters.list(caller, query));
    json::array parameters;
    for (const auto& parameter : listing.items)
        parameters.emplace_back(write(caller, parameter));
    json::object answer{{"Parameters", std::move(parameters)}};
    if (!listing.next_token.empty())
        answer["NextToken"] = listing.next_token;
    return answer;
}

} // namespace pileus::api::ssm
