// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/instance.h"
#include "drivers/hypervisor/hypervisor.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

// The steps of an instance's life that keep its guest's memory through a stop. Called by the
// instances' controller, which holds the instance's lock; the row and the hypervisor's files say
// all that is known.
class Hibernations {
  public:
    Hibernations(store::Store& store,
                 const Clock& clock,
                 drivers::Hypervisor& hypervisor,
                 Duration stop_timeout)
        : store_(store), clock_(clock), hypervisor_(hypervisor), stop_timeout_(stop_timeout) {}

    // Of an instance that stops to hibernate. True: its memory is kept and its guest is gone.
    // False: that could not be done; the row says why, and it shuts down as at any other stop.
    Result<bool> save(const domain::Instance& instance);
    // Starts a guest. True: it hibernated, and goes on where it was. False: it boots.
    Result<bool> start(const domain::Instance& instance, const drivers::MachineSpec& spec);

  private:
    Result<void> note_failure(const domain::Instance& instance, const Error& error);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    const Duration stop_timeout_; // of the guest that shuts down instead
};

} // namespace pileus::engine
