// SPDX-License-Identifier: Apache-2.0
#include "cloud/filters.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace {
constexpr std::string_view tag_prefix = "tag:";
}

bool is_tag_filter(std::string_view name) {
    return name == "tag-key" || name == "tag-value" || (name.starts_with(tag_prefix) && name.size() > tag_prefix.size());
}

bool any_matches(const Filter& filter, std::string_view value) {
    return std::any_of(filter.values.begin(), filter.values.end(), [&](const std::string& pattern) {
        return wildcard_match(pattern, value);
    });
}

bool tags_match(const Filter& filter, const domain::Tags& tags) {
    const std::string_view name = filter.name;
    return std::any_of(tags.begin(), tags.end(), [&](const domain::Tag& tag) {
        if (name == "tag-key")
            return any_matches(filter, tag.key);
        if (name == "tag-value")
            return any_matches(filter, tag.value);
        return tag.key == name.substr(tag_prefix.size()) && any_matches(filter, tag.value);
    });
}

Result<void> reject_filter(std::string_view name) {
    return fail(domain::codes::invalid_parameter_value, fmt::format("The filter '{}' is invalid", name));
}

} // namespace pileus::cloud
