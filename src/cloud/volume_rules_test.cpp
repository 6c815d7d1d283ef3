// SPDX-License-Identifier: Apache-2.0
#include "cloud/volume_rules.h"
#include "domain/error_codes.h"

#include <gtest/gtest.h>

namespace pileus::cloud {
namespace {

namespace codes = domain::codes;

TEST(VolumeRules, FillInWhatTheTypeGives) {
    const auto gp3 = volume_performance("gp3", 8, {}, {});
    ASSERT_TRUE(gp3);
    EXPECT_EQ(gp3->iops, 3000);
    EXPECT_EQ(gp3->throughput_mib_s, 125);
    EXPECT_EQ(volume_performance("gp2", 8, {}, {})->iops, 100);
    EXPECT_EQ(volume_performance("gp2", 1000, {}, {})->iops, 3000);
    EXPECT_EQ(volume_performance("gp2", 16384, {}, {})->iops, 16000);
    EXPECT_EQ(volume_performance("st1", 125, {}, {})->iops, 0);
}

struct Refused {
    const char* type;
    int64_t size_gib;
    std::optional<int64_t> iops;
    std::optional<int64_t> throughput;
    const char* code;
    const char* message;
};

TEST(VolumeRules, RefuseWhatTheTypeDoesNotHave) {
    const Refused cases[]{
        {"gp4",
         8,
         {},
         {},
         codes::unknown_volume_type,
         "Unsupported volume type 'gp4' for volume creation."},
        {"gp3",
         0,
         {},
         {},
         codes::invalid_parameter_value,
         "Volume of 0GiB is too small; minimum is 1GiB."},
        {"gp3",
         65537,
         {},
         {},
         codes::invalid_parameter_value,
         "Volume of 65537GiB is too large; maximum is 65536GiB."},
        {"gp2",
         16385,
         {},
         {},
         codes::invalid_parameter_value,
         "Volume of 16385GiB is too large; maximum is 16384GiB."},
        {"st1",
         124,
         {},
         {},
         codes::invalid_parameter_value,
         "Volume of 124GiB is too small; minimum is 125GiB."},
        {"standard",
         1025,
         {},
         {},
         codes::invalid_parameter_value,
         "Volume of 1025GiB is too large; maximum is 1024GiB."},
        {"gp2",
         8,
         300,
         {},
         codes::invalid_parameter_combination,
         "The parameter iops is not supported for gp2 volumes."},
        {"gp2",
         8,
         {},
         125,
         codes::invalid_parameter_combination,
         "The parameter throughput is not supported for gp2 volumes."},
        {"io1",
         8,
         {},
         {},
         codes::missing_parameter,
         "The parameter iops must be specified for io1 volumes."},
        {"io1",
         8,
         50,
         {},
         codes::invalid_parameter_value,
         "Volume iops of 50 is too low; minimum is 100."},
        {"gp3",
         200,
         80001,
         {},
         codes::invalid_parameter_value,
         "Volume iops of 80001 is too high; maximum is 80000."},
        {"gp3",
         20,
         15000,
         {},
         codes::invalid_parameter_value,
         "Iops to volume size ratio of 750.000000 is too high; maximum is 500"},
        {"gp3",
         8,
         {},
         124,
         codes::invalid_parameter_value,
         "Throughput (MiBps) of 124 is too low; minimum is 125."},
        {"gp3",
         200,
         8000,
         2001,
         codes::invalid_parameter_value,
         "Throughput (MiBps) of 2001 is too high; maximum is 2000."},
        {"gp3",
         8,
         3000,
         751,
         codes::invalid_parameter_value,
         "Throughput (MiBps) to iops ratio of 0.250333 is too high; maximum is 0.25 MiBps per "
         "iops."},
    };
    for (const auto& c : cases) {
        const auto refused = volume_performance(c.type, c.size_gib, c.iops, c.throughput);
        ASSERT_FALSE(refused) << c.message;
        EXPECT_EQ(refused.error().code, c.code) << c.message;
        EXPECT_EQ(refused.error().message, c.message);
    }
}

TEST(VolumeRules, AllowTheLargest) {
    EXPECT_TRUE(volume_performance("gp3", 65536, 80000, 2000));
    EXPECT_TRUE(volume_performance("io2", 65536, 256000, {}));
    EXPECT_TRUE(volume_performance("io1", 10, 500, {}));
    EXPECT_FALSE(volume_performance("io1", 10, 501, {}));
    EXPECT_TRUE(volume_performance("gp3", 1, 3000, 750)) << "what is included needs no size";
}

domain::Volume volume(const std::string& type, int64_t size_gib, int64_t iops, int64_t throughput) {
    domain::Volume v;
    v.type = type;
    v.size_gib = size_gib;
    v.iops = iops;
    v.throughput_mib_s = throughput;
    return v;
}

TEST(VolumeRules, ChangeKeepsWhatIsNotNamed) {
    const auto before = volume("gp3", 100, 4000, 500);
    const auto grown = changed_volume(before, {.size_gib = 200});
    ASSERT_TRUE(grown);
    EXPECT_EQ(grown->size_gib, 200);
    EXPECT_EQ(grown->iops, 4000);
    EXPECT_EQ(grown->throughput_mib_s, 500);
    const auto gp2 = changed_volume(before, {.type = "gp2"});
    ASSERT_TRUE(gp2);
    EXPECT_EQ(gp2->iops, 300);
    EXPECT_EQ(gp2->throughput_mib_s, 0);
    EXPECT_EQ(changed_volume(volume("gp2", 100, 300, 0), {.size_gib = 1000})->iops, 3000);
    const auto io1 = changed_volume(volume("gp2", 100, 300, 0), {.type = "io1"});
    ASSERT_TRUE(io1);
    EXPECT_EQ(io1->iops, 3000);
    EXPECT_EQ(changed_volume(volume("io1", 100, 5000, 0), {.type = "gp3"})->throughput_mib_s, 125);
}

TEST(VolumeRules, ChangeThatCannotBe) {
    const auto gp3 = volume("gp3", 100, 4000, 500);
    const auto message = [](const auto& refused) { return refused ? "" : refused.error().message; };
    EXPECT_EQ(changed_volume(gp3, {}).error().code, codes::missing_parameter);
    EXPECT_EQ(message(changed_volume(gp3, {.size_gib = 99})),
              "New size cannot be smaller than existing size");
    EXPECT_EQ(message(changed_volume(gp3, {.type = "standard"})),
              "A volume cannot be changed to the type 'standard'.");
    EXPECT_EQ(message(changed_volume(gp3, {.type = "st1"})),
              "Volume of 100GiB is too small; minimum is 125GiB.");
    EXPECT_EQ(changed_volume(gp3, {.iops = 1000}).error().code, codes::invalid_parameter_value)
        << "the throughput it has is too much for so few";
    EXPECT_EQ(changed_volume(volume("gp2", 8, 100, 0), {.iops = 3000}).error().code,
              codes::invalid_parameter_combination);
}

TEST(VolumeRules, DeviceNames) {
    for (const auto* good : {"/dev/sdf",
                             "/dev/sdz",
                             "/dev/xvdf",
                             "/dev/xvdba",
                             "xvdh",
                             "sdb",
                             "/dev/sda1",
                             "/dev/root"})
        EXPECT_TRUE(is_device_name(good, "/dev/root")) << good;
    for (const auto* bad : {"",
                            "/dev/",
                            "/dev/sdk1",
                            "/dev/xvdeo",
                            "/dev/nvme1n1",
                            "/dev/sdF",
                            "/dev/xvd",
                            "/dev/sd",
                            "/dev/xvdaaa",
                            "/dev/sdf ",
                            "../sdf"})
        EXPECT_FALSE(is_device_name(bad, "/dev/root")) << bad;
}

} // namespace
} // namespace pileus::cloud
