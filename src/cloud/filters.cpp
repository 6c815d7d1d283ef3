// SPDX-License-Identifier: Apache-2.0
#include "cloud/filters.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace {
constexpr std::string_view tag_prefix = "tag:";
constexpr size_t filter_values_max = 200;
} // namespace

bool is_tag_filter(std::string_view name) {
    return name == "tag-key" || name == "tag-value" ||
           (name.starts_with(tag_prefix) && name.size() > tag_prefix.size());
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

const Filter* exact_filter(const Filters& filters, std::string_view name) {
    for (const auto& filter : filters)
        if (filter.name == name &&
            std::none_of(filter.values.begin(), filter.values.end(), has_wildcard))
            return &filter;
    return nullptr;
}

Result<void> check_filter_values(const Filters& filters) {
    size_t count = 0;
    for (const auto& filter : filters) {
        if (filter.name.empty())
            return fail(domain::codes::missing_parameter,
                        "The request must contain the parameter Filter.Name");
        if (filter.values.empty())
            return fail(
                domain::codes::invalid_parameter_value,
                fmt::format("The filter '{}' has no value: give it at least one.", filter.name));
        count += filter.values.size();
    }
    if (count > filter_values_max)
        return fail(
            domain::codes::filter_limit_exceeded,
            fmt::format("The maximum number of filter values specified on a single call is {}",
                        filter_values_max));
    return {};
}

Result<void> reject_filter(std::string_view name) {
    return fail(domain::codes::invalid_parameter_value,
                fmt::format("The filter '{}' is invalid", name));
}

} // namespace pileus::cloud
