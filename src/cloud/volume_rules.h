// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pileus::cloud {

// The performance that a volume is made with.
struct VolumePerformance {
    std::string type;
    int64_t iops = 0;             // 0: the type has no such figure
    int64_t throughput_mib_s = 0; // 0: the type has no such figure
};

// Checks size, IOPS and throughput against the type and fills in what the type gives by itself.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
Result<VolumePerformance> volume_performance(const std::string& type,
                                             int64_t size_gib,
                                             std::optional<int64_t> iops,
                                             std::optional<int64_t> throughput_mib_s);

} // namespace pileus::cloud
