// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "domain/warm_template.h"
#include "drivers/hypervisor/hypervisor.h"
#include "engine/controller.h"
#include "engine/warm_options.h"
#include "engine/warm_uses.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace pileus::engine {

// Looks now and then whether each warm template is still worth what it takes: whether what it was
// made of is still so, whether anybody wants it, how many there are, how much memory they have at
// hand. One work item, which comes back by itself; recovery makes it.
class WarmTemplateKeeper final : public Controller {
  public:
    static constexpr std::string_view work_kind = "warm-templates";
    static constexpr const char* work_id = "all";

    WarmTemplateKeeper(store::Store& store,
                       const Clock& clock,
                       drivers::Hypervisor& hypervisor,
                       WarmUses& uses,
                       WarmOptions options)
        : store_(store), clock_(clock), hypervisor_(hypervisor), uses_(uses),
          options_(std::move(options)) {}
    std::string_view kind() const override { return work_kind; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

    static void enqueue(store::Transaction& tx, const std::string& host_id, Time at);

  private:
    using WarmTemplate = domain::WarmTemplate;

    Result<void> end_those_out_of_place();
    Result<void> end_those_too_many();
    Result<void> cool_those_over_memory();
    // What is to become of it and why; nothing: it stays.
    struct Verdict {
        domain::WarmTemplateState state;
        std::string why;
    };
    std::optional<Verdict>
    judge(store::Transaction& tx, const WarmTemplate& row, const std::string& fingerprint) const;
    void end(store::Transaction& tx, WarmTemplate row, const Verdict& verdict);
    // The one that has not been wanted for the longest time first.
    std::vector<WarmTemplate> ready_by_age();

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    WarmUses& uses_;
    const WarmOptions options_;
};

// Before the engine starts: what a crash left of templates and of starts from them is made due, and
// frozen guests that nobody knows are removed.
Result<void> recover_warm_templates(store::Store& store,
                                    drivers::Hypervisor& hypervisor,
                                    const Clock& clock,
                                    const std::string& host_id);

} // namespace pileus::engine
