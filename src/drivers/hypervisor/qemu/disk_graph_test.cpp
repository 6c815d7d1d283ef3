// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_graph.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string volume = "vol-0123456789abcdef0";

class GraphBuilder {
  public:
    int64_t add(const std::string& name, const char* type = "block-driver") {
        nodes_.push_back({{"id", ++last_}, {"name", name}, {"type", type}});
        return last_;
    }
    int64_t layer(const std::string& path) {
        const auto node = add(layer_node(volume, path));
        link(node, add(layer_node(volume, path) + ".f"), "file");
        return node;
    }
    void link(int64_t parent, int64_t child, const char* name) {
        edges_.push_back({{"parent", parent}, {"child", child}, {"name", name}});
    }
    DiskGraph graph() const {
        return DiskGraph::parse({{"nodes", nodes_}, {"edges", edges_}}).value();
    }

  private:
    int64_t last_ = 0;
    boost::json::array nodes_;
    boost::json::array edges_;
};

TEST(DiskGraph, KnowsWhatStandsOnWhat) {
    GraphBuilder builder;
    const auto device = builder.add(disk_backend_path(volume), "block-backend");
    const auto top = builder.layer("top");
    const auto below = builder.layer("below");
    builder.link(device, top, "root");
    builder.link(top, below, "backing");
    const auto graph = builder.graph();
    EXPECT_EQ(graph.top_of(volume), layer_node(volume, "top"));
    EXPECT_EQ(graph.backing_of(layer_node(volume, "top")), layer_node(volume, "below"));
    EXPECT_EQ(graph.backing_of(layer_node(volume, "below")), "");
    EXPECT_EQ(graph.top_of("vol-0123456789abcdef1"), "");
    EXPECT_TRUE(graph.has(layer_node(volume, "below")));
    EXPECT_THAT(graph.unused_of(volume), IsEmpty());
}

TEST(DiskGraph, WhatNoDeviceStandsOnGoesFromTheTopDown) {
    GraphBuilder builder;
    const auto a = builder.layer("a");
    const auto b = builder.layer("b");
    const auto c = builder.layer("c");
    builder.link(c, a, "backing");
    builder.link(a, b, "backing");
    builder.add(dead_node("vol-0123456789abcdef1")); // another's
    EXPECT_THAT(
        builder.graph().unused_of(volume),
        ElementsAre(layer_node(volume, "c"), layer_node(volume, "a"), layer_node(volume, "b")));
}

TEST(DiskGraph, ALayerThatAnotherStandsOnIsUsed) {
    GraphBuilder builder;
    const auto device = builder.add(disk_backend_path(volume), "block-backend");
    const auto dead = builder.add(dead_node(volume));
    builder.link(device, dead, "root");
    builder.layer("left");
    EXPECT_EQ(builder.graph().top_of(volume), dead_node(volume));
    EXPECT_THAT(builder.graph().unused_of(volume), ElementsAre(layer_node(volume, "left")));
}

TEST(DiskGraph, NonsenseIsRefusedOrEmpty) {
    EXPECT_FALSE(DiskGraph::parse(nullptr));
    EXPECT_FALSE(DiskGraph::parse({{"nodes", 1}, {"edges", 2}}));
    const auto odd = DiskGraph::parse({{"nodes", {1, "x"}}, {"edges", {nullptr}}});
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->top_of(volume), "");
    // A circle ends.
    GraphBuilder builder;
    const auto a = builder.layer("a");
    const auto b = builder.layer("b");
    builder.link(a, b, "backing");
    builder.link(b, a, "backing");
    const auto device = builder.add(disk_backend_path("vol-0123456789abcdef1"), "block-backend");
    builder.link(device, a, "root");
    EXPECT_THAT(builder.graph().unused_of("vol-0123456789abcdef1"), IsEmpty());
    EXPECT_THAT(builder.graph().unused_of(volume), IsEmpty());
}

} // namespace
} // namespace pileus::drivers
