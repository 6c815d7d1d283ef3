// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/explain.h"

#include "drivers/network/explain/walk.h"

namespace pileus::drivers {

const Hop* Explanation::stop() const {
    return hops.empty() || hops.back().passes ? nullptr : &hops.back();
}

Explanation explain(const NetworkView& view, const Packet& packet) {
    return Walk(view).take(packet);
}

} // namespace pileus::drivers
