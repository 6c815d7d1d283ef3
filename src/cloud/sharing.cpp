// SPDX-License-Identifier: Apache-2.0
#include "cloud/sharing.h"

#include "domain/error_codes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {
constexpr size_t account_digits = 12;
} // namespace

bool is_account_id(std::string_view text) {
    return text.size() == account_digits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_users(const std::vector<std::string>& users,
                         std::initializer_list<std::string_view> words) {
    for (const auto& user : users)
        if (!is_account_id(user) && std::find(words.begin(), words.end(), user) == words.end())
            return fail(codes::user_id_malformed, fmt::format("Invalid user id: \"{}\"", user));
    return {};
}

Result<void> check_grantees(const std::vector<std::string>& grantees, const char* code) {
    for (const auto& grantee : grantees)
        if (grantee != everybody && !is_account_id(grantee))
            return fail(
                code,
                fmt::format("Invalid attribute item value \"{}\" for userId item type.", grantee));
    return {};
}

} // namespace pileus::cloud
