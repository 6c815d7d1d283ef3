// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rows of peering connections say by now, and to whom. Pure but for the views, which read
// in one transaction.

#include "cloud/vpc_peering_connections.h"

namespace pileus::cloud {

bool is_requester(const domain::VpcPeeringConnection& peering, const domain::Caller& caller);
bool is_accepter(const domain::VpcPeeringConnection& peering, const domain::Caller& caller);

// What it is by now: nobody need have looked when a request expired.
domain::VpcPeeringConnection settled(domain::VpcPeeringConnection peering, Time now);
// What ended is shown for some hours.
bool is_visible(const domain::VpcPeeringConnection& peering, Time now);

// The caller's, of either side, settled; InvalidVpcPeeringConnectionID.NotFound and its kin.
Result<domain::VpcPeeringConnection> find_peering(store::Transaction& tx,
                                                  const Context& context,
                                                  const domain::Caller& caller,
                                                  const std::string& id);
PeeringView view_peering(store::Transaction& tx,
                         const domain::Caller& caller,
                         const domain::VpcPeeringConnection& peering);

} // namespace pileus::cloud
