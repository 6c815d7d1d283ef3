// SPDX-License-Identifier: Apache-2.0
#include "cloud/volume_rules.h"
#include "domain/error_codes.h"

#include <gtest/gtest.h>

namespace pileus::cloud {
namespace {

TEST(VolumeRules, FillInWhatTheTypeGives) {
    const auto gp3 = volume_performance("gp3", 8, {}, {});
    ASSERT_TRUE(gp3);
    EXPECT_EQ(gp3->iops, 3000);
    EXPECT_EQ(gp3->throughput_mib_s, 125);
    EXPECT_EQ(volume_performance("gp2", 8, {}, {})->iops, 100);
    EXPECT_EQ(volume_performance("gp2", 1000, {}, {})->iops, 3000);
    EXPECT_EQ(volume_performance("gp2", 16384, {}, {})->iops, 16000);
}

TEST(VolumeRules, RefuseWhatTheTypeDoesNotHave) {
    EXPECT_EQ(volume_performance("gp4", 8, {}, {}).error().code,
              domain::codes::invalid_parameter_value);
    EXPECT_EQ(volume_performance("gp2", 8, 300, {}).error().code,
              domain::codes::invalid_parameter_combination);
    EXPECT_EQ(volume_performance("io1", 8, {}, {}).error().code, domain::codes::missing_parameter);
    EXPECT_EQ(volume_performance("st1", 8, {}, {}).error().code,
              domain::codes::invalid_parameter_value);
    EXPECT_EQ(volume_performance("gp3", 16385, {}, {}).error().code,
              domain::codes::invalid_parameter_value);
}

TEST(VolumeRules, HoldRatios) {
    EXPECT_TRUE(volume_performance("io1", 10, 500, {}));
    EXPECT_FALSE(volume_performance("io1", 10, 501, {}));
    EXPECT_TRUE(volume_performance("gp3", 1, 3000, 750));
    EXPECT_FALSE(volume_performance("gp3", 1, 3000, 751));
}

} // namespace
} // namespace pileus::cloud
