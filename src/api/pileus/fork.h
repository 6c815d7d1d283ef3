// SPDX-License-Identifier: Apache-2.0
#pragma once

// ForkInstance: running copies of a running instance.

#include "base/result.h"
#include "cloud/cloud.h"
#include "domain/caller.h"

#include <boost/json/object.hpp>

namespace pileus::api::pileus_service {

// {"instance_id": "i-…", "count": 3, "client_token": "…"} → {"reservation_id", "instances": [{
// "instance_id", "state", "private_ip", "public_ip"}]}
Result<boost::json::object> fork_instance(const domain::Caller& caller,
                                          const boost::json::object& arguments,
                                          cloud::Cloud& cloud);

} // namespace pileus::api::pileus_service
