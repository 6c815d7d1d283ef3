// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/controller.h"
#include "engine/disks.h"
#include "engine/keyed_locks.h"
#include "engine/long_work.h"

#include <atomic>
#include <string>

namespace pileus::engine {

// Joins layers that nobody needs apart, one step at a time, and tells the guests that read them.
// One work item, enqueued by whoever took or removed a snapshot or removed a volume, and at the
// start.
class LayerController final : public Controller {
  public:
    static constexpr std::string_view work_kind = "layers";
    static constexpr const char* work_id = "layers";

    LayerController(store::Store& store,
                    const Clock& clock,
                    drivers::Hypervisor& hypervisor,
                    drivers::Volumes& volumes,
                    Disks& disks,
                    KeyedLocks& locks,
                    LongWork& long_work,
                    std::string host_id)
        : store_(store), clock_(clock), hypervisor_(hypervisor), volumes_(volumes), disks_(disks),
          locks_(locks), long_work_(long_work), host_id_(std::move(host_id)) {}
    std::string_view kind() const override { return work_kind; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    void tell_all_guests();
    void tell_guest_or_log(const std::string& volume_id);
    Result<void> tell_guest(const std::string& volume_id);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    drivers::Volumes& volumes_;
    Disks& disks_;
    KeyedLocks& locks_;
    LongWork& long_work_;
    const std::string host_id_;
    std::atomic<bool> has_told_all_ = false;
};

} // namespace pileus::engine
