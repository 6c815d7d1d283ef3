// SPDX-License-Identifier: Apache-2.0
#include "engine/vpcs.h"

#include "store/vpcs.h"

namespace pileus::engine {

Result<Outcome> VpcController::reconcile(const domain::WorkItem& item) {
    const auto& vpc_id = item.resource_id;
    PILEUS_ASSIGN(const bool is_here, network_.is_here(vpc_id));
    if (!is_here) {
        forget(vpc_id);
        return Outcome::done();
    }
    const bool exists = store_.read(
        [&](store::Transaction& tx) { return store::vpcs::find(tx, vpc_id).has_value(); });
    if (exists && network_.is_in_use(vpc_id)) {
        forget(vpc_id);
        PILEUS_TRY(network_.update_vpc(vpc_id));
        return Outcome::done();
    }
    const auto left = unused_since(vpc_id) + kept_unused_ - clock_.monotonic();
    if (exists && left > Duration::zero())
        return Outcome::again(clock_.now() + std::chrono::ceil<Time::duration>(left));
    PILEUS_TRY(network_.remove_unused_vpc(vpc_id));
    forget(vpc_id);
    return Outcome::done();
}

MonotonicTime VpcController::unused_since(const std::string& vpc_id) {
    const std::lock_guard lock(mutex_);
    return unused_.try_emplace(vpc_id, clock_.monotonic()).first->second;
}

void VpcController::forget(const std::string& vpc_id) {
    const std::lock_guard lock(mutex_);
    unused_.erase(vpc_id);
}

} // namespace pileus::engine
