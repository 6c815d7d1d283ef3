// SPDX-License-Identifier: Apache-2.0
#include "cloud/image_devices.h"

#include "cloud/snapshots.h"
#include "cloud/volume_rules.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view default_type = "gp3";
constexpr size_t devices_max = 40; // block device mappings of one image

tl::unexpected<Error> bad_mapping(std::string message) {
    return fail(codes::invalid_block_device_mapping, std::move(message));
}

Result<void> check_names(const std::vector<BlockDeviceRequest>& requested,
                         const std::string& root_device_name) {
    std::set<std::string> seen;
    if (requested.size() > devices_max)
        return bad_mapping(fmt::format("An image has at most {} devices.", devices_max));
    for (const auto& device : requested) {
        if (device.device.empty())
            return fail(codes::missing_parameter,
                        "The request must contain the parameter deviceName");
        if (!seen.insert(device.device).second)
            return bad_mapping(fmt::format(
                "The device '{}' is used in more than one block-device mapping", device.device));
        const int said =
            int{device.no_device} + int{device.has_ebs} + int{!device.virtual_name.empty()};
        if (said != 1)
            return bad_mapping(fmt::format("The mapping of '{}' must have one of Ebs, NoDevice and "
                                           "VirtualName.",
                                           device.device));
        if (device.device == root_device_name && !device.has_ebs)
            return bad_mapping("The root device cannot be left out.");
    }
    return {};
}

// Size and figures of a device by the rules of its type.
Result<void> complete(domain::ImageDevice& device, const BlockDeviceRequest& request) {
    PILEUS_ASSIGN(
        const auto performance,
        volume_performance(device.type, device.size_gib, request.iops, request.throughput_mib_s));
    device.iops = performance.iops;
    device.throughput_mib_s = performance.throughput_mib_s;
    return {};
}

domain::ImageDevice placeholder(const BlockDeviceRequest& request) {
    domain::ImageDevice device;
    device.device = request.device;
    device.virtual_name = request.virtual_name;
    device.no_device = request.no_device;
    return device;
}

Result<domain::ImageDevice>
ebs_device(store::Transaction& tx, const store::Scope& scope, const BlockDeviceRequest& request) {
    domain::ImageDevice device;
    device.device = request.device;
    device.type = request.type.value_or(std::string(default_type));
    device.delete_on_termination = request.delete_on_termination.value_or(true);
    device.snapshot_id = request.snapshot_id;
    bool source_is_encrypted = false;
    if (!request.snapshot_id.empty()) {
        PILEUS_ASSIGN(const auto snapshot, find_usable_snapshot(tx, scope, request.snapshot_id));
        if (snapshot.state != domain::SnapshotState::completed)
            return fail(codes::incorrect_state,
                        fmt::format("The snapshot '{}' is '{}', not 'completed'.",
                                    snapshot.id,
                                    to_string(snapshot.state)));
        if (request.encryption.encrypted)
            return fail(codes::invalid_parameter_combination,
                        fmt::format("The parameter Encrypted cannot be used with the snapshot of "
                                    "'{}': the image is encrypted as its snapshot is.",
                                    request.device));
        source_is_encrypted = snapshot.encrypted;
        device.size_gib = request.size_gib.value_or(snapshot.size_gib);
        if (device.size_gib < snapshot.size_gib)
            return bad_mapping(fmt::format("Volume of size {}GB is smaller than snapshot '{}', "
                                           "expect size >= {}GB",
                                           device.size_gib,
                                           snapshot.id,
                                           snapshot.size_gib));
        device.encrypted = source_is_encrypted;
    } else {
        if (!request.size_gib)
            return fail(codes::missing_parameter,
                        "The request must contain the parameter size or snapshotId");
        device.size_gib = *request.size_gib;
        device.encrypted = request.encryption.encrypted.value_or(false);
        if (!request.encryption.kms_key_id.empty())
            PILEUS_TRY(find_kms_key(scope, request.encryption.kms_key_id));
    }
    PILEUS_TRY(complete(device, request));
    return device;
}

