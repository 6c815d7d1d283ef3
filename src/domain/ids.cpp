// SPDX-License-Identifier: Apache-2.0
#include "domain/ids.h"

#include <algorithm>

namespace pileus::domain {

std::string new_id(Random& random, std::string_view prefix) {
    return std::string(prefix) + random.hex(17);
}

bool is_well_formed_id(std::string_view prefix, std::string_view text) {
    if (!text.starts_with(prefix))
        return false;
    const auto digits = text.substr(prefix.size());
    if (digits.size() != 8 && digits.size() != 17)
        return false;
    return std::all_of(digits.begin(), digits.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

} // namespace pileus::domain
