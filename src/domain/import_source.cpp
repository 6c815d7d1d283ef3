// SPDX-License-Identifier: Apache-2.0
#include "domain/import_source.h"

#include <algorithm>

namespace pileus::domain {

namespace {

constexpr size_t url_bytes_max = 2048;

bool is_plain(std::string_view url) {
    static constexpr std::string_view treacherous = "\\\"'<>@%";
    return url.size() <= url_bytes_max && url.find("..") == std::string_view::npos &&
           std::all_of(url.begin(), url.end(), [](char c) {
               return c > ' ' && c < 0x7f && treacherous.find(c) == std::string_view::npos;
           });
}

bool is_below(std::string_view url, std::string_view prefix) {
    return !prefix.empty() && url.starts_with(prefix) &&
           (prefix.ends_with('/') || url.substr(prefix.size()).starts_with('/'));
}

} // namespace

bool is_url(std::string_view source) {
    return source.find("://") != std::string_view::npos;
}

bool is_allowed_url(std::string_view url, const std::vector<std::string>& prefixes) {
    const bool is_web = url.starts_with("http://") || url.starts_with("https://");
    return is_web && is_plain(url) &&
           std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
               return is_below(url, prefix);
           });
}

} // namespace pileus::domain
