// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "meter/price_list.h"
#include "store/store.h"

#include <boost/json.hpp>
#include <string>

namespace pileus::api::pileus_service {

// The running totals of an account, by instance: a replay of its ledger until now. Amounts are
// decimal dollars; what has no price is named under "unpriced" and is not in the sums.
boost::json::object running_cost(store::Store& store,
                                 const meter::PriceList& prices,
                                 const std::string& account_id,
                                 Time now);

} // namespace pileus::api::pileus_service
