// SPDX-License-Identifier: Apache-2.0
#pragma once

// What most operations read and write alike: text, lists, filters, pages, tags. Templates, because
// each request is a type of its own with the same members.

#include "api/registry.h"
#include "cloud/client_token.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/error_codes.h"
#include "domain/tag.h"

#include <fmt/core.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::api::ec2 {

inline std::string text(std::optional<std::string_view> value) {
    return std::string(value.value_or(""));
}

// A member of a request that has no effect here.
struct Member {
    std::string_view name;
    bool is_asked_for;
};
inline Result<void> refuse_members(std::string_view operation, std::span<const Member> members) {
    for (const auto& member : members)
        if (member.is_asked_for)
            return fail(
                domain::codes::unsupported_operation,
                fmt::format("{}: {} is not supported: leave it out.", operation, member.name));
    return {};
}

template <class List> std::vector<std::string> texts(const List& list) {
    std::vector<std::string> out;
    out.reserve(list.size());
    for (const std::string_view item : list)
        out.emplace_back(item);
    return out;
}

template <class Request> cloud::Filters filters_of(const Request& in) {
    cloud::Filters filters;
    for (const auto filter : in.filters())
        filters.push_back({text(filter.name()), texts(filter.values())});
    return filters;
}

template <class Request> cloud::PageRequest page_of(const Request& in) {
    return {in.max_results(), text(in.next_token())};
}

template <class Request> cloud::ClientToken client_token_of(const Call& call, const Request& in) {
    return {text(in.client_token()), call.parameters_hash};
}

template <class Request>
std::vector<cloud::TagSpecification> tag_specifications_of(const Request& in) {
    std::vector<cloud::TagSpecification> specifications;
    for (const auto specification : in.tag_specifications()) {
        cloud::TagSpecification out{text(specification.resource_type()), {}};
        for (const auto tag : specification.tags())
            out.tags.push_back({text(tag.key()), text(tag.value())});
        specifications.push_back(std::move(out));
    }
    return specifications;
}

// Always rendered, empty as <tagSet/>.
template <class View> void write_tags(const domain::Tags& tags, View& out) {
    out.touch_tags();
    for (const auto& tag : tags)
        out.add_tags().set_key(tag.key).set_value(tag.value);
}

template <class View> void write_next_token(const std::string& token, View& out) {
    if (!token.empty())
        out.set_next_token(token);
}

} // namespace pileus::api::ec2
