// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/import_image.h"

#include "api/json_service.h"
#include "domain/error_codes.h"

#include <algorithm>
#include <boost/json.hpp>

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

constexpr size_t user_chars_max = 32;

// It comes to stand in command lines of ssh.
bool is_user_name(std::string_view text) {
    return text.size() <= user_chars_max && !text.starts_with('-') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

} // namespace

Result<json::object>
import_image(const domain::Caller& caller, const json::object& arguments, cloud::Cloud& cloud) {
    const auto file = optional_text(arguments, "file");
    const auto url = optional_text(arguments, "url");
    if (file.empty() == url.empty())
        return fail(domain::codes::invalid_parameter_combination,
                    "Give one of 'file', a name in the import folder, and 'url'.");
    cloud::ImageImport request;
    request.disk.source = file.empty() ? url : file;
    request.disk.format = optional_text(arguments, "format");
    request.disk.description = optional_text(arguments, "description");
    request.name = optional_text(arguments, "name");
    request.boot_mode = optional_text(arguments, "boot_mode");
    request.default_user = optional_text(arguments, "default_user");
    if (const auto architecture = optional_text(arguments, "architecture"); !architecture.empty())
        request.architecture = architecture;
    if (!is_user_name(request.default_user))
        return fail(domain::codes::invalid_parameter_value,
                    "'default_user' must be the name of a user: small letters, digits, '-', '_'.");
    PILEUS_ASSIGN(const auto view, cloud.disk_tasks.import_image(caller, request));
    return json::object{{"task_id", view.task.id},
                        {"image_id", view.task.image_id},
                        {"snapshot_id", view.task.snapshot_id}};
}

} // namespace pileus::api::pileus_service
