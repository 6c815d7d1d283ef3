// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists of what no installation has: they are empty, and truly so, because what would fill them is
// refused. The request is checked all the same.

#include "api/ec2/convert.h"
#include "cloud/context.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace pileus::api::ec2 {

inline Result<void> check_empty_list(const Call& call,
                                     const cloud::Filters& filters,
                                     std::initializer_list<std::string_view> known) {
    PILEUS_TRY(cloud::check_filter_values(filters));
    for (const auto& filter : filters)
        if (!cloud::is_tag_filter(filter.name) &&
            std::find(known.begin(), known.end(), filter.name) == known.end())
            return cloud::reject_filter(filter.name);
    return cloud::end_if_dry_run(call.caller);
}

} // namespace pileus::api::ec2
