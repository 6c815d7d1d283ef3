// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/built_image.h"

#include "base/file.h"

#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

constexpr size_t manifest_bytes_max = 1024 * 1024;
constexpr int64_t gib = int64_t{1} << 30;

std::string text(const json::object& manifest, std::string_view name) {
    const auto* value = manifest.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

int64_t number(const json::object& manifest, std::string_view name) {
    const auto* value = manifest.if_contains(name);
    return value && value->is_int64() ? value->as_int64() : 0;
}

} // namespace

Result<cloud::BuiltImage> read_built_image(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const auto content, read_file(path, manifest_bytes_max));
    boost::system::error_code error;
    const auto value = json::parse(content, error);
    if (error || !value.is_object())
        return fail(errors::invalid, fmt::format("{} is not a JSON object", path.string()));
    const auto& manifest = value.as_object();
    cloud::BuiltImage build;
    build.recipe = text(manifest, "name");
    build.content_sha256 = text(manifest, "disk_sha256");
    build.description = text(manifest, "description");
    build.architecture = text(manifest, "architecture");
    build.platform_details = text(manifest, "platform_details");
    build.boot_mode = text(manifest, "boot_mode");
    build.root_device_name = text(manifest, "root_device_name");
    build.default_user = text(manifest, "default_user");
    build.size_gib = (number(manifest, "virtual_size_bytes") + gib - 1) / gib;
    build.minimum_memory_mib = number(manifest, "minimum_memory_mib");
    build.guest_agent = text(manifest, "guest_agent");
    if (build.recipe.empty() || build.content_sha256.empty() || build.size_gib <= 0)
        return fail(errors::invalid,
                    fmt::format("{} lacks name, disk_sha256 or virtual_size_bytes", path.string()));
    return build;
}

} // namespace pileus::api::pileus_service
