// SPDX-License-Identifier: Apache-2.0
#pragma once

// A machine of its own for a test: the test's thread is in a network namespace that has one link to
// another namespace, the world outside. The driver is started there and takes it for its host.

#include "linux_fixture.h"

#include <sched.h>

namespace pileus::drivers {

inline const Ipv4 machine_ip = *Ipv4::parse("203.0.113.2");
inline const Ipv4 outside_ip = *Ipv4::parse("203.0.113.1");

class MachineTest : public LinuxNetworkTest {
  protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "the real network needs root";
        auto home = NetworkNamespace::of_caller();
        ASSERT_OK(home);
        home_.emplace(std::move(*home));
        std::thread([this] {
            ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
            outside_.emplace(std::move(*NetworkNamespace::of_caller()));
        }).join();
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
        machine_.emplace(std::move(*NetworkNamespace::of_caller()));
        auto links = Netlink::open();
        ASSERT_OK(links);
        ASSERT_OK(links->change_link(*links->link_index("lo"), {.up = true}));
        ASSERT_OK(links->ensure_veth("world", "machine", outside_->fd(), 1500));
        const int world = *links->link_index("world");
        ASSERT_OK(links->change_link(world, {.up = true}));
        ASSERT_OK(links->ensure_address(world, machine_ip, 24));
        const auto there = outside_->run([]() -> Result<void> {
            PILEUS_ASSIGN(auto far, Netlink::open());
            PILEUS_ASSIGN(const int lo, far.link_index("lo"));
            PILEUS_TRY(far.change_link(lo, {.up = true}));
            PILEUS_ASSIGN(const int machine, far.link_index("machine"));
            PILEUS_TRY(far.change_link(machine, {.up = true}));
            PILEUS_TRY(far.ensure_address(machine, outside_ip, 24));
            return far.ensure_route(
                {.destination = *parse_cidr("203.0.113.0/24"), .link = machine});
        });
        ASSERT_OK(there);
        ASSERT_OK(
            links->ensure_route({.destination = *parse_cidr("203.0.113.0/24"), .link = world}));
        ASSERT_OK(
            links->ensure_route({.destination = Ipv4Cidr{}, .link = world, .via = outside_ip}));
        options_.egress = true;
        start();
    }
    void TearDown() override {
        if (!home_)
            return;
        LinuxNetworkTest::TearDown();
        network_.reset();
        ASSERT_EQ(::setns(home_->fd(), CLONE_NEWNET), 0);
    }

    UniqueFd listen_outside(uint16_t port) const { return listen_in(*outside_, port); }
    UniqueFd connect_from_machine(Ipv4 address, uint16_t port) const {
        return connect_to(address, port, std::chrono::milliseconds{250});
    }

    std::optional<NetworkNamespace> home_, machine_, outside_;
};

} // namespace pileus::drivers
