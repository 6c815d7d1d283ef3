// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"

#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {
namespace {

// In a network namespace that ends with the test.
void in_fresh_namespace(const std::function<void(Netlink&)>& test) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "network namespaces need root";
    std::thread([&] {
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
        auto netlink = Netlink::open();
        ASSERT_TRUE(netlink);
        test(*netlink);
    }).join();
}

TEST(Netlink, EnsuringTwiceIsEnsuringOnce) {
    in_fresh_namespace([](Netlink& netlink) {
        const auto address = *Ipv4::parse("10.0.0.1");
        for (int i = 0; i < 2; ++i) {
            EXPECT_TRUE(netlink.ensure_bridge("s1"));
            const auto link = netlink.link_index("s1");
            ASSERT_TRUE(link);
            EXPECT_TRUE(netlink.ensure_address(*link, address, 24));
            EXPECT_TRUE(netlink.change_link(*link, {.up = true, .mtu = 1400, .alias = "subnet-1"}));
            EXPECT_TRUE(
                netlink.ensure_route({.destination = *parse_cidr("10.0.0.9/32"), .link = *link}));
            EXPECT_TRUE(netlink.ensure_neighbor(
                *link, *Ipv4::parse("10.0.0.9"), MacAddress{{2, 0, 0, 0, 0, 9}}));
            EXPECT_TRUE(netlink.ensure_route(
                {.destination = *Ipv4Cidr::parse("10.0.0.0/8"), .kind = RouteKind::blackhole}));
        }
        const auto link = netlink.find_link("s1");
        ASSERT_TRUE(link && *link);
        EXPECT_TRUE((*link)->up);
        EXPECT_EQ((*link)->alias, "subnet-1");
        EXPECT_EQ(netlink.links()->size(), 2u);
    });
}

TEST(Netlink, RemovingWhatIsNotThereIsNoError) {
    in_fresh_namespace([](Netlink& netlink) {
        EXPECT_TRUE(netlink.remove_link("s1"));
        EXPECT_FALSE(*netlink.find_link("s1"));
        EXPECT_EQ(netlink.link_index("s1").error().code, errors::not_found);
        EXPECT_TRUE(netlink.ensure_bridge("s1"));
        EXPECT_TRUE(netlink.ensure_bridge("s2"));
        EXPECT_TRUE(netlink.remove_all_links());
        EXPECT_EQ(netlink.links()->size(), 1u) << "the loopback link";
    });
}

TEST(Netlink, FindsRoutesOfOthersAndTheWayOut) {
    in_fresh_namespace([](Netlink& netlink) {
        EXPECT_FALSE(*netlink.default_route_link());
        ASSERT_TRUE(netlink.ensure_bridge("s1"));
        const int link = *netlink.link_index("s1");
        ASSERT_TRUE(netlink.change_link(link, {.up = true}));
        ASSERT_TRUE(
            netlink.ensure_route({.destination = *Ipv4Cidr::parse("198.18.5.0/24"), .link = link}));
        ASSERT_TRUE(netlink.ensure_route({.destination = Ipv4Cidr{}, .link = link}));
        EXPECT_EQ(*netlink.default_route_link(), link);
        const auto block = *Ipv4Cidr::parse("198.18.0.0/15");
        EXPECT_TRUE(*netlink.has_foreign_route(block, link + 1));
        EXPECT_FALSE(*netlink.has_foreign_route(block, link));
    });
}

} // namespace
} // namespace pileus::drivers
