// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/explain/explain.h"
#include "store/scope.h"
#include "store/store.h"

namespace pileus::engine {

// Everything in the store that decides about the packets of an account in a region: its VPCs, those
// that are peered with them, and what is in them. Reading only, inside one transaction; `egress` is
// the installation's.
drivers::NetworkView
make_network_view(store::Transaction& tx, const store::Scope& scope, bool egress);

} // namespace pileus::engine
