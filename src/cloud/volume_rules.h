// SPDX-License-Identifier: Apache-2.0
#pragma once

// What EC2 lets a volume be: sizes, IOPS and throughput by type, and the names of devices. Pure
// functions. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html

#include "base/result.h"
#include "domain/volume.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::cloud {

// The performance that a volume is made with.
struct VolumePerformance {
    std::string type;
    int64_t iops = 0;             // 0: the type has no such figure
    int64_t throughput_mib_s = 0; // 0: the type has no such figure
};

// Checks size, IOPS and throughput against the type and fills in what the type gives by itself.
Result<VolumePerformance> volume_performance(const std::string& type,
                                             int64_t size_gib,
                                             std::optional<int64_t> iops,
                                             std::optional<int64_t> throughput_mib_s);

// Whether IOPS may be asked for: gp3, io1, io2.
bool takes_iops(std::string_view type);
bool takes_throughput(std::string_view type); // gp3
bool can_be_root(std::string_view type);      // the HDD types cannot

// What ModifyVolume asks for; what is absent stays, or is what the new type gives.
struct VolumeChange {
    std::optional<int64_t> size_gib;
    std::optional<std::string> type;
    std::optional<int64_t> iops;
    std::optional<int64_t> throughput_mib_s;
};
// The volume as it is to be; only size, type, IOPS and throughput are others.
// https://docs.aws.amazon.com/ebs/latest/userguide/modify-volume-requirements.html
Result<domain::Volume> changed_volume(const domain::Volume& volume, const VolumeChange& change);

// "/dev/sdf", "/dev/xvdba": what a volume can be attached as; and whatever the root is called.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
bool is_device_name(std::string_view name, std::string_view root_device_name);

} // namespace pileus::cloud
