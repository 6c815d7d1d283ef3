// SPDX-License-Identifier: Apache-2.0
#pragma once

// EC2's filters: the values of one filter are alternatives, several filters must all match, names
// and values are case-sensitive,
// '*' and '?' are wildcards. Each resource has one table of filter names; a name that is not in it
// is an error. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html

#include "base/result.h"
#include "base/text.h"
#include "domain/error_codes.h"
#include "domain/tag.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cloud {

struct Filter {
    std::string name;
    std::vector<std::string> values;
};
using Filters = std::vector<Filter>;

// Given each value that a resource has under a filter's name; a filter matches when any of them
// matches any of its values.
using Emit = std::function<void(std::string_view)>;

template <class Resource> struct FilterField {
    std::string_view name;
    void (*values)(const Resource& resource, const Emit& emit);
};

// "true" or "false", as filters on booleans are written.
inline std::string_view filter_bool(bool value) {
    return value ? "true" : "false";
}

// For a documented filter on what no resource of Pileus has (yet), and on what none of them is.
template <class Resource> void emit_nothing(const Resource&, const Emit&) {}
template <class Resource> void emit_false(const Resource&, const Emit& emit) {
    emit("false");
}

bool is_tag_filter(std::string_view name); // "tag:<key>", "tag-key", "tag-value"
bool tags_match(const Filter& filter, const domain::Tags& tags);
bool any_matches(const Filter& filter, std::string_view value);
// The filter of that name, when all its values are exact: what it names can be looked up instead of
// searched for.
const Filter* exact_filter(const Filters& filters, std::string_view name);
// Every filter has values, and all together no more than EC2 takes.
Result<void> check_filter_values(const Filters& filters);
Result<void> reject_filter(std::string_view name);

template <class Resource> using FilterTable = std::span<const FilterField<Resource>>;

template <class Resource>
Result<void> check_filters(const Filters& filters,
                           std::type_identity_t<FilterTable<Resource>> table) {
    PILEUS_TRY(check_filter_values(filters));
    for (const auto& filter : filters) {
        const auto known = std::any_of(table.begin(), table.end(), [&](const auto& field) {
            return field.name == filter.name;
        });
        if (!known && !is_tag_filter(filter.name))
            return reject_filter(filter.name);
    }
    return {};
}

// `tags` are the resource's; the filters were checked before.
template <class Resource>
bool matches(const Filters& filters,
             std::type_identity_t<FilterTable<Resource>> table,
             const Resource& resource,
             const domain::Tags& tags) {
    return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
        if (is_tag_filter(filter.name))
            return tags_match(filter, tags);
        bool matched = false;
        for (const auto& field : table)
            if (field.name == filter.name)
                field.values(resource, [&](std::string_view value) {
                    matched = matched || any_matches(filter, value);
                });
        return matched;
    });
}

} // namespace pileus::cloud
