// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/snapshot.h"
#include "engine/controller.h"
#include "engine/disks.h"
#include "engine/keyed_locks.h"
#include "engine/long_work.h"

#include <optional>
#include <string>

namespace pileus::engine {

struct SnapshotControllerOptions {
    std::string host_id;
    int attempts = 10; // before one is in error
};

// A snapshot: taken (those of a set together), copied, deleted. One that an import makes is the
// import's (disk_tasks.h). Any thread of the engine, one at a time for a given snapshot.
class SnapshotController final : public Controller {
  public:
    SnapshotController(store::Store& store,
                       const Clock& clock,
                       drivers::Volumes& volumes,
                       Disks& disks,
                       KeyedLocks& locks,
                       LongWork& long_work,
                       SnapshotControllerOptions options);
    std::string_view kind() const override { return "snapshot"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    Result<Outcome> make(const domain::Snapshot& row, const domain::WorkItem& item);
    Result<Outcome> take(const domain::Snapshot& row);
    Result<Outcome> copy(const domain::Snapshot& row);
    Result<void> complete(const domain::Snapshot& row);
    Result<void> give_up(const domain::Snapshot& row, const Error& error);
    Result<Outcome> remove(const domain::Snapshot& row);
    bool waits_for_reboot(const domain::Snapshot& row);
    bool is_needed(const domain::Snapshot& row);
    bool note_progress(const std::string& id, int percent);
    std::optional<domain::Snapshot> find(const std::string& id);

    store::Store& store_;
    const Clock& clock_;
    drivers::Volumes& volumes_;
    Disks& disks_;
    KeyedLocks& locks_;
    LongWork& long_work_;
    const SnapshotControllerOptions options_;
};

} // namespace pileus::engine
