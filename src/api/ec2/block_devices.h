// SPDX-License-Identifier: Apache-2.0
#pragma once

// Block device mappings, as RunInstances, CreateImage and RegisterImage read them, and as
// DescribeImages and DescribeImageAttribute write them. Templates over the views; pure.

#include "api/ec2/convert.h"
#include "cloud/images.h"

#include <array>
#include <string>
#include <vector>

namespace pileus::api::ec2 {

template <class Mapping>
Result<cloud::BlockDeviceRequest> block_device_of(std::string_view operation, const Mapping& in) {
    cloud::BlockDeviceRequest device;
    device.device = text(in.device_name());
    device.no_device = in.no_device().has_value();
    device.virtual_name = text(in.virtual_name());
    const auto ebs = in.ebs();
    if (!ebs)
        return device;
    PILEUS_TRY(refuse_members(
        operation,
        std::array{Member{"BlockDeviceMapping.Ebs.OutpostArn", ebs.outpost_arn().has_value()},
                   Member{"BlockDeviceMapping.Ebs.VolumeInitializationRate",
                          ebs.volume_initialization_rate().has_value()},
                   Member{"BlockDeviceMapping.Ebs.EbsCardIndex other than 0",
                          ebs.ebs_card_index().value_or(0) != 0}}));
    device.has_ebs = true;
    device.snapshot_id = text(ebs.snapshot_id());
    device.size_gib = ebs.volume_size();
    if (const auto type = ebs.volume_type())
        device.type = std::string(*type);
    device.iops = ebs.iops();
    device.throughput_mib_s = ebs.throughput();
    device.delete_on_termination = ebs.delete_on_termination();
    device.encryption = {ebs.encrypted(), text(ebs.kms_key_id())};
    return device;
}

template <class Request>
Result<std::vector<cloud::BlockDeviceRequest>> block_devices_of(std::string_view operation,
                                                                const Request& in) {
    std::vector<cloud::BlockDeviceRequest> devices;
    for (const auto mapping : in.block_device_mappings()) {
        PILEUS_ASSIGN(auto device, block_device_of(operation, mapping));
        devices.push_back(std::move(device));
    }
    return devices;
}

template <class Mapping> void write_image_device(const domain::ImageDevice& device, Mapping out) {
    out.set_device_name(device.device);
    if (device.no_device) {
        out.set_no_device("");
        return;
    }
    if (!device.virtual_name.empty()) {
        out.set_virtual_name(device.virtual_name);
        return;
    }
    auto ebs = out.set_ebs();
    ebs.set_volume_size(static_cast<int32_t>(device.size_gib))
        .set_volume_type(device.type)
        .set_delete_on_termination(device.delete_on_termination)
        .set_encrypted(device.encrypted);
    if (!device.snapshot_id.empty())
        ebs.set_snapshot_id(device.snapshot_id);
    // A type without the figure has no such member in the answer.
    if (device.iops > 0)
        ebs.set_iops(static_cast<int32_t>(device.iops));
    if (device.throughput_mib_s > 0)
        ebs.set_throughput(static_cast<int32_t>(device.throughput_mib_s));
}

} // namespace pileus::api::ec2
