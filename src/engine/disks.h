// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "domain/snapshot.h"
#include "domain/volume.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/volumes/volumes.h"
#include "engine/keyed_locks.h"
#include "store/store.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace pileus::engine {

// What the controllers of volumes, snapshots and instances do alike with volumes and with the
// guests that have them open. Owned by the daemon's root; any thread of the engine, which holds the
// locks of the volumes that it names and of the instances that they are attached to.
//
// The order of locks: instances first, then volumes, each in ascending order of their ids, which is
// one ascending order because "i-" comes before "vol-".
class Disks {
  public:
    Disks(store::Store& store,
          const Clock& clock,
          drivers::Hypervisor& hypervisor,
          drivers::Volumes& volumes,
          std::string host_id)
        : store_(store), clock_(clock), hypervisor_(hypervisor), volumes_(volumes),
          host_id_(std::move(host_id)) {}

    // The locks that are needed to touch these volumes.
    static std::set<std::string> lock_keys(const std::vector<domain::Volume>& volumes);
    // For who holds the instance's already.
    static std::set<std::string> lock_keys_of_volumes(const std::vector<domain::Volume>& volumes);

    // Makes a volume whose row says "creating".
    Result<void> make(const domain::Volume& volume);
    // Ends what a crash left between the two steps of a snapshot: whoever has the volume open is
    // asked how far it came. Before anything else is done with the volume.
    Result<void> settle(const domain::Volume& volume);
    // Settles and opens.
    Result<drivers::DiskChain> open(const domain::Volume& volume);
    // Whether a guest has it open now.
    Result<bool> is_plugged(const domain::Volume& volume);

    // Takes those of these snapshots that have not been taken, at one moment, and notes when. One
    // snapshot a volume. Either all are taken, or none is and the next attempt begins anew.
    Result<void> take(const std::vector<domain::Snapshot>& snapshots);
    // Those that were asked for and not taken yet, of all volumes of an instance whose guest is
    // down.
    Result<void> take_all_of(const std::vector<domain::Volume>& volumes);

    // Snapshots that are about to be taken, whoever knows of them.
    struct Shot {
        std::string snapshot_id;
        domain::Volume volume;
    };
    // Takes these at one moment: `switch_them` lets whoever writes to the volumes go on in the
    // new layers. Either all are taken, or none is.
    using Switch = std::function<Result<void>(const std::vector<drivers::LayerSwitch>&)>;
    Result<void> shoot(const std::vector<Shot>& shots, const Switch& switch_them);

  private:
    Result<std::vector<Shot>> shots_of(const std::vector<domain::Snapshot>& snapshots);
    Result<std::vector<drivers::LayerSwitch>> begin(const std::vector<Shot>& shots);
    Result<void> switch_guests(const std::vector<Shot>& shots,
                               const std::vector<drivers::LayerSwitch>& switches);
    void settle_all(const std::vector<Shot>& shots);
    Result<void> note_taken(const std::vector<domain::Snapshot>& snapshots);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    const std::string host_id_;
};

} // namespace pileus::engine
