// SPDX-License-Identifier: Apache-2.0
#include "cloud/prefix_list_entries.h"

#include <fmt/core.h>
#include <map>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr size_t changes_max = 100; // of each sort in one request
constexpr size_t description_chars_max = 255;

Result<std::string> canonical(const std::string& text, bool want_ipv6) {
    const auto cidr = parse_cidr(text);
    if (!cidr || text.find('/') == std::string::npos)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The CIDR {} is invalid: expected a block such as {}.",
                                text,
                                want_ipv6 ? "2001:db8::/32" : "203.0.113.0/24"));
    if (is_ipv6(*cidr) != want_ipv6)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The CIDR {} is not of the prefix list's address family, {}.",
                                text,
                                want_ipv6 ? "IPv6" : "IPv4"));
    return to_string(*cidr);
}

Result<void> check_count(size_t count, const char* parameter) {
    if (count > changes_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("{} entries in {}: at most {} can be given in one request.",
                                count,
                                parameter,
                                changes_max));
    return {};
}

tl::unexpected<Error> named_twice(const std::string& cidr) {
    return fail(codes::invalid_parameter_value,
                fmt::format("The CIDR {} is named twice in the request.", cidr));
}

} // namespace

Error too_many_entries(int max_entries) {
    return {codes::prefix_list_max_entries_exceeded,
            fmt::format("You've reached the maximum number of entries for the prefix list: {}.",
                        max_entries)};
}

Result<std::vector<PrefixListAddition>>
changed_entries(const std::vector<PrefixListAddition>& present,
                const std::vector<PrefixListAddition>& additions,
                const std::vector<std::string>& removals,
                bool is_ipv6,
                int max_entries) {
    PILEUS_TRY(check_count(additions.size(), "AddEntry"));
    PILEUS_TRY(check_count(removals.size(), "RemoveEntry"));
    std::map<std::string, std::string> entries; // descriptions by block
    for (const auto& entry : present)
        entries.emplace(entry.cidr, entry.description);
    std::set<std::string> named;
    for (const auto& removal : removals) {
        PILEUS_ASSIGN(const auto cidr, canonical(removal, is_ipv6));
        if (!named.insert(cidr).second)
            return named_twice(cidr);
        if (entries.erase(cidr) == 0)
            return fail(codes::invalid_parameter_value,
                        fmt::format("The CIDR {} is not in the prefix list.", cidr));
    }
    for (const auto& addition : additions) {
        PILEUS_ASSIGN(const auto cidr, canonical(addition.cidr, is_ipv6));
        if (!named.insert(cidr).second)
            return named_twice(cidr);
        if (addition.description.size() > description_chars_max)
            return fail(
                codes::invalid_parameter_value,
                fmt::format("A description has at most {} characters.", description_chars_max));
        entries[cidr] = addition.description;
    }
    if (entries.size() > static_cast<size_t>(max_entries))
        return fail(too_many_entries(max_entries));
    std::vector<PrefixListAddition> result;
    for (auto& [cidr, description] : entries)
        result.push_back({cidr, std::move(description)});
    return result;
}

} // namespace pileus::cloud
