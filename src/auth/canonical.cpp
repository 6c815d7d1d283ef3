// SPDX-License-Identifier: Apache-2.0
#include "auth/canonical.h"

#include "auth/limits.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace pileus::auth {

std::optional<std::vector<Parameter>> parse_parameters(std::string_view text) {
    std::vector<Parameter> out;
    while (!text.empty()) {
        const auto item = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        if (item.empty())
            continue;
        const auto equals = item.find('=');
        auto name = percent_decode(item.substr(0, equals), true);
        auto value =
            percent_decode(equals == std::string_view::npos ? "" : item.substr(equals + 1), true);
        if (!name || !value || out.size() == limits::query_parameters)
            return std::nullopt;
        out.push_back({std::move(*name), std::move(*value)});
    }
    return out;
}

const Parameter*
find_parameter(const std::vector<Parameter>& parameters, std::string_view name, bool& repeated) {
    const Parameter* found = nullptr;
    for (const auto& parameter : parameters) {
        if (parameter.name != name)
            continue;
        repeated |= found != nullptr;
        found = &parameter;
    }
    return found;
}

std::string canonical_query(const std::vector<Parameter>& parameters,
                            std::string_view without_name) {
    std::vector<std::pair<std::string, std::string>> encoded;
    encoded.reserve(parameters.size());
    for (const auto& parameter : parameters)
        if (without_name.empty() || parameter.name != without_name)
            encoded.emplace_back(percent_encode(parameter.name), percent_encode(parameter.value));
    std::sort(encoded.begin(), encoded.end());
    std::string out;
    for (const auto& [name, value] : encoded) {
        if (!out.empty())
            out.push_back('&');
        out.append(name).append("=").append(value);
    }
    return out;
}

std::string canonical_path(std::string_view raw_path) {
    if (raw_path == "/" || raw_path.empty())
        return "/";
    std::vector<std::string_view> kept;
    for (const auto segment : split(raw_path, '/')) {
        if (segment.empty() || segment == ".")
            continue;
        if (segment != "..")
            kept.push_back(segment);
        else if (!kept.empty())
            kept.pop_back();
    }
    std::string out;
    for (const auto segment : kept)
        out.append("/").append(percent_encode(segment));
    if (kept.empty() || raw_path.ends_with('/'))
        out.push_back('/');
    return out;
}

namespace {

void append_trimmed(std::string_view value, std::string& out) {
    bool pending_blank = false;
    bool any = false;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            pending_blank = any;
            continue;
        }
        if (pending_blank)
            out.push_back(' ');
        pending_blank = false;
        any = true;
        out.push_back(c);
    }
}

} // namespace

void append_canonical_header(const http::Headers& headers,
                             std::string_view lower_case_name,
                             std::string& out) {
    out.append(lower_case_name).push_back(':');
    bool first = true;
    for (const auto header : headers) {
        if (header.name.size() != lower_case_name.size() ||
            !equals_ignore_case(header.name, lower_case_name))
            continue;
        if (!first)
            out.push_back(',');
        first = false;
        append_trimmed(header.value, out);
    }
    out.push_back('\n');
}

std::string canonical_request(const http::Request& request, const CanonicalParts& parts) {
    std::string out;
    out.reserve(1024);
    out.append(request.method).append("\n");
    out.append(canonical_path(request.path())).append("\n");
    out.append(parts.query).append("\n");
    for (const auto& name : parts.signed_headers)
        append_canonical_header(request.headers, name, out);
    out.append("\n").append(parts.signed_headers_text).append("\n").append(parts.payload_hash);
    return out;
}

} // namespace pileus::auth
