// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/controller.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

struct HousekeepingOptions {
    std::string host_id;
    Duration interval = std::chrono::minutes{10};
    Duration terminated_visible = std::chrono::hours{1};
    // https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    Duration tokens_valid = std::chrono::hours{24};
};

// Takes rows out of the store whose time is over: terminated instances whose own work was lost, and
// client tokens. One work item, which comes back by itself; recovery makes it.
class HousekeepingController final : public Controller {
  public:
    static constexpr std::string_view work_kind = "housekeeping";
    static constexpr const char* work_id = "store";

    HousekeepingController(store::Store& store, const Clock& clock, HousekeepingOptions options)
        : store_(store), clock_(clock), options_(std::move(options)) {}
    std::string_view kind() const override { return work_kind; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    store::Store& store_;
    const Clock& clock_;
    const HousekeepingOptions options_;
};

} // namespace pileus::engine
