// SPDX-License-Identifier: Apache-2.0
#include "engine/instances.h"

#include "base/log.h"
#include "engine/network_interfaces.h"
#include "engine/volumes.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <set>

namespace pileus::engine {

using domain::Instance;
using domain::InstanceEvent;
using domain::InstanceState;
using drivers::MachineState;

namespace {

void set_reason(Instance& instance, const std::string& code, const std::string& text) {
    instance.state_reason_code = code;
    instance.state_reason_message = code + ": " + text;
}

// The driver's word for a write that found the machine's disk full.
bool is_out_of_space(const std::string& detail) {
    return detail.find("no space left") != std::string::npos;
}

} // namespace

InstanceController::InstanceController(store::Store& store,
                                       const Clock& clock,
                                       drivers::Hypervisor& hypervisor,
                                       VpcNetwork& vpc_network,
                                       Disks& disks,
                                       GuestStarter& starter,
                                       WarmLaunches& warm_launches,
                                       Hibernations& hibernations,
                                       KeyedLocks& locks,
                                       InstanceControllerOptions options)
    : store_(store), clock_(clock), hypervisor_(hypervisor), vpc_network_(vpc_network),
      disks_(disks), starter_(starter), warm_launches_(warm_launches),
      hibernations_(hibernations), locks_(locks),
      options_(std::move(options)) {}

Result<Outcome> InstanceController::reconcile(const domain::WorkItem& item) {
    const auto held = locks_.hold(item.resource_id);
    auto instance = store_.read(
        [&](store::Transaction& tx) { return store::instances::find(tx, item.resource_id); });
    if (!instance) {
        PILEUS_TRY(hypervisor_.destroy(item.resource_id));
        PILEUS_TRY(hypervisor_.forget(item.resource_id));
        return Outcome::done();
    }
    switch (instance->state) {
    case InstanceState::pending:
        return start(std::move(*instance), item);
    case InstanceState::running:
        return watch(std::move(*instance));
    case InstanceState::stopping:
        return stop(std::move(*instance));
    case InstanceState::stopped:
        return come_back(std::move(*instance));
    case InstanceState::shutting_down:
        return terminate(std::move(*instance));
    case InstanceState::terminated:
        return expire(*instance);
    }
    return Outcome::done();
}

template <class Change>
Result<bool> InstanceController::advance(const Instance& seen, InstanceEvent event, Change change) {
    return store_.write([&](store::Transaction& tx) -> Result<bool> {
        auto current = store::instances::find(tx, seen.id);
        if (!current || current->state != seen.state || current->start_count != seen.start_count)
            return false;
        const bool was_charged = current->is_charged();
        const auto to = next(current->state, event);
        if (!to)
            return fail(errors::internal, "no such transition for " + seen.id);
        current->state = *to;
        PILEUS_TRY(change(tx, *current));
        store::instances::update(tx, *current);
        store::charges::instance_changed(tx, was_charged, *current, clock_.now());
        store::work::enqueue(tx, "instance", seen.id, options_.host_id, clock_.now());
        return true;
    });
}

// ---- pending → running
// ------------------------------------------------------------------------------------------------

Result<Outcome> InstanceController::start(Instance instance, const domain::WorkItem& item) {
    const auto ready = starter_.is_ready(instance);
    if (!ready)
        return give_up_start(std::move(instance), ready.error());
    if (!*ready)
        return Outcome::again(clock_.now() + options_.ready_interval);
    const auto begun = clock_.monotonic();
    const auto up = starter_.start(instance);
    if (!up) {
        if (item.attempts + 1 < options_.start_attempts)
            return fail(up.error());
        return give_up_start(std::move(instance), up.error());
    }
    PILEUS_ASSIGN(const auto plugged, hypervisor_.plugged_interfaces(instance.id));
    PILEUS_ASSIGN(const auto plugged_disks, hypervisor_.plugged_disks(instance.id));
    const auto note_start = [&](store::Transaction& tx, Instance& row) -> Result<void> {
        mark_attached(tx, row, plugged);
        mark_volumes_attached(tx, row, plugged_disks);
        if (*up == GuestStarter::Started::booted)
            warm_launches_.note_boot(tx, row);
        if (row.hardware.empty())
            row.hardware = hypervisor_.current_hardware();
        // It was heard of before, and goes on from there.
        if (*up == GuestStarter::Started::woken || *up == GuestStarter::Started::copied)
            row.guest_seen_at = clock_.now();
        row.hibernation = domain::Hibernation::none;
        if (options_.emulated) {
            set_reason(row, "Server.Emulated", "Pileus runs in emulation mode: there is no guest");
            row.guest_seen_at = clock_.now(); // nobody will ever ask for metadata
        }
        return {};
    };
    PILEUS_ASSIGN(const bool advanced, advance(instance, InstanceEvent::started, note_start));
    if (advanced)
        log_info("instance started",
                 {{"instance", instance.id},
                  {"type", instance.type},
                  {"how", GuestStarter::name_of(*up)},
                  {"took_ms",
                   std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                      clock_.monotonic() - begun)
                                      .count())}});
    return Outcome::done();
}

