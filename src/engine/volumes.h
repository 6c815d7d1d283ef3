// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/instance.h"
#include "domain/volume.h"
#include "engine/controller.h"
#include "engine/disks.h"
#include "engine/keyed_locks.h"

#include <optional>
#include <string>

namespace pileus::engine {

struct VolumeControllerOptions {
    std::string host_id;
    int make_attempts = 5;   // before a volume is in error
    int attach_attempts = 6; // before one that cannot be plugged in is let go
};

// It is nobody's from here on.
void clear_attachment(domain::Volume& row);

// A volume: creating → available, attached and detached, grown and given other limits, deleted.
// What an instance has at its start and at its end is the instance's to do. Any thread of the
// engine, one at a time for a given volume.
class VolumeController final : public Controller {
  public:
    VolumeController(store::Store& store,
                     const Clock& clock,
                     drivers::Hypervisor& hypervisor,
                     drivers::Volumes& volumes,
                     Disks& disks,
                     KeyedLocks& locks,
                     VolumeControllerOptions options);
    std::string_view kind() const override { return "volume"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    Result<Outcome> make(const domain::Volume& row, const domain::WorkItem& item);
    Result<Outcome> follow_attachment(const domain::Volume& row, const domain::WorkItem& item);
    Result<Outcome> attach(const domain::Volume& row, const domain::WorkItem& item);
    Result<Outcome> give_up_attaching(const domain::Volume& row, const Error& error);
    Result<Outcome> detach(const domain::Volume& row, const domain::Instance& instance);
    Result<Outcome> remove(const domain::Volume& row);
    Result<void> modify(const domain::Volume& row);

    std::optional<domain::Volume> find(const std::string& id);
    // Changes the row if it still is where the step saw it: same state, same attachment.
    template <class Change> Result<void> change(const domain::Volume& seen, Change change);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    Disks& disks_;
    KeyedLocks& locks_;
    const VolumeControllerOptions options_;
};

} // namespace pileus::engine
