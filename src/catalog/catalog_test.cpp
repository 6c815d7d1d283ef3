// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view family = R"(
[[family]]
name = "x9"
manufacturer = "Intel"
clock_ghz = 2.5
threads_per_core = 2
architectures = ["x86_64"]
hypervisor = "nitro"
current_generation = true
ena = "required"
)";

Result<Catalog> parse_sizes(std::string_view sizes) {
    return Catalog::parse(std::string(family) + "sizes = [\n" + std::string(sizes) + "\n]\n",
                          "types.toml");
}

TEST(Catalog, SizeOverridesItsFamily) {
    const auto catalog = parse_sizes(R"(
        { size = "large", vcpus = 2, memory_mib = 8192, network = "n", interfaces = 3, addresses = 10 },
        { size = "metal", vcpus = 4, memory_mib = 16384, network = "n", interfaces = 3, addresses = 10, clock_ghz = 3.1, bare_metal = true, ebs_mbps = [1, 2], ebs_iops = [3, 4] },)");
    ASSERT_TRUE(catalog) << catalog.error().message;
    const auto* large = catalog->find("x9.large");
    ASSERT_NE(large, nullptr);
    EXPECT_EQ(large->clock_ghz, 2.5);
    EXPECT_EQ(large->hypervisor, "nitro");
    EXPECT_EQ(large->cores, 1);
    EXPECT_EQ(large->ebs_baseline_mbps, 0) << "unknown is 0, not a guess";
    const auto* metal = catalog->find("x9.metal");
    ASSERT_NE(metal, nullptr);
    EXPECT_EQ(metal->clock_ghz, 3.1);
    EXPECT_EQ(metal->hypervisor, "");
    EXPECT_EQ(metal->ebs_maximum_mbps, 2);
    EXPECT_EQ(metal->ebs_maximum_iops, 4);
    EXPECT_EQ(catalog->find("x9.huge"), nullptr);
}

TEST(Catalog, MistakesNameTheFileTheLineAndTheKey) {
    const std::pair<std::string_view, std::string_view> cases[]{
        {"{ size = \"large\", memory_mib = 1, network = \"n\", interfaces = 1, addresses = 1 }",
         "'vcpus'"},
        {"{ size = \"large\", vcpus = 0, memory_mib = 1, interfaces = 1, addresses = 1 }",
         "'vcpus'"},
        {"{ size = \"large\", vcpus = \"2\", memory_mib = 1, interfaces = 1, addresses = 1 }",
         "'vcpus'"},
        {"{ size = \"large\", vcpus = 3, memory_mib = 1, interfaces = 1, addresses = 1 }",
         "not a multiple"},
        {"{ size = \"large\", vcpus = 2, memory_mib = 1, interfaces = 1, addresses = 1, ebs_mbps = "
         "7 }",
         "'ebs_mbps'"},
        {"{ size = \"a\", vcpus = 2, memory_mib = 1, interfaces = 1, addresses = 1 },"
         "{ size = \"a\", vcpus = 2, memory_mib = 1, interfaces = 1, addresses = 1 }",
         "x9.a is listed twice"},
        {"{ size = ", "line 12"},
    };
    for (const auto& [sizes, expected] : cases) {
        const auto catalog = parse_sizes(sizes);
        ASSERT_FALSE(catalog) << sizes;
        EXPECT_THAT(catalog.error().message, HasSubstr("types.toml"));
        EXPECT_THAT(catalog.error().message, HasSubstr(expected));
    }
}

TEST(Catalog, OwnDataHasEveryFamilyOfTheIssueWithItsSizes) {
    const auto catalog = Catalog::load(PILEUS_DATA "/instance_types.toml");
    ASSERT_TRUE(catalog) << catalog.error().message;
    std::map<std::string, int> sizes;
    for (const auto& type : catalog->all())
        ++sizes[type.family];
    const std::map<std::string, int> expected{{"t2", 7},
                                              {"t3", 7},
                                              {"t3a", 7},
                                              {"m5", 9},
                                              {"m6i", 10},
                                              {"m7i", 11},
                                              {"c5", 9},
                                              {"c6i", 10},
                                              {"c7i", 11},
                                              {"r5", 9},
                                              {"r6i", 10},
                                              {"r7i", 11}};
    EXPECT_EQ(sizes, expected);
}

TEST(Catalog, OwnDataSaysWhatAwsPublishes) {
    const auto catalog = Catalog::load(PILEUS_DATA "/instance_types.toml");
    ASSERT_TRUE(catalog);
    struct {
        const char* name;
        int vcpus;
        int64_t memory_gib;
    } const published[]{{"t2.small", 1, 2},
                        {"t3.medium", 2, 4},
                        {"t3a.2xlarge", 8, 32},
                        {"m5.metal", 96, 384},
                        {"m7i.48xlarge", 192, 768},
                        {"c5.9xlarge", 36, 72},
                        {"c6i.32xlarge", 128, 256},
                        {"r5.large", 2, 16},
                        {"r7i.metal-24xl", 96, 768}};
    for (const auto& type : published) {
        const auto* found = catalog->find(type.name);
        ASSERT_NE(found, nullptr) << type.name;
        EXPECT_EQ(found->vcpus, type.vcpus) << type.name;
        EXPECT_EQ(found->memory_mib, type.memory_gib * 1024) << type.name;
    }
    EXPECT_THAT(catalog->find("t2.micro")->architectures, ElementsAre("i386", "x86_64"));
    EXPECT_TRUE(catalog->find("t3.micro")->burstable);
    EXPECT_TRUE(catalog->find("c7i.metal-48xl")->bare_metal);
}

} // namespace
} // namespace pileus::catalog
