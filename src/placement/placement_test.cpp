// SPDX-License-Identifier: Apache-2.0
#include "placement/placement.h"

#include <gtest/gtest.h>

namespace pileus::placement {
namespace {

HostLoad host(const std::string& id, int cpus, int64_t memory_mib) {
    return {.host_id = id, .cpus = cpus, .cpu_overcommit = 4.0, .memory_mib = memory_mib};
}

TEST(Placement, PutsAsManyAsFitBetweenMinimumAndMaximum) {
    const auto p = place({host("a", 2, 4096)},
                         {.vcpus = 1, .memory_mib = 1024, .minimum_count = 1, .maximum_count = 9});
    EXPECT_EQ(p.host_ids, (std::vector<std::string>{"a", "a", "a", "a"}));
    EXPECT_EQ(p.shortage, Shortage::none);
}

TEST(Placement, PlacesNothingBelowTheMinimum) {
    const auto p = place({host("a", 2, 4096)},
                         {.vcpus = 1, .memory_mib = 1024, .minimum_count = 5, .maximum_count = 9});
    EXPECT_TRUE(p.host_ids.empty());
    EXPECT_EQ(p.shortage, Shortage::hosts_are_full);
}

TEST(Placement, NamesWhatNoHostHas) {
    EXPECT_EQ(place({host("a", 2, 4096)}, {.vcpus = 4, .memory_mib = 1}).shortage,
              Shortage::instance_has_too_many_vcpus);
    EXPECT_EQ(place({host("a", 2, 4096)}, {.vcpus = 1, .memory_mib = 8192}).shortage,
              Shortage::instance_has_too_much_memory);
}

TEST(Placement, CountsPromisedCpusUpToTheOvercommit) {
    auto busy = host("a", 2, 1 << 20);
    busy.vcpus_used = 7;
    EXPECT_EQ(place({busy}, {.vcpus = 1, .memory_mib = 1}).host_ids.size(), 1u);
    EXPECT_TRUE(place({busy}, {.vcpus = 2, .memory_mib = 1}).host_ids.empty());
}

TEST(Placement, LeavesTheRoomierHostForBiggerInstances) {
    EXPECT_EQ(
        place({host("big", 8, 8192), host("small", 8, 2048)}, {.vcpus = 1, .memory_mib = 1024})
            .host_ids,
        std::vector<std::string>{"small"});
}

} // namespace
} // namespace pileus::placement
