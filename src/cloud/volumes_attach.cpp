// SPDX-License-Identifier: Apache-2.0
//
// AttachVolume, DetachVolume: the row says what is wanted, the engine plugs and pulls.

#include "cloud/hibernation.h"
#include "cloud/instance_rows.h"
#include "cloud/volume_rows.h"
#include "cloud/volumes.h"
#include "store/network_interfaces.h"
#include "store/volumes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::AttachmentState;
using domain::Instance;
using domain::InstanceState;
using domain::Volume;
using domain::VolumeState;

namespace {

Result<Instance>
find_instance(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    PILEUS_ASSIGN(auto found, find_instances(tx, caller, {id}));
    return std::move(found.front());
}

Result<void> check_free(const Volume& volume) {
    if (!volume.instance_id.empty())
        return fail(codes::volume_in_use,
                    fmt::format("{} is already attached to an instance", volume.id));
    if (volume.state != VolumeState::available)
        return fail(codes::incorrect_state, fmt::format("{} is not 'available'.", volume.id));
    return {};
}

Result<void> check_place(store::Transaction& tx,
                         const Context& context,
                         const Instance& instance,
                         const std::string& device) {
    if (!is_device_name(device, instance.root_device_name))
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({0}) for parameter device is invalid. {0} is not a valid "
                                "EBS device name.",
                                device));
    const auto attached = store::volumes::list_of_instance(tx, instance.id);
    const bool is_taken = std::any_of(
        attached.begin(), attached.end(), [&](const Volume& v) { return v.device == device; });
    if (is_taken)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid value '{0}' for unixDevice. Attachment point {0} is "
                                "already in use",
                                device));
    const auto interfaces = store::network_interfaces::list_of_instance(tx, instance.id);
    const auto limit = volumes_max(context, interfaces.size());
    if (attached.size() >= limit)
        return fail(codes::attachment_limit_exceeded,
                    fmt::format("The instance '{}' has {} volumes attached, and with {} network "
                                "interfaces it can have no more.",
                                instance.id,
                                attached.size(),
                                interfaces.size()));
    return {};
}

tl::unexpected<Error> not_attached(const VolumeDetachment& request) {
    return fail(codes::volume_attachment_not_found,
                fmt::format("The volume '{}' is not attached{}{}.",
                            request.volume_id,
                            request.instance_id.empty()
                                ? ""
                                : fmt::format(" to the instance '{}'", request.instance_id),
                            request.device.empty() ? "" : fmt::format(" as '{}'", request.device)));
}

Result<void> check_detachable(const Volume& volume, const Instance& instance) {
    if (is_root_volume(instance, volume) && instance.state != InstanceState::stopped)
        return fail(codes::operation_not_permitted,
                    fmt::format("Unable to detach root volume '{}' from instance '{}'",
                                volume.id,
                                instance.id));
    if (volume.attachment == AttachmentState::attaching)
        return fail(codes::incorrect_state,
                    fmt::format("Volume '{}' is in the 'attaching' state.", volume.id));
    return {};
}

} // namespace

Result<Volume> Volumes::attach(const domain::Caller& caller,
                               const std::string& volume_id,
                               const std::string& instance_id,
                               const std::string& device) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Volume> {
        PILEUS_ASSIGN(auto volume, find_own_volume(tx, caller, volume_id));
        PILEUS_ASSIGN(const auto instance, find_instance(tx, caller, instance_id));
        PILEUS_TRY(check_free(volume));
        if (instance.state != InstanceState::running && instance.state != InstanceState::stopped)
            return fail(codes::incorrect_state,
                        fmt::format("Instance '{}' is not 'running'.", instance.id));
        PILEUS_TRY(check_does_not_hibernate(instance));
        if (volume.zone != instance.zone)
            return fail(codes::volume_zone_mismatch,
                        fmt::format("The volume '{}' is not in the same availability zone as "
                                    "instance '{}'",
                                    volume.id,
                                    instance.id));
        PILEUS_TRY(check_place(tx, context_, instance, device));
        PILEUS_TRY(end_if_dry_run(caller));
        volume.instance_id = instance.id;
        volume.device = device;
        volume.delete_on_termination = false;
        volume.attachment = AttachmentState::attaching;
        volume.attached_at = context_.clock.now();
        volume.force_detach = false;
        volume.state = VolumeState::in_use;
        store::volumes::update(tx, volume);
        enqueue_volume(tx, context_, volume);
        return volume;
    });
}

Result<Volume> Volumes::detach(const domain::Caller& caller, const VolumeDetachment& request) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Volume> {
        PILEUS_ASSIGN(auto volume, find_own_volume(tx, caller, request.volume_id));
        if (!request.instance_id.empty())
            PILEUS_TRY(find_instance(tx, caller, request.instance_id));
        if (volume.instance_id.empty())
            return fail(codes::incorrect_state,
                        fmt::format("Volume '{}' is in the '{}' state.",
                                    volume.id,
                                    to_string(volume.state)));
        if ((!request.instance_id.empty() && request.instance_id != volume.instance_id) ||
            (!request.device.empty() && request.device != volume.device))
            return not_attached(request);
        PILEUS_ASSIGN(const auto instance, find_instance(tx, caller, volume.instance_id));
        PILEUS_TRY(check_detachable(volume, instance));
        PILEUS_TRY(check_does_not_hibernate(instance));
        PILEUS_TRY(end_if_dry_run(caller));
        volume.attachment = AttachmentState::detaching;
        volume.force_detach = volume.force_detach || request.force;
        store::volumes::update(tx, volume);
        enqueue_volume(tx, context_, volume);
        return volume;
    });
}

} // namespace pileus::cloud