// One that was attached while the guest was being started is plugged in afterwards.
void InstanceController::mark_attached(store::Transaction& tx,
                                       const Instance& row,
                                       const std::vector<std::string>& plugged) {
    for (auto& interface : store::network_interfaces::list_of_instance(tx, row.id)) {
        if (interface.attached_at)
            continue;
        if (std::find(plugged.begin(), plugged.end(), interface.id) == plugged.end()) {
            store::work::enqueue(
                tx, "network-interface", interface.id, options_.host_id, clock_.now());
            continue;
        }
        interface.attached_at = clock_.now();
        store::network_interfaces::update(tx, interface);
    }
}

// Those that were attached or are to be detached while the guest was being started follow now.
void InstanceController::mark_volumes_attached(store::Transaction& tx,
                                               const Instance& row,
                                               const std::vector<std::string>& plugged) {
    for (auto& volume : store::volumes::list_of_instance(tx, row.id)) {
        if (volume.attachment == domain::AttachmentState::attached)
            continue;
        const bool is_plugged =
            std::find(plugged.begin(), plugged.end(), volume.id) != plugged.end();
        if (volume.attachment == domain::AttachmentState::detaching || !is_plugged) {
            store::work::enqueue(tx, "volume", volume.id, options_.host_id, clock_.now());
            continue;
        }
        volume.attachment = domain::AttachmentState::attached;
        volume.attached_at = clock_.now();
        store::volumes::update(tx, volume);
    }
}

Result<Outcome> InstanceController::give_up_start(Instance instance, const Error& error) {
    log_error("instance cannot be started", {{"instance", instance.id}, {"error", error.message}});
    // What was half made must not stay: a guest whose row says "stopped" would run unseen.
    PILEUS_TRY(take_down(instance));
    const bool is_launch = instance.start_count == 1;
    const auto event = is_launch ? InstanceEvent::launch_failed : InstanceEvent::start_failed;
    PILEUS_TRY(advance(instance, event, [&](store::Transaction&, Instance& row) -> Result<void> {
        set_reason(row, "Server.InternalError", "Internal error on launch: " + error.message);
        row.transition_reason = "Server.InternalError";
        row.force_stop = true;
        return {};
    }));
    return Outcome::done();
}

// ---- running
// ----------------------------------------------------------------------------------------------------------

Result<Outcome> InstanceController::watch(Instance instance) {
    const auto observed = hypervisor_.observe(instance.id);
    if (instance.reboots_requested > instance.reboots_done)
        return reboot(std::move(instance), observed.state);
    if (observed.state == MachineState::absent)
        return guest_died(std::move(instance), observed.detail);
    if (observed.state == MachineState::shut_down)
        return guest_went_down(std::move(instance));
    if (observed.state == MachineState::paused && is_out_of_space(observed.detail))
        return wait_for_space(instance, observed.detail);
    if (!instance.impairment.empty())
        PILEUS_TRY(note_impairment(instance, ""));
    return Outcome::done();
}

// The machine's disk is full: a write of the guest waits, and loses nothing. It is let run on when
// there is room, and not more often than now and then.
Result<Outcome> InstanceController::wait_for_space(const Instance& instance,
                                                   const std::string& detail) {
    if (instance.impairment.empty()) {
        log_warning("the machine's disk is full: a guest stands still",
                    {{"instance", instance.id}, {"detail", detail}});
        PILEUS_TRY(note_impairment(instance, detail));
    }
    const bool has_room =
        !options_.free_bytes || options_.free_bytes() >= options_.resume_free_bytes;
    if (has_room && is_turn_to_resume(instance.id))
        PILEUS_TRY(hypervisor_.resume(instance.id));
    return Outcome::again(clock_.now() + options_.resume_interval);
}

