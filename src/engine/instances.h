// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "domain/instance.h"
#include "domain/network_interface.h"
#include "drivers/hypervisor/hypervisor.h"
#include "engine/controller.h"
#include "engine/disks.h"
#include "engine/guest_starter.h"
#include "engine/keyed_locks.h"
#include "engine/vpc_network.h"
#include "engine/warm_launches.h"
#include "store/store.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pileus::engine {

struct InstanceControllerOptions {
    std::string host_id;
    Duration power_button_interval =
        std::chrono::seconds{15}; // a guest that is still booting misses the first press
    Duration stop_timeout = std::chrono::minutes{2};
    Duration terminated_visible =
        std::chrono::hours{1}; // how long a terminated instance is still shown
    int start_attempts = 3;
    // How often one looks that cannot start yet, should nobody tell it that it can.
    Duration ready_interval = std::chrono::seconds{1};
    bool restart_after_boot = false; // guests that ran when the machine went down start again
    bool emulated = false; // no guest runs: said in the state reason of every running instance
    // A guest that stands still because the machine's disk is full runs on when so much is free.
    int64_t resume_free_bytes = int64_t{64} << 20;
    Duration resume_interval = std::chrono::seconds{5};
    std::function<int64_t()> free_bytes; // where the volumes are; none: it is simply tried
};

// The life of an instance on this host: pending → running, stopping → stopped, shutting-down →
// terminated, and what the guest does by itself meanwhile. Any thread of the engine, one at a time
// for a given instance.
class InstanceController final : public Controller {
  public:
    // `locks` is held, by the instance's id, by whoever talks to the hypervisor about it.
    InstanceController(store::Store& store,
                       const Clock& clock,
                       drivers::Hypervisor& hypervisor,
                       VpcNetwork& vpc_network,
                       Disks& disks,
                       GuestStarter& starter,
                       WarmLaunches& warm_launches,
                       Hibernations& hibernations,
                       KeyedLocks& locks,
                       InstanceControllerOptions options);

    std::string_view kind() const override { return "instance"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

    // Once, after the drivers have recovered and before the engine starts: compares the guests that
    // are there with the rows. Guests that no row wants are ended; every live row is looked at
    // again. `machine_restarted`: nothing can have survived.
    Result<void> recover(const std::vector<std::string>& guests_found, bool machine_restarted);

  private:
    Result<Outcome> start(domain::Instance instance, const domain::WorkItem& item);
    Result<Outcome> watch(domain::Instance instance);
    Result<Outcome> stop(domain::Instance instance);
    Result<Outcome> come_back(domain::Instance instance);
    Result<Outcome> terminate(domain::Instance instance);
    Result<Outcome> expire(const domain::Instance& instance);

    Result<void> take_snapshots(const domain::Instance& instance);
    Result<Outcome> give_up_start(domain::Instance instance, const Error& error);
    Result<Outcome> reboot(domain::Instance instance, drivers::MachineState state);
    Result<void> finish_reboot(const domain::Instance& instance);
    Result<Outcome> wait_for_space(const domain::Instance& instance, const std::string& detail);
    Result<void> note_impairment(const domain::Instance& instance, const std::string& detail);
    bool is_turn_to_resume(const std::string& instance_id);
    Result<Outcome> guest_went_down(domain::Instance instance);
    Result<Outcome> guest_died(domain::Instance instance, const std::string& detail);
    Result<void> take_down(const domain::Instance& instance);
    Result<void> press_power_button(const domain::Instance& instance);
    void forget_power_button(const std::string& instance_id);
    void release_interfaces_of_stopped(store::Transaction& tx, const domain::Instance& row);
    void forget_memory(const domain::Instance& instance);
    void release_interfaces_of_terminated(store::Transaction& tx, const domain::Instance& row);
    void release_volumes_of_terminated(store::Transaction& tx, const domain::Instance& row);
    void look_at_moving_volumes(store::Transaction& tx, const domain::Instance& row);
    void mark_attached(store::Transaction& tx,
                       const domain::Instance& row,
                       const std::vector<std::string>& plugged);
    void mark_volumes_attached(store::Transaction& tx,
                               const domain::Instance& row,
                               const std::vector<std::string>& plugged);

    // Applies the event to the row if it is still in the state that the step began with; writes row
    // and ledger. False: the row has moved on meanwhile, and the work was enqueued again by whoever
    // moved it.
    template <class Change>
    Result<bool> advance(const domain::Instance& seen, domain::InstanceEvent event, Change change);

    store::Store& store_;
    const Clock& clock_;
    drivers::Hypervisor& hypervisor_;
    VpcNetwork& vpc_network_;
    Disks& disks_;
    GuestStarter& starter_;
    WarmLaunches& warm_launches_;
    Hibernations& hibernations_;
    KeyedLocks& locks_;
    const InstanceControllerOptions options_;

    std::mutex mutex_;
    std::map<std::string, Time>
        button_pressed_; // when, by instance: a press is not repeated at every look
    std::map<std::string, Time> resumed_; // when, by instance that found no space
};

} // namespace pileus::engine
