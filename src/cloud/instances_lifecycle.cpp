// SPDX-License-Identifier: Apache-2.0
//
// StartInstances, StopInstances, RebootInstances, TerminateInstances: the state changes that a user
// asks for. Each is all or nothing over its instances; the engine carries them out.

#include "cloud/hibernation.h"
#include "cloud/instance_rows.h"
#include "cloud/instances.h"
#include "cloud/network_interface_rows.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/volumes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::Hibernation;
using domain::Instance;
using domain::InstanceEvent;
using domain::InstanceState;

namespace {

tl::unexpected<Error> wrong_state(const Instance& instance, std::string_view verb) {
    return fail(codes::incorrect_instance_state,
                fmt::format("The instance '{}' is not in a state from which it can be {}.",
                            instance.id,
                            verb));
}

void set_state_reason(Instance& instance, const std::string& code, const std::string& text) {
    instance.state_reason_code = code;
    instance.state_reason_message = code.empty() ? "" : code + ": " + text;
}

// Its root volume may have been detached meanwhile.
Result<void> check_root_volume(store::Transaction& tx, const Instance& instance) {
    const auto volumes = store::volumes::list_of_instance(tx, instance.id);
    const bool has_root = std::any_of(volumes.begin(), volumes.end(), [&](const auto& volume) {
        return volume.device == instance.root_device_name &&
               volume.attachment != domain::AttachmentState::detaching;
    });
    if (has_root)
        return {};
    return fail(codes::invalid_parameter_value,
                fmt::format("Invalid value '{}' for instanceId. Instance does not have a volume "
                            "attached at root ({})",
                            instance.id,
                            instance.root_device_name));
}

Result<void> begin_start(store::Transaction& tx,
                         const Context& context,
                         const domain::Caller& caller,
                         Instance& instance) {
    const auto to = next(instance.state, InstanceEvent::start_requested);
    if (!to)
        return wrong_state(instance, "started");
    PILEUS_TRY(check_root_volume(tx, instance));
    PILEUS_ASSIGN(const auto* type, find_type(context, instance.type));
    PILEUS_TRY(place_instances(tx, context, *type, 1, 1));
    PILEUS_TRY(check_vcpu_quota(tx, context, caller, *type, 1));

    instance.state = *to;
    instance.launch_time = context.clock.now();
    instance.start_count += 1;
    instance.force_stop = false;
    instance.stop_deadline.reset();
    instance.reboots_done = instance.reboots_requested;
    instance.guest_seen_at.reset();
    instance.transition_reason.clear();
    set_state_reason(instance, "", "");
    return restore_automatic_address(tx, context, instance);
}

Result<void> begin_stop(const Context& context, Instance& instance, StopKind kind) {
    // A launch cannot be interrupted by a stop, on EC2 either.
    const auto to = instance.state == InstanceState::pending
                        ? std::nullopt
                        : next(instance.state, InstanceEvent::stop_requested);
    if (!to)
        return wrong_state(instance, "stopped");
    if (instance.disable_api_stop)
        return fail(codes::operation_not_permitted,
                    fmt::format("The instance '{}' may not be stopped. Modify its 'disableApiStop' "
                                "instance attribute and try "
                                "again.",
                                instance.id));
    const bool hibernates = kind == StopKind::hibernate;
    if (hibernates)
        PILEUS_TRY(check_is_configured(instance));
    const auto now = context.clock.now();
    const bool is_first = instance.state != *to;
    instance.state = *to;
    if (kind == StopKind::cut_off) {
        instance.force_stop = true;
        instance.hibernation = Hibernation::none;
    }
    if (is_first) {
        instance.stop_deadline = now + context.settings.stop_timeout;
        instance.transition_reason = user_initiated(now);
        instance.hibernation = hibernates ? Hibernation::saving : Hibernation::none;
        if (hibernates)
            set_state_reason(instance, "Client.UserInitiatedHibernate", "User initiated hibernate");
        else
            set_state_reason(instance, "Client.UserInitiatedShutdown", "User initiated shutdown");
    }
    return {};
}

Result<void> begin_termination(const Context& context, Instance& instance) {
    if (instance.disable_api_termination)
        return fail(codes::operation_not_permitted,
                    fmt::format("The instance '{}' may not be terminated. Modify its "
                                "'disableApiTermination' instance "
                                "attribute and try again.",
                                instance.id));
    if (instance.state != InstanceState::shutting_down) {
        instance.transition_reason = user_initiated(context.clock.now());
        set_state_reason(instance, "Client.UserInitiatedShutdown", "User initiated shutdown");
    }
    instance.state = *next(instance.state, InstanceEvent::terminate_requested);
    instance.hibernation = Hibernation::none;
    return {};
}

// Runs `change` on each instance that it is not without effect for, writes the rows, and enqueues
// the work.
template <class IsDone, class Change>
Result<std::vector<InstanceStateChange>> change_all(const Context& context,
                                                    const domain::Caller& caller,
                                                    const std::vector<std::string>& ids,
                                                    IsDone is_done,
                                                    Change change) {
    return context.store.write(
        [&](store::Transaction& tx) -> Result<std::vector<InstanceStateChange>> {
            PILEUS_ASSIGN(auto instances, find_instances(tx, caller, ids));
            std::vector<InstanceStateChange> changes;
            for (auto& instance : instances) {
                const auto previous = instance.state;
                const bool was_charged = instance.is_charged();
                if (!is_done(instance)) {
                    PILEUS_TRY(change(tx, instance));
                    store::instances::update(tx, instance);
                    store::charges::instance_changed(
                        tx, was_charged, instance, context.clock.now());
                    enqueue_work(tx, context, instance);
                }
                changes.push_back({instance.id, previous, instance.state});
            }
            PILEUS_TRY(end_if_dry_run(caller));
            return changes;
        });
}

} // namespace

