// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "domain/instance.h"
#include "drivers/hypervisor/guest_identity.h"
#include "store/store.h"

namespace pileus::engine {

// Who a frozen guest is to become, of the instance's rows: what a guest that boots learns from DHCP
// and the metadata service, and what it makes for itself. The keys and numbers of the latter are
// new in every call.
Result<drivers::GuestIdentity> make_guest_identity(store::Transaction& tx,
                                                   const domain::Instance& instance,
                                                   Random& random,
                                                   int mtu);

} // namespace pileus::engine
