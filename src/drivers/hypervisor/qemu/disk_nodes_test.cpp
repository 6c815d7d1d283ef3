// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_nodes.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace pileus::drivers {
namespace {

const std::string volume = "vol-0123456789abcdef0";

MachineDisk disk() {
    return {{volume, {{"/v/top.qcow2", "qcow2"}, {"/v/base.raw", "raw", true}}, 8},
            "vol0123456789abcdef0"};
}

TEST(DiskNodes, VolumesAndSerialsNameEachOther) {
    EXPECT_EQ(serial_of(volume), "vol0123456789abcdef0");
    EXPECT_EQ(volume_of("vol0123456789abcdef0"), volume);
    EXPECT_EQ(volume_of(""), "vol-");
}

TEST(DiskNodes, NamesFitIntoQemusLimitAndDiffer) {
    std::set<std::string> names;
    for (int i = 0; i < 10'000; ++i)
        names.insert(layer_node(volume, "/layers/lay-" + std::to_string(i) + ".qcow2"));
    EXPECT_EQ(names.size(), 10'000u);
    for (const auto& name : names) {
        EXPECT_LE(name.size() + 2, 31u) << name;
        EXPECT_TRUE(is_layer_of(name, volume));
        EXPECT_FALSE(is_layer_of(name + ".f", volume));
        EXPECT_FALSE(is_layer_of(name, "vol-0123456789abcdef1"));
    }
    EXPECT_EQ(layer_node(volume, "/a"), layer_node(volume, "/a"));
}

TEST(DiskNodes, OnlyWhatWasAskedForIsRead) {
    const auto options = layer_options(volume, disk().chain.layers[0], true, "", 4);
    EXPECT_TRUE(options.at("backing").is_null());
    EXPECT_EQ(options.at("read-only"), false);
    EXPECT_EQ(options.at("file").at("filename"), "/dev/fdset/4");
    EXPECT_FALSE(options.contains("encrypt"));
    const auto raw = layer_options(volume, disk().chain.layers[1], false, "", 4);
    EXPECT_FALSE(raw.contains("backing"));
    EXPECT_EQ(raw.at("read-only"), true);
}

TEST(DiskNodes, DisksThatCannotBeAreRefused) {
    EXPECT_TRUE(check_disk(disk()));
    const auto expect_refused = [](auto change) {
        auto bad = disk();
        change(bad);
        EXPECT_EQ(check_disk(bad).error().code, errors::invalid);
    };
    expect_refused([](auto& bad) { bad.serial = "vol0123456789abcdef1"; });
    expect_refused([](auto& bad) { bad.chain.volume_id = "vol-x"; });
    expect_refused([](auto& bad) { bad.chain.layers.clear(); });
    expect_refused([](auto& bad) { bad.chain.layers[0].format = "vmdk"; });
    expect_refused([](auto& bad) { bad.chain.layers[1].secret = "x"; });
    expect_refused([](auto& bad) { std::swap(bad.chain.layers[0], bad.chain.layers[1]); });
    expect_refused([](auto& bad) { bad.chain.layers.resize(65, {"/x", "qcow2"}); });
}

TEST(DiskNodes, LimitsAreToldWithTheirBursts) {
    const auto none = throttle_options(volume, {});
    EXPECT_EQ(none.at("iops"), 0);
    EXPECT_EQ(none.at("bps"), 0);
    EXPECT_FALSE(none.contains("iops_max"));
    const auto gp2 = throttle_options(
        volume,
        {.iops = 100, .bytes_per_second = 128 << 20, .burst_iops = 3000, .burst_seconds = 1800});
    EXPECT_EQ(gp2.at("iops"), 100);
    EXPECT_EQ(gp2.at("iops_max"), 3000);
    EXPECT_EQ(gp2.at("iops_max_length"), 1800);
    EXPECT_FALSE(gp2.contains("bps_max"));
    // A burst below the rule itself, or without one, is none.
    EXPECT_FALSE(throttle_options(volume, {.iops = 100, .burst_iops = 50}).contains("iops_max"));
    EXPECT_FALSE(throttle_options(volume, {.burst_iops = 50}).contains("iops_max"));
}

} // namespace
} // namespace pileus::drivers
