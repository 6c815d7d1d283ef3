// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpc_work.h"

#include "store/work.h"

namespace pileus::cloud {

void enqueue_vpc(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    store::work::enqueue(tx, "vpc", vpc_id, context.settings.host.host_id, context.clock.now());
}

} // namespace pileus::cloud
