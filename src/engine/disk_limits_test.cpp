// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_limits.h"

#include <gtest/gtest.h>

namespace pileus::engine {
namespace {

constexpr int64_t mib = 1024 * 1024;

drivers::DiskLimits of(const char* type, int64_t size_gib, int64_t iops = 0, int64_t mib_s = 0) {
    return disk_limits(
        {.size_gib = size_gib, .type = type, .iops = iops, .throughput_mib_s = mib_s});
}

TEST(DiskLimits, AreWhatTheTypePromises) {
    struct Case {
        const char* type;
        int64_t size_gib, iops, mib_s;
        int64_t iops_given, mib_s_given, burst_iops, burst_mib_s, burst_seconds;
    };
    const Case cases[]{
        {"gp3", 8, 3000, 125, 3000, 125, 0, 0, 0},
        {"gp3", 500, 16000, 1000, 16000, 1000, 0, 0, 0},
        {"gp2", 8, 100, 0, 100, 128, 3000, 0, 1862}, // half an hour
        {"gp2", 334, 1002, 0, 1002, 250, 3000, 0, 2702},
        {"gp2", 1000, 3000, 0, 3000, 250, 0, 0, 0},
        {"gp2", 16384, 16000, 0, 16000, 250, 0, 0, 0},
        {"io1", 100, 1000, 0, 1000, 250, 0, 0, 0},
        {"io1", 1000, 32000, 0, 32000, 500, 0, 0, 0},
        {"io1", 2000, 64000, 0, 64000, 1000, 0, 0, 0},
        {"io2", 100, 16000, 0, 16000, 4000, 0, 0, 0},
        {"st1", 1024, 0, 0, 0, 40, 0, 250, 4993},
        {"st1", 16384, 0, 0, 0, 500, 0, 0, 0},
        {"sc1", 1024, 0, 0, 0, 12, 0, 80, 15420},
        {"standard", 10, 0, 0, 100, 90, 300, 0, 60},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.type + std::string(" ") + std::to_string(c.size_gib));
        const auto limits = of(c.type, c.size_gib, c.iops, c.mib_s);
        EXPECT_EQ(limits.iops, c.iops_given);
        EXPECT_EQ(limits.bytes_per_second / mib, c.mib_s_given);
        EXPECT_EQ(limits.burst_iops, c.burst_iops);
        EXPECT_EQ(limits.burst_bytes_per_second / mib, c.burst_mib_s);
        EXPECT_EQ(limits.burst_seconds, c.burst_seconds);
    }
}

} // namespace
} // namespace pileus::engine
