// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "domain/fork.h"
#include "domain/instance.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/volumes/volumes.h"
#include "engine/controller.h"
#include "engine/disks.h"
#include "engine/keyed_locks.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::engine {

// What the start of an instance needs to know of the copy that it starts from. Called by the
// instances' controller, which holds the instance's lock; everything is in the rows.
class Forks {
  public:
    Forks(store::Store& store, Random& random, drivers::Hypervisor& hypervisor, int mtu)
        : store_(store), random_(random), hypervisor_(hypervisor), mtu_(mtu) {}

    // Later starts boot, as those of any instance.
    static bool starts_from_copy(const domain::Instance& instance) {
        return instance.is_launching() && !instance.fork_id.empty();
    }
    // Whether the copy is there. An error: there will never be one.
    Result<bool> is_ready(const domain::Instance& instance);
    // What this volume of such an instance is made of: a snapshot that only the driver knows.
    Result<std::string> snapshot_of(const domain::Volume& volume);
    Result<void> start(const domain::Instance& instance, const drivers::MachineSpec& spec);

  private:
    Result<domain::Fork> find(const std::string& fork_id);

    store::Store& store_;
    Random& random_;
    drivers::Hypervisor& hypervisor_;
    const int mtu_;
};

struct ForkControllerOptions {
    std::string host_id;
    int attempts = 3;
};

// Copies a running instance, memory and volumes of one moment; lets the instances start that are to
// be made of the copy, and takes it away when they have. Any thread of the engine.
class ForkController final : public Controller {
  public:
    ForkController(store::Store& store,
                   const Clock& clock,
                   drivers::Hypervisor& hypervisor,
                   drivers::Volumes& volumes,
                   Disks& disks,
                   KeyedLocks& locks,
                   ForkControllerOptions options)
        : store_(store), clock_(clock), hypervisor_(hypervisor), volumes_(volumes), disks_(disks),
          locks_(locks), options_(std::move(options)) {}

    std::string_view kind() const override { return "fork"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    // The source as it is now.
    struct Source {
        std::optional<domain::Instance> instance;
        std::vector<domain::Volume> volumes; // of the fork's disks, in their order
    };
    Source look(const domain::Fork& fork, const std::vector<domain::ForkDisk>& disks);
    Result<Outcome> copy(const domain::Fork& fork, const domain::WorkItem& item);
    Result<void> copy_now(const domain::Fork& fork,
                          const std::vector<domain::ForkDisk>& disks,
                          const Source& source);
    Result<bool> is_copied(const domain::Fork& fork, const std::vector<domain::ForkDisk>& disks);
    Result<void> discard(const domain::Fork& fork, const std::vector<domain::ForkDisk>& disks);
    Result<void> note(const domain::Fork& fork, domain::ForkState state, const std::string& why);
    Result<Outcome> finish(const domain::Fork& fork);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    Disks& disks_;
    KeyedLocks& locks_;
    const ForkControllerOptions options_;
};

} // namespace pileus::engine
