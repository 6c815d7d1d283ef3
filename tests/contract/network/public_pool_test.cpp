// SPDX-License-Identifier: Apache-2.0
// Public addresses on a real network: the neighbours of the machine reach guests, and see them.
#include "machine.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

class PublicPoolTest : public MachineTest {
  protected:
    void SetUp() override {
        options_.public_pool = *Ipv4Cidr::parse("203.0.113.64/26");
        MachineTest::SetUp();
        if (!home_)
            return;
        ASSERT_OK(network_->ensure_vpc(vpc_));
        ASSERT_OK(network_->apply_security_groups(
            {open_group("vpc-1", "sg-open"), port_group("vpc-1", "sg-ssh", 22, "203.0.113.1/32")}));
    }
    bool outside_reaches(Ipv4 address, uint16_t port, std::chrono::milliseconds limit) {
        auto connected =
            outside_->run([&]() -> Result<UniqueFd> { return connect_to(address, port, limit); });
        return connected && static_cast<bool>(*connected);
    }
};

TEST_F(PublicPoolTest, NeighboursReachGuestsAndSeeThem) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-ssh"});
    auto two = sample_interface(vpc_, 11, 1, {"sg-open"});
    const auto first = *Ipv4::parse("203.0.113.70"), second = *Ipv4::parse("203.0.113.71");
    one.addresses[0].public_ip = first;
    two.addresses[0].public_ip = second;
    const auto a = guest(one), b = guest(two);
    const auto ssh = a->listen(22), web = a->listen(80);
    const auto outside = listen_outside(443);
    EXPECT_TRUE(outside_reaches(first, 22, 3s));
    EXPECT_EQ(Guest::peer_of(ssh), IpAddress(outside_ip)) << "the caller has its own address";
    EXPECT_FALSE(outside_reaches(first, 80, 250ms)) << "its group does not let it in";
    EXPECT_FALSE(connect_from_machine(first, 22)) << "a rule for one address is for one address";
    EXPECT_TRUE(b->reaches(outside_ip, 443));
    EXPECT_EQ(Guest::peer_of(outside), IpAddress(second)) << "and so has the guest";
    EXPECT_TRUE(a->is_refused(machine_ip, 443));

    start();
    EXPECT_TRUE(outside_reaches(first, 22, 3s)) << "after a restart of the driver";
    one.addresses[0].public_ip.reset();
    ASSERT_OK(network_->ensure_interface(one));
    EXPECT_FALSE(outside_reaches(first, 22, 250ms));
}

TEST_F(PublicPoolTest, GuestsReachEachOthersPublicAddresses) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    auto two = sample_interface(vpc_, 11, 1, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("203.0.113.70");
    two.addresses[0].public_ip = *Ipv4::parse("203.0.113.71");
    const auto a = guest(one), b = guest(two);
    const auto listening = a->listen(22);
    EXPECT_TRUE(b->reaches(*one.addresses[0].public_ip, 22));
    EXPECT_EQ(Guest::peer_of(listening), IpAddress(*two.addresses[0].public_ip));
}

} // namespace
} // namespace pileus::drivers
