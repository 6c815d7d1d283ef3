// SPDX-License-Identifier: Apache-2.0
#pragma once

// Block device mappings of images, as CreateImage and RegisterImage read them and DescribeImages
// and DescribeImageAttribute write them. Templates over the views; pure.

#include "api/ec2/convert.h"
#include "cloud/images.h"

#include <string>
#include <vector>

namespace pileus::api::ec2 {

template <class Request>
Result<std::vector<cloud::ImageDeviceRequest>> image_devices_of(const Request& in) {
    std::vector<cloud::ImageDeviceRequest> devices;
    for (const auto mapping : in.block_device_mappings()) {
        cloud::ImageDeviceRequest device;
        device.device = text(mapping.device_name());
        device.virtual_name = text(mapping.virtual_name());
        device.no_device = mapping.no_device().has_value();
        if (const auto ebs = mapping.ebs()) {
            if (ebs.outpost_arn())
                return fail(domain::codes::unsupported_operation,
                            "There are no Outposts here: leave Ebs.OutpostArn out.");
            device.has_ebs = true;
            device.snapshot_id = text(ebs.snapshot_id());
            device.size_gib = ebs.volume_size();
            if (const auto type = ebs.volume_type())
                device.type = std::string(*type);
            device.iops = ebs.iops();
            device.throughput_mib_s = ebs.throughput();
            device.delete_on_termination = ebs.delete_on_termination();
            device.encryption = {ebs.encrypted(), text(ebs.kms_key_id())};
        }
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
