// SPDX-License-Identifier: Apache-2.0
#pragma once

// Words that snapshots and images share about who may use them beside their owner. Pure functions.

#include "base/result.h"
#include "store/scope.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cloud {

inline constexpr std::string_view everybody = "all"; // as a grantee

namespace public_access {
inline constexpr std::string_view unblocked = "unblocked";
inline constexpr std::string_view block_new_sharing = "block-new-sharing";
inline constexpr std::string_view block_all_sharing = "block-all-sharing";
} // namespace public_access

bool is_account_id(std::string_view text);
// Account ids or one of the words, as DescribeImages and DescribeSnapshots take them;
// InvalidUserID.Malformed.
Result<void> check_users(const std::vector<std::string>& users,
                         std::initializer_list<std::string_view> words);
// Account ids or "all"; the code is the resource's own.
Result<void> check_grantees(const std::vector<std::string>& grantees, const char* code);

// A page of the rows that are wanted, of a table that is read page by page in order of id: shorter
// than the page's limit only at the end. `list` is std::vector<Row>(const store::Page&).
template <class List, class Keep> auto list_wanted(const store::Page& page, List list, Keep keep) {
    decltype(list(page)) wanted;
    store::Page part = page;
    for (;;) {
        auto rows = list(part);
        const bool is_last = static_cast<int>(rows.size()) < part.limit;
        if (!rows.empty())
            part.after_id = rows.back().id;
        for (auto& row : rows) {
            if (static_cast<int>(wanted.size()) == page.limit)
                return wanted;
            if (keep(row))
                wanted.push_back(std::move(row));
        }
        if (is_last || static_cast<int>(wanted.size()) == page.limit)
            return wanted;
    }
}

} // namespace pileus::cloud