Result<std::vector<InstanceStateChange>> Instances::start(const domain::Caller& caller,
                                                          const std::vector<std::string>& ids) {
    const auto is_done = [](const Instance& i) {
        return i.state == InstanceState::running || i.state == InstanceState::pending;
    };
    return change_all(
        context_, caller, ids, is_done, [&](store::Transaction& tx, Instance& instance) {
            return begin_start(tx, context_, caller, instance);
        });
}

Result<std::vector<InstanceStateChange>>
Instances::stop(const domain::Caller& caller, const std::vector<std::string>& ids, StopKind kind) {
    const auto is_done = [&](const Instance& i) {
        return i.state == InstanceState::stopped ||
               (i.state == InstanceState::stopping && kind != StopKind::cut_off);
    };
    return change_all(context_, caller, ids, is_done, [&](store::Transaction&, Instance& instance) {
        return begin_stop(context_, instance, kind);
    });
}

Result<std::vector<InstanceStateChange>> Instances::terminate(const domain::Caller& caller,
                                                              const std::vector<std::string>& ids) {
    const auto is_done = [](const Instance& i) { return i.state == InstanceState::terminated; };
    return change_all(context_, caller, ids, is_done, [&](store::Transaction&, Instance& instance) {
        return begin_termination(context_, instance);
    });
}

Result<void> Instances::reboot(const domain::Caller& caller, const std::vector<std::string>& ids) {
    const auto is_done = [](const Instance&) { return false; };
    const auto changes = change_all(context_,
                                    caller,
                                    ids,
                                    is_done,
                                    [&](store::Transaction&, Instance& instance) -> Result<void> {
                                        if (instance.state != InstanceState::running)
                                            return wrong_state(instance, "rebooted");
                                        instance.reboots_requested += 1;
                                        // A guest that does not shut down in time is reset all the
                                        // same, as on EC2.
                                        instance.stop_deadline =
                                            context_.clock.now() + context_.settings.stop_timeout;
                                        return {};
                                    });
    if (!changes)
        return fail(changes.error());
    return {};
}

} // namespace pileus::cloud
