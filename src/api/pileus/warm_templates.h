// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "store/store.h"

#include <boost/json.hpp>
#include <string>

namespace pileus::api::pileus_service {

// The warm templates that launches of the account are served from, those of everybody among them:
// what they take and what they save.
boost::json::object list_warm_templates(store::Store& store,
                                        const std::string& host_id,
                                        const std::string& account_id,
                                        Time now);

// Their sums, for GetStatus.
boost::json::object count_warm_templates(store::Store& store,
                                         const std::string& host_id,
                                         const std::string& account_id);

} // namespace pileus::api::pileus_service
