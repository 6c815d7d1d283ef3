// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "cloud/cloud.h"
#include "domain/caller.h"
#include "drivers/network/explain/explain.h"

#include <boost/json/object.hpp>

namespace pileus::api::pileus_service {

// ExplainPacket: {"from": …, "to": …, "protocol": "tcp", "port": 443}, where an end is the id of an
// instance or an interface, an address, or "outside". Answers with the verdict and its hops.
Result<boost::json::object> explain_packet(const domain::Caller& caller,
                                           const boost::json::object& arguments,
                                           cloud::Cloud& cloud,
                                           const drivers::NetworkView& view);

} // namespace pileus::api::pileus_service
