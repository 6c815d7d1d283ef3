// SPDX-License-Identifier: Apache-2.0
#include "cloud/block_devices.h"

#include "cloud/images.h"
#include "cloud/snapshots.h"
#include "cloud/volume_rules.h"
#include "domain/error_codes.h"
#include "store/snapshots.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view default_type = "gp2"; // EC2's own, of what the image does not say
constexpr size_t mappings_max = 100;

tl::unexpected<Error> bad_mapping(std::string message) {
    return fail(codes::invalid_block_device_mapping, std::move(message));
}

bool is_ephemeral_name(std::string_view name) {
    static constexpr std::string_view prefix = "ephemeral";
    if (!name.starts_with(prefix))
        return false;
    const auto number = name.substr(prefix.size());
    return !number.empty() && number.size() <= 2 &&
           std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_names(const std::vector<BlockDeviceRequest>& requested,
                         const std::string& root_device_name) {
    if (requested.size() > mappings_max)
        return bad_mapping(
            fmt::format("A launch has at most {} block device mappings.", mappings_max));
    std::set<std::string> seen;
    for (const auto& device : requested) {
        if (device.device.empty())
            return fail(codes::missing_parameter,
                        "The request must contain the parameter deviceName");
        if (!seen.insert(device.device).second)
            return bad_mapping(fmt::format(
                "The device '{}' is used in more than one block-device mapping", device.device));
        if (!is_device_name(device.device, root_device_name))
            return bad_mapping(fmt::format("Invalid device name {}", device.device));
        if (!device.virtual_name.empty() && !is_ephemeral_name(device.virtual_name))
            return bad_mapping(fmt::format("Invalid virtual name {}: it must be ephemeral0 to "
                                           "ephemeral23.",
                                           device.virtual_name));
        const bool has_volume = !device.no_device && device.virtual_name.empty();
        if (device.device == root_device_name && !has_volume)
            return bad_mapping("The root device cannot be left out.");
    }
    return {};
}

// What the image says of a device and what the request says of it, the request first.
BlockDeviceRequest merge(const domain::ImageDevice& of_image, BlockDeviceRequest request) {
    request.device = of_image.device;
    const bool has_own_snapshot =
        !request.snapshot_id.empty() && request.snapshot_id != of_image.snapshot_id;
    if (request.snapshot_id.empty())
        request.snapshot_id = of_image.snapshot_id;
    if (!request.size_gib && !has_own_snapshot)
        request.size_gib = of_image.size_gib;
    // Figures of another type are none of this one's.
    const bool is_same_type = !request.type || *request.type == of_image.type;
    if (!request.type && !of_image.type.empty())
        request.type = of_image.type;
    if (is_same_type && !request.iops && of_image.iops > 0 && takes_iops(of_image.type))
        request.iops = of_image.iops;
    if (is_same_type && !request.throughput_mib_s && of_image.throughput_mib_s > 0 &&
        takes_throughput(of_image.type))
        request.throughput_mib_s = of_image.throughput_mib_s;
    if (!request.delete_on_termination)
        request.delete_on_termination = of_image.delete_on_termination;
    if (!request.encryption.encrypted && of_image.encrypted)
        request.encryption.encrypted = true;
    return request;
}

struct Device {
    BlockDeviceRequest request;
    std::string image_snapshot_id; // which comes with the right to launch the image
    int64_t image_size_gib = 0;
};

Result<std::vector<Device>> merge_all(const domain::Image& image,
                                      const std::vector<BlockDeviceRequest>& requested) {
    std::vector<Device> devices;
    for (const auto& of_image : devices_of(image))
        if (!of_image.no_device && of_image.virtual_name.empty())
            devices.push_back({merge(of_image, {}), of_image.snapshot_id, of_image.size_gib});
    for (const auto& request : requested) {
        const auto place = std::find_if(devices.begin(), devices.end(), [&](const Device& d) {
            return d.request.device == request.device;
        });
        const bool is_left_out = request.no_device || !request.virtual_name.empty();
        if (is_left_out) {
            if (place != devices.end())
                devices.erase(place);
            continue;
        }
        if (place == devices.end()) {
            devices.push_back({request, "", 0});
            continue;
        }
        for (const auto& of_image : devices_of(image))
            if (of_image.device == request.device)
                place->request = merge(of_image, request);
    }
    for (const auto& [request, snapshot_id, size_gib] : devices)
        if (request.device == image.root_device_name && request.snapshot_id != snapshot_id)
            return bad_mapping("snapshotId cannot be modified on root device");
    const auto is_root = [&](const Device& d) {
        return d.request.device == image.root_device_name;
    };
    std::stable_partition(devices.begin(), devices.end(), is_root);
    return devices;
}

Result<std::optional<domain::Snapshot>>
find_source(store::Transaction& tx, const store::Scope& scope, const Device& device) {
    const auto& id = device.request.snapshot_id;
    if (id.empty())
        return std::optional<domain::Snapshot>{};
    if (id == device.image_snapshot_id) {
        auto snapshot = store::snapshots::find(tx, id);
        if (!snapshot)
            snapshot = domain::Snapshot{.id = id, .size_gib = device.image_size_gib};
        return snapshot;
    }
    PILEUS_ASSIGN(auto snapshot, find_usable_snapshot(tx, scope, id));
    return std::optional{std::move(snapshot)};
}

Result<PlannedVolume>
complete(store::Transaction& tx, const store::Scope& scope, const Device& device, bool is_root) {
    const auto& request = device.request;
    PILEUS_ASSIGN(const auto source, find_source(tx, scope, device));
    if (!source && !request.size_gib)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter size or snapshotId");
    PlannedVolume volume;
    volume.device = request.device;
    volume.snapshot_id = request.snapshot_id;
    volume.size_gib = request.size_gib.value_or(source ? source->size_gib : 0);
    if (source && volume.size_gib < source->size_gib)
        return bad_mapping(
            fmt::format("Volume of size {}GB is smaller than snapshot '{}', expect size >= {}GB",
                        volume.size_gib,
                        source->id,
                        source->size_gib));
    PILEUS_ASSIGN(const auto performance,
                  volume_performance(request.type.value_or(std::string(default_type)),
                                     volume.size_gib,
                                     request.iops,
                                     request.throughput_mib_s));
    if (is_root && !can_be_root(performance.type))
        return bad_mapping(fmt::format("The root volume of an instance cannot be of the type {}.",
                                       performance.type));
    volume.type = performance.type;
    volume.iops = performance.iops;
    volume.throughput_mib_s = performance.throughput_mib_s;
    volume.delete_on_termination = request.delete_on_termination.value_or(true);
    PILEUS_ASSIGN(volume.encryption,
                  choose_encryption(tx, scope, request.encryption, source && source->encrypted));
    return volume;
}

} // namespace

Result<std::vector<PlannedVolume>> plan_volumes(store::Transaction& tx,
                                                const store::Scope& scope,
                                                const domain::Image& image,
                                                const std::vector<BlockDeviceRequest>& requested) {
    PILEUS_TRY(check_names(requested, image.root_device_name));
    PILEUS_ASSIGN(const auto devices, merge_all(image, requested));
    std::vector<PlannedVolume> volumes;
    for (const auto& device : devices) {
        const bool is_root = device.request.device == image.root_device_name;
        PILEUS_ASSIGN(auto volume, complete(tx, scope, device, is_root));
        volumes.push_back(std::move(volume));
    }
    return volumes;
}

} // namespace pileus::cloud