// A volume of the instance, as the image is to have it.
Result<domain::ImageDevice> device_of(const domain::Volume& volume,
                                      const BlockDeviceRequest* request) {
    domain::ImageDevice device;
    device.device = volume.device;
    device.size_gib = volume.size_gib;
    device.type = volume.type;
    device.iops = volume.iops;
    device.throughput_mib_s = volume.throughput_mib_s;
    device.delete_on_termination = volume.delete_on_termination;
    device.encrypted = volume.encrypted;
    if (!request)
        return device;
    if (!request->snapshot_id.empty())
        return bad_mapping(fmt::format("The device '{}' is a volume of the instance: its snapshot "
                                       "is taken now, and none can be given.",
                                       volume.device));
    if (request->encryption.encrypted || !request->encryption.kms_key_id.empty())
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The encryption of '{}' is that of its volume: leave Encrypted out "
                                "and copy the image to encrypt it.",
                                volume.device));
    device.size_gib = request->size_gib.value_or(volume.size_gib);
    if (device.size_gib < volume.size_gib)
        return bad_mapping(fmt::format("Volume of size {}GB is smaller than the volume '{}', "
                                       "expect size >= {}GB",
                                       device.size_gib,
                                       volume.id,
                                       volume.size_gib));
    device.delete_on_termination =
        request->delete_on_termination.value_or(volume.delete_on_termination);
    const bool has_own_figures = request->type || request->iops || request->throughput_mib_s;
    if (!has_own_figures)
        return device;
    auto figures = *request;
    device.type = request->type.value_or(volume.type);
    if (device.type == volume.type) {
        if (!figures.iops && volume.iops > 0 && device.type != "gp2")
            figures.iops = volume.iops;
        if (!figures.throughput_mib_s && volume.throughput_mib_s > 0)
            figures.throughput_mib_s = volume.throughput_mib_s;
    }
    PILEUS_TRY(complete(device, figures));
    return device;
}

const BlockDeviceRequest* find_request(const std::vector<BlockDeviceRequest>& requested,
                                       const std::string& device) {
    const auto found = std::find_if(
        requested.begin(), requested.end(), [&](const auto& r) { return r.device == device; });
    return found == requested.end() ? nullptr : &*found;
}

} // namespace

Result<std::vector<DeviceOfInstance>>
devices_of_instance(store::Transaction& tx,
                    const store::Scope& scope,
                    const std::string& root_device_name,
                    const std::vector<domain::Volume>& volumes,
                    const std::vector<BlockDeviceRequest>& requested) {
    PILEUS_TRY(check_names(requested, root_device_name));
    std::vector<DeviceOfInstance> devices;
    std::set<std::string> of_volumes;
    for (const auto& volume : volumes) {
        of_volumes.insert(volume.device);
        const auto* request = find_request(requested, volume.device);
        const bool is_root = volume.device == root_device_name;
        if (request && !request->has_ebs)
            continue; // NoDevice: the image is made without it
        PILEUS_ASSIGN(auto device, device_of(volume, request));
        devices.insert(is_root ? devices.begin() : devices.end(), {std::move(device), volume});
    }
    if (devices.empty() || devices.front().device.device != root_device_name)
        return fail(
            codes::incorrect_state,
            fmt::format("The instance has no root volume ({}) attached.", root_device_name));
    for (const auto& request : requested) {
        if (of_volumes.contains(request.device))
            continue;
        if (!request.has_ebs) {
            if (!request.no_device)
                devices.push_back({placeholder(request), std::nullopt});
            continue;
        }
        PILEUS_ASSIGN(auto device, ebs_device(tx, scope, request));
        devices.push_back({std::move(device), std::nullopt});
    }
    return devices;
}

Result<std::vector<domain::ImageDevice>>
registered_devices(store::Transaction& tx,
                   const store::Scope& scope,
                   const std::string& root_device_name,
                   const std::vector<BlockDeviceRequest>& requested) {
    PILEUS_TRY(check_names(requested, root_device_name));
    const auto* root = find_request(requested, root_device_name);
    if (!root || root->snapshot_id.empty())
        return bad_mapping(fmt::format("No snapshot is given for the root device '{}': name it in "
                                       "BlockDeviceMapping, and the device in RootDeviceName.",
                                       root_device_name));
    std::vector<domain::ImageDevice> devices;
    for (const auto& request : requested) {
        auto device = placeholder(request);
        if (request.has_ebs) {
            PILEUS_ASSIGN(device, ebs_device(tx, scope, request));
        }
        devices.insert(&request == root ? devices.begin() : devices.end(), std::move(device));
    }
    return devices;
}

} // namespace pileus::cloud
