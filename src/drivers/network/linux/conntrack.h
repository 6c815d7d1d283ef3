// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"
#include "drivers/network/linux/netlink.h"

namespace pileus::drivers {

// Forgets the connections of the calling thread's network namespace that an address takes part in,
// so that the next owner of the address does not inherit them. Its
// cost grows with the connections of one VPC; it is called when an interface or a public address
// goes away.
Result<void> forget_connections(const IpAddress& address);

} // namespace pileus::drivers
