// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where routes lead: what a request names as destination and target, checked as EC2 checks it, and
// what a target that was stored is now. Functions of one transaction.

#include "cloud/route_tables.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// In canonical form: host bits cleared, RFC 5952; or the id of a prefix list of the caller's.
Result<std::string>
find_destination(store::Transaction& tx, const domain::Caller& caller, const RouteRequest& request);

// The one target, as a route keeps it: an instance by its interface. It may stand in `table` and
// take packets to `destination`.
Result<std::string> find_target(store::Transaction& tx,
                                const domain::Caller& caller,
                                const domain::RouteTable& table,
                                const std::string& destination,
                                const RouteRequest& request);

// All blocks of the VPC, the primary one first.
std::vector<std::string> blocks_of(store::Transaction& tx, const std::string& vpc_id);

RouteView
view_route(store::Transaction& tx, const domain::RouteTable& table, const domain::Route& route);

} // namespace pileus::cloud
