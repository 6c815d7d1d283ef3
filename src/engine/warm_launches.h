// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "domain/instance.h"
#include "domain/volume.h"
#include "domain/warm_template.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/volumes/volumes.h"
#include "engine/warm_options.h"
#include "engine/warm_uses.h"
#include "store/store.h"

#include <algorithm>
#include <optional>
#include <semaphore>
#include <string>

namespace pileus::engine {

// The launch of an instance from a warm template, and the asking for one where there is none yet.
// Only first starts, of images with our agent, whose root volume is the image's. Used by
// GuestStarter, which holds the locks of the instance and of its volumes; any thread.
//
// A root volume that stands on a template's disk is good for that one start only. Its launch is
// noted (domain::WarmLaunch) before it is made and until the start has succeeded; whoever finds the
// note later removes the volume.
class WarmLaunches {
  public:
    WarmLaunches(store::Store& store,
                 const Clock& clock,
                 Random& random,
                 drivers::Hypervisor& hypervisor,
                 drivers::Volumes& volumes,
                 WarmUses& uses,
                 WarmOptions options,
                 int mtu)
        : store_(store), clock_(clock), random_(random), hypervisor_(hypervisor), volumes_(volumes),
          uses_(uses), options_(std::move(options)), mtu_(mtu),
          starts_(std::max(1, options_.starts_at_once)) {}

    struct Attempt {
        domain::WarmTemplate from;
        domain::Volume root;
        WarmUses::Use use;
    };
    // Chooses a template and makes the root volume of its disk; nullopt: the instance boots. What a
    // crash left of an attempt before is settled.
    Result<std::optional<Attempt>> begin(const domain::Instance& instance);
    // True: the guest runs and is who it is. False: nothing is left of the attempt, and it boots.
    Result<bool> finish(const Attempt& attempt,
                        const domain::Instance& instance,
                        const Result<drivers::MachineSpec>& spec);
    bool is_under_way(const std::string& instance_id);
    // Ends an attempt that a crash left, with the volume that was made for it.
    Result<void> abandon(const domain::Instance& instance);
    // After a launch that booted: asks for a template, or says that one is still wanted.
    void note_boot(store::Transaction& tx, const domain::Instance& instance);

  private:
    std::optional<Attempt> choose(store::Transaction& tx,
                                  const domain::Instance& instance,
                                  const std::string& fingerprint);
    Result<void> make_root(const Attempt& attempt);
    Result<void> start_from(const Attempt& attempt,
                            const domain::Instance& instance,
                            const drivers::MachineSpec& spec);
    Result<void> note_success(const Attempt& attempt,
                              const domain::Instance& instance,
                              std::chrono::nanoseconds took);
    Result<void> note_fallback(const Attempt& attempt);

    store::Store& store_;
    const Clock& clock_;
    Random& random_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    WarmUses& uses_;
    const WarmOptions options_;
    const int mtu_;
    std::counting_semaphore<> starts_;
};

} // namespace pileus::engine
