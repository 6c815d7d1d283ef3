// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "domain/warm_template.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/volumes/volumes.h"
#include "engine/controller.h"
#include "engine/keyed_locks.h"
#include "engine/warm_options.h"
#include "engine/warm_uses.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

// Makes one warm template, step by step, and takes it away: wanted → starting → booting → freezing
// → ready, stale → wanted, removing → gone. Any thread of the engine, one at a time for a given
// template; each step may be repeated after a crash. One is made at a time on a host.
class WarmTemplateController final : public Controller {
  public:
    static constexpr std::string_view work_kind = "warm-template";

    WarmTemplateController(store::Store& store,
                           const Clock& clock,
                           Random& random,
                           const catalog::Catalog& catalog,
                           drivers::Hypervisor& hypervisor,
                           drivers::Volumes& volumes,
                           KeyedLocks& locks,
                           WarmUses& uses,
                           WarmOptions options)
        : store_(store), clock_(clock), random_(random), catalog_(catalog), hypervisor_(hypervisor),
          volumes_(volumes), locks_(locks), uses_(uses), options_(std::move(options)) {}

    std::string_view kind() const override { return work_kind; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    using WarmTemplate = domain::WarmTemplate;

    Result<Outcome> step(const WarmTemplate& row);
    Result<Outcome> wait_for_room(WarmTemplate row);
    Result<Outcome> start(WarmTemplate row);
    Result<Outcome> watch_boot(WarmTemplate row);
    Result<Outcome> freeze(WarmTemplate row);
    Result<Outcome> make_again(WarmTemplate row);
    Result<Outcome> remove(const WarmTemplate& row);

    bool has_room(const WarmTemplate& row, int64_t memory_bytes) const;
    bool is_another_being_made(const std::string& id);
    Result<drivers::MachineSpec> machine_spec(const WarmTemplate& row);
    Result<drivers::FrozenGuest> frozen_guest(const WarmTemplate& row);
    Result<void> keep_disk(const WarmTemplate& row);
    // Everything of it on this machine.
    Result<void> discard(const WarmTemplate& row);
    Result<void> give_up_attempt(WarmTemplate row, const Error& error);
    Result<void> enter(WarmTemplate& row, domain::WarmTemplateState state);
    Result<void> save(const WarmTemplate& row);

    store::Store& store_;
    const Clock& clock_;
    Random& random_;
    const catalog::Catalog& catalog_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    KeyedLocks& locks_;
    WarmUses& uses_;
    const WarmOptions options_;
};

} // namespace pileus::engine
