// SPDX-License-Identifier: Apache-2.0
#pragma once

// For table files only: a page that is put together from several indexes.

#include <map>
#include <string>
#include <vector>

namespace pileus::store {

template <class T> std::vector<T> first_rows(std::map<std::string, T> by_id, int limit) {
    std::vector<T> rows;
    for (auto& [id, row] : by_id) {
        if (static_cast<int>(rows.size()) == limit)
            break;
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace pileus::store
