// SPDX-License-Identifier: Apache-2.0
//
// AttachNetworkInterface, DetachNetworkInterface: the rows change here, the engine plugs and pulls.

#include "cloud/hibernation.h"
#include "cloud/instance_rows.h"
#include "cloud/network_interface_rows.h"
#include "cloud/network_interfaces.h"
#include "cloud/resource_kind.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/instances.h"
#include "store/network_interfaces.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace interfaces = store::network_interfaces;
using domain::Instance;
using domain::InstanceState;
using domain::NetworkInterface;

namespace {

Result<void> check_request(const InterfaceAttachment& request) {
    if (request.instance_id.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter instanceId");
    if (request.device_index < 0)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter deviceIndex is invalid. It may not be "
                                "negative.",
                                request.device_index));
    return {};
}

Result<void> check_attachable(store::Transaction& tx,
                              const Context& context,
                              const NetworkInterface& interface,
                              const Instance& instance,
                              int device_index) {
    if (!interface.instance_id.empty())
        return fail(codes::interface_in_use, fmt::format("Interface: [{}] in use.", interface.id));
    if (instance.state != InstanceState::running && instance.state != InstanceState::stopped)
        return fail(codes::incorrect_state,
                    fmt::format("Instance '{}' is not 'running' or 'stopped'.", instance.id));
    PILEUS_TRY(check_does_not_hibernate(instance));
    if (interface.zone != instance.zone)
        return fail(codes::invalid_parameter_combination,
                    "You may not attach a network interface to an instance if they are not in the "
                    "same availability zone");
    const auto others = interfaces::list_of_instance(tx, instance.id);
    for (const auto& other : others)
        if (other.device_index == device_index)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Instance '{}' already has an interface attached at device "
                                    "index '{}'.",
                                    instance.id,
                                    device_index));
    PILEUS_ASSIGN(const auto* type, find_type(context, instance.type));
    return check_fits_type(*type, interface, others.size());
}

// One that was pulled out of a guest that does not run is free at once.
void begin_detachment(const std::optional<Instance>& instance, NetworkInterface& interface) {
    if (instance && instance->state != InstanceState::stopped) {
        interface.detaching = true;
        return;
    }
    interface.instance_id.clear();
    interface.attachment_id.clear();
    interface.device_index = 0;
    interface.attached_at.reset();
    interface.delete_on_termination = false;
}

} // namespace

Result<std::string> NetworkInterfaces::attach(const domain::Caller& caller,
                                              const InterfaceAttachment& request) {
    PILEUS_TRY(check_request(request));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, request.network_interface_id));
        PILEUS_ASSIGN(const auto instances, find_instances(tx, caller, {request.instance_id}));
        const auto& instance = instances.front();
        PILEUS_TRY(check_attachable(tx, context_, interface, instance, request.device_index));
        PILEUS_TRY(end_if_dry_run(caller));

        interface.instance_id = instance.id;
        interface.host_id = instance.host_id;
        interface.attachment_id =
            domain::new_id(context_.random, domain::prefix::network_interface_attachment);
        interface.device_index = request.device_index;
        interface.delete_on_termination = false;
        interface.detaching = false;
        interface.attached_at.reset();
        // Nothing waits for a guest that does not run: it gets the interface with its start.
        if (instance.state == InstanceState::stopped)
            interface.attached_at = context_.clock.now();
        interfaces::update(tx, interface);
        enqueue_interface(tx, context_, interface);
        enqueue_vpc(tx, context_, interface.vpc_id);
        return interface.attachment_id;
    });
}

Result<void> NetworkInterfaces::detach(const domain::Caller& caller,
                                       const std::string& attachment_id) {
    if (attachment_id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter attachmentId");
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        auto interface = interfaces::find_by_attachment(tx, attachment_id);
        const auto scope = scope_of(caller);
        if (!interface || interface->account_id != scope.account_id ||
            interface->region != scope.region)
            return fail(missing_error(kinds::network_interface_attachment, attachment_id));
        if (interface->kind == domain::NetworkInterfaceKind::nat_gateway)
            return fail(codes::operation_not_permitted,
                        "You are not allowed to manage 'ela-attach' attachments.");
        if (interface->device_index == 0)
            return fail(codes::operation_not_permitted,
                        "The network interface at device index 0 cannot be detached.");
        const auto instance = store::instances::find(tx, interface->instance_id);
        if (instance)
            PILEUS_TRY(check_does_not_hibernate(*instance));
        PILEUS_TRY(end_if_dry_run(caller));
        begin_detachment(instance, *interface);
        interfaces::update(tx, *interface);
        enqueue_interface(tx, context_, *interface);
        enqueue_vpc(tx, context_, interface->vpc_id);
        return {};
    });
}

} // namespace pileus::cloud