bool InstanceController::is_turn_to_resume(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    auto& resumed = resumed_[instance_id];
    if (clock_.now() < resumed + options_.resume_interval)
        return false;
    resumed = clock_.now();
    return true;
}

Result<void> InstanceController::note_impairment(const Instance& instance,
                                                 const std::string& detail) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::instances::find(tx, instance.id);
        if (!row || row->impairment == detail)
            return {};
        row->impairment = detail;
        row->impaired_since.reset();
        if (!detail.empty())
            row->impaired_since = clock_.now();
        store::instances::update(tx, *row);
        return {};
    });
}

// A reboot is a power-off that the guest is asked for, or that it suffers at the deadline, and a
// start: of a new process, because QEMU without KVM boots two to three times slower after a reset
// (what it translated before is in the way).
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-reboot.html
Result<Outcome> InstanceController::reboot(Instance instance, MachineState state) {
    const auto now = clock_.now();
    const auto deadline = instance.stop_deadline.value_or(now);
    const bool is_up = state == MachineState::running || state == MachineState::paused;
    if (is_up && now < deadline) {
        PILEUS_TRY(press_power_button(instance));
        return Outcome::again(std::min(deadline, now + options_.power_button_interval));
    }
    PILEUS_TRY(hypervisor_.destroy(instance.id));
    // One that cannot be taken now is its own work's to repeat: the guest does not wait for it.
    if (const auto taken = take_snapshots(instance); !taken)
        log_warning("snapshots could not be taken during a reboot",
                    {{"instance", instance.id}, {"error", taken.error().message}});
    PILEUS_TRY(starter_.start(instance));
    PILEUS_TRY(finish_reboot(instance));
    return Outcome::done();
}

// What was asked for and not taken yet, now that the guest is down: of CreateImage, which reboots
// for that, and of whoever else asked.
Result<void> InstanceController::take_snapshots(const Instance& instance) {
    const auto volumes = [&] {
        return store_.read([&](store::Transaction& tx) {
            return store::volumes::list_of_instance(tx, instance.id);
        });
    };
    const auto held = locks_.hold_all(Disks::lock_keys_of_volumes(volumes()));
    return disks_.take_all_of(volumes());
}

Result<void> InstanceController::finish_reboot(const Instance& instance) {
    forget_power_button(instance.id);
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::instances::find(tx, instance.id);
        if (!row || row->state != InstanceState::running)
            return {};
        row->reboots_done = instance.reboots_requested;
        row->stop_deadline.reset();
        row->guest_seen_at.reset();
        store::instances::update(tx, *row);
        return {};
    });
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html, "Change the
// instance initiated shutdown behavior".
Result<Outcome> InstanceController::guest_went_down(Instance instance) {
    const bool ends = instance.shutdown_behavior == domain::ShutdownBehavior::terminate;
    const auto event = ends ? InstanceEvent::terminate_requested : InstanceEvent::stop_requested;
    PILEUS_TRY(advance(instance, event, [&](store::Transaction&, Instance& row) -> Result<void> {
        set_reason(row, "Client.InstanceInitiatedShutdown", "Instance initiated shutdown");
        row.transition_reason.clear();
        row.force_stop = true;
        return {};
    }));
    return Outcome::done();
}

Result<Outcome> InstanceController::guest_died(Instance instance, const std::string& detail) {
    log_warning("the guest is gone", {{"instance", instance.id}, {"detail", detail}});
    PILEUS_TRY(advance(
        instance,
        InstanceEvent::stop_requested,
        [&](store::Transaction&, Instance& row) -> Result<void> {
            set_reason(row, "Server.InternalError", "The instance's host process ended: " + detail);
            row.transition_reason = "Server.InternalError";
            row.force_stop = true;
            return {};
        }));
    return Outcome::done();
}

// ---- stopping → stopped
// -------------------------------------------------------------------------------------------------

