// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "meter/books.h"
#include "store/store.h"

#include <boost/json.hpp>
#include <string>

namespace pileus::api::pileus_service {

// What an account owes: today, this month, since the beginning, in the next hour and until the end
// of the month if nothing changes. In all, by instance, for each thing that is charged, and by
// `by`: "instance" (also when it is ""), "type", "service", "usage-type", "region", "account" or
// "tag:KEY". Amounts are decimal; what has no price is named under "unpriced" and is not in the
// sums.
Result<boost::json::object> running_cost(store::Store& store,
                                         meter::Books& books,
                                         const std::string& account_id,
                                         const std::string& by);

} // namespace pileus::api::pileus_service