Result<Outcome> InstanceController::stop(Instance instance) {
    const auto now = clock_.now();
    const auto deadline = instance.stop_deadline.value_or(now);
    const bool hibernates = instance.hibernation == domain::Hibernation::saving;
    if (hibernates) {
        PILEUS_ASSIGN(const bool saved, hibernations_.save(instance));
        if (!saved)
            return Outcome::again(now);
    }
    const auto observed = hypervisor_.observe(instance.id);
    const bool is_up =
        observed.state == MachineState::running || observed.state == MachineState::paused;
    if (is_up && !instance.force_stop && now < deadline) {
        PILEUS_TRY(press_power_button(instance));
        return Outcome::again(std::min(deadline, now + options_.power_button_interval));
    }
    PILEUS_TRY(take_down(instance));
    PILEUS_TRY(advance(instance,
                       InstanceEvent::stopped,
                       [&](store::Transaction& tx, Instance& row) -> Result<void> {
                           release_interfaces_of_stopped(tx, row);
                           look_at_moving_volumes(tx, row);
                           row.stop_deadline.reset();
                           row.force_stop = false;
                           row.hibernation = hibernates ? domain::Hibernation::saved
                                                        : domain::Hibernation::none;
                           row.guest_seen_at.reset();
                           row.impairment.clear();
                           row.impaired_since.reset();
                           return {};
                       }));
    return Outcome::done();
}

Result<void> InstanceController::press_power_button(const Instance& instance) {
    {
        const std::lock_guard lock(mutex_);
        auto& pressed = button_pressed_[instance.id];
        if (clock_.now() < pressed + options_.power_button_interval)
            return {};
        pressed = clock_.now();
    }
    return hypervisor_.power_button(instance.id);
}

// Ends the guest and takes its taps away. The volumes stay.
Result<void> InstanceController::take_down(const Instance& instance) {
    PILEUS_TRY(hypervisor_.destroy(instance.id));
    PILEUS_TRY(starter_.clear(instance));
    const auto interfaces = store_.read([&](store::Transaction& tx) {
        return store::network_interfaces::list_of_instance(tx, instance.id);
    });
    for (const auto& interface : interfaces)
        PILEUS_TRY(vpc_network_.remove_interface(interface.vpc_id, interface.id));
    forget_power_button(instance.id);
    return {};
}

void InstanceController::forget_power_button(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    button_pressed_.erase(instance_id);
    resumed_.erase(instance_id);
}

// An Elastic IP stays; an address of the other sort is taken anew at the next start, unless that is
// only the machine's restart.
void InstanceController::release_interfaces_of_stopped(store::Transaction& tx,
                                                       const Instance& row) {
    for (auto& interface : store::network_interfaces::list_of_instance(tx, row.id)) {
        if (!row.restart_when_stopped)
            store::public_addresses::give_back_automatic(tx, interface, clock_.now());
        store::work::enqueue(tx, "vpc", interface.vpc_id, options_.host_id, clock_.now());
        // It may have been attached or detached while the guest went down.
        if (!interface.attached_at || interface.detaching)
            store::work::enqueue(
                tx, "network-interface", interface.id, options_.host_id, clock_.now());
    }
}

// The machine restarted under a running guest, and the operator wants it back (restart_after_boot).
// It comes back with the addresses that it had.
Result<Outcome> InstanceController::come_back(Instance instance) {
    if (!instance.restart_when_stopped)
        return Outcome::done();
    PILEUS_TRY(advance(instance,
                       InstanceEvent::start_requested,
                       [&](store::Transaction&, Instance& row) -> Result<void> {
                           row.restart_when_stopped = false;
                           row.launch_time = clock_.now();
                           row.start_count += 1;
                           return {};
                       }));
    return Outcome::done();
}

// ---- shutting-down → terminated
// -------------------------------------------------------------------------------------------

Result<Outcome> InstanceController::terminate(Instance instance) {
    PILEUS_TRY(take_down(instance));
    forget_memory(instance);
    PILEUS_TRY(take_snapshots(instance));
    PILEUS_TRY(advance(instance,
                       InstanceEvent::released,
                       [&](store::Transaction& tx, Instance& row) -> Result<void> {
                           release_interfaces_of_terminated(tx, row);
                           release_volumes_of_terminated(tx, row);
                           row.terminated_at = clock_.now();
                           row.guest_seen_at.reset();
                           row.impairment.clear();
                           row.impaired_since.reset();
                           return {};
                       }));
    return Outcome::done();
}

// At once, because it may be large; at the latest it goes with the instance's folder.
void InstanceController::forget_memory(const Instance& instance) {
    if (!instance.hibernation_configured)
        return;
    if (const auto forgotten = hypervisor_.forget_memory(instance.id); !forgotten)
        log_warning("the memory of a terminated instance is not removed yet",
                    {{"instance", instance.id}, {"error", forgotten.error().message}});
}

void InstanceController::release_interfaces_of_terminated(store::Transaction& tx,
                                                          const Instance& row) {
    for (auto& interface : store::network_interfaces::list_of_instance(tx, row.id)) {
        store::public_addresses::give_back_automatic(tx, interface, clock_.now());
        store::work::enqueue(tx, "vpc", interface.vpc_id, options_.host_id, clock_.now());
        if (interface.delete_on_termination && !interface.detaching) {
            store::public_addresses::disassociate_all(tx, interface);
            store::network_interfaces::erase(tx, interface.id);
            store::tags::erase_all(tx, interface.id);
            continue;
        }
        clear_attachment(interface);
        store::network_interfaces::update(tx, interface);
    }
}

// Those that go with it are no longer charged nor shown; their own work removes them from the disk.
void InstanceController::release_volumes_of_terminated(store::Transaction& tx,
                                                       const Instance& row) {
    for (auto& volume : store::volumes::list_of_instance(tx, row.id)) {
        const bool goes =
            volume.delete_on_termination && volume.attachment != domain::AttachmentState::detaching;
        if (goes) {
            store::charges::volume_deleted(tx, volume, clock_.now());
            store::tags::erase_all(tx, volume.id);
        }
        clear_attachment(volume);
        if (goes)
            volume.state = domain::VolumeState::deleting;
        store::volumes::update(tx, volume);
        store::work::enqueue(tx, "volume", volume.id, options_.host_id, clock_.now());
    }
}

// They were attached or detached, or changed, while the guest went down.
void InstanceController::look_at_moving_volumes(store::Transaction& tx, const Instance& row) {
    for (const auto& volume : store::volumes::list_of_instance(tx, row.id))
        if (volume.attachment != domain::AttachmentState::attached)
            store::work::enqueue(tx, "volume", volume.id, options_.host_id, clock_.now());
}

// A terminated instance stays visible for an hour: clients wait for that very state.
Result<Outcome> InstanceController::expire(const Instance& instance) {
    const auto until = instance.terminated_at.value_or(clock_.now()) + options_.terminated_visible;
    if (clock_.now() < until)
        return Outcome::again(until);
    PILEUS_TRY(hypervisor_.forget(instance.id));
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::instances::erase(tx, instance.id);
        store::tags::erase_all(tx, instance.id);
        return {};
    }));
    return Outcome::done();
}

// ---- after a restart of the daemon
// ---------------------------------------------------------------------------------------

Result<void> InstanceController::recover(const std::vector<std::string>& guests_found,
                                         bool machine_restarted) {
    const auto live = store_.read(
        [&](store::Transaction& tx) { return store::instances::list_live(tx, options_.host_id); });
    std::set<std::string> wanted;
    for (const auto& instance : live)
        if (instance.has_guest())
            wanted.insert(instance.id);
    for (const auto& guest : guests_found) {
        if (wanted.count(guest) != 0)
            continue;
        log_warning("ending a guest that no instance wants", {{"instance", guest}});
        PILEUS_TRY(hypervisor_.destroy(guest));
    }
    const auto now = clock_.now();
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        for (auto instance : live) {
            if (machine_restarted && instance.state == InstanceState::running) {
                instance.state = *next(instance.state, InstanceEvent::stop_requested);
                instance.force_stop = true;
                instance.restart_when_stopped = options_.restart_after_boot;
                set_reason(instance,
                           "Server.InternalError",
                           "The machine that the instance ran on was restarted");
                instance.transition_reason = "Server.InternalError";
                store::instances::update(tx, instance);
                store::charges::instance_changed(tx, /*was_charged=*/true, instance, now);
            }
            store::work::enqueue(tx, "instance", instance.id, options_.host_id, now);
        }
        return {};
    });
}

} // namespace pileus::engine
