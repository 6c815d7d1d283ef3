// SPDX-License-Identifier: Apache-2.0
// What every network driver does, whatever it is made of.
#include "drivers/network/emulated/emulated_network.h"
#include "fixture.h"

#include <memory>

namespace pileus::drivers {
namespace {

enum class Kind { emulated, real };

class NetworkContract : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        if (GetParam() == Kind::emulated) {
            network_ = std::make_unique<EmulatedNetwork>();
            return;
        }
        if (::geteuid() != 0)
            GTEST_SKIP() << "the real network needs root";
        network_ = std::make_unique<LinuxNetwork>(test_options(folder_.path()), runner_);
        ASSERT_OK(network_->recover());
    }
    void TearDown() override {
        if (network_)
            EXPECT_OK(network_->remove_all());
    }

    RunFolder folder_;
    CountingRunner runner_;
    std::unique_ptr<Network> network_;
    VpcSpec vpc_ = sample_vpc("vpc-1");
};

TEST_P(NetworkContract, MakesAndRemovesTheWholeOfIt) {
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->apply_security_groups({open_group("vpc-1", "sg-1")}));
    const auto interface = sample_interface(vpc_, 10, 0, {"sg-1"});
    ASSERT_OK(network_->ensure_interface(interface));
    EXPECT_EQ(*network_->observe_interfaces(), std::vector<std::string>{interface.id});
    EXPECT_OK(network_->open_tap("vpc-1", interface.id));
    EXPECT_OK(network_->remove_interface("vpc-1", interface.id));
    EXPECT_TRUE(network_->observe_interfaces()->empty());
    EXPECT_OK(network_->remove_security_group("vpc-1", "sg-1"));
    EXPECT_OK(network_->remove_vpc("vpc-1"));
}

TEST_P(NetworkContract, EveryVerbCanBeRepeated) {
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->ensure_vpc(vpc_));
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->apply_security_groups({open_group("vpc-1", "sg-1")}));
    const auto interface = sample_interface(vpc_, 10, 0, {"sg-1"});
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->ensure_interface(interface));
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->remove_interface("vpc-1", interface.id));
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->remove_security_group("vpc-1", "sg-1"));
    for (int i = 0; i < 2; ++i)
        ASSERT_OK(network_->remove_vpc("vpc-1"));
}

TEST_P(NetworkContract, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(network_->ensure_interface(sample_interface(vpc_, 10, 0, {})).error().code,
              errors::not_found);
    EXPECT_EQ(network_->apply_security_groups({open_group("vpc-1", "sg-1")}).error().code,
              errors::not_found);
    EXPECT_EQ(network_->open_tap("vpc-1", "eni-1").error().code, errors::not_found);
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_EQ(network_->open_tap("vpc-1", "eni-1").error().code, errors::not_found);
    EXPECT_EQ(network_->ensure_interface(sample_interface(vpc_, 10, 0, {"sg-9"})).error().code,
              errors::not_found);
    EXPECT_TRUE(network_->observe_interfaces()->empty());
}

TEST_P(NetworkContract, BadInputChangesNothing) {
    auto evil = vpc_;
    evil.id = "vpc-1 ; add table";
    EXPECT_EQ(network_->ensure_vpc(evil).error().code, errors::invalid);
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->apply_security_groups({open_group("vpc-1", "sg-1")}));
    auto bad_group = open_group("vpc-1", "sg-1");
    bad_group.rules.push_back({false, 6, 90, 80, parse_cidr("0.0.0.0/0"), ""});
    EXPECT_EQ(network_->apply_security_groups({bad_group}).error().code, errors::invalid);
    auto gateway = sample_interface(vpc_, 1, 0, {"sg-1"});
    EXPECT_EQ(network_->ensure_interface(gateway).error().code, errors::invalid);
    auto first = sample_interface(vpc_, 10, 0, {"sg-1"});
    ASSERT_OK(network_->ensure_interface(first));
    auto second = first;
    second.id = "eni-2";
    EXPECT_EQ(network_->ensure_interface(second).error().code, errors::invalid);
    EXPECT_EQ(network_->remove_security_group("vpc-1", "sg-1").error().code, errors::invalid);
    EXPECT_EQ(network_->observe_interfaces()->size(), 1u);
}

TEST_P(NetworkContract, GroupsMayNameEachOther) {
    ASSERT_OK(network_->ensure_vpc(vpc_));
    const SecurityGroupSpec a{"sg-a", "vpc-1", {{false, -1, -1, -1, std::nullopt, "sg-b"}}};
    const SecurityGroupSpec b{"sg-b", "vpc-1", {{false, -1, -1, -1, std::nullopt, "sg-a"}}};
    EXPECT_OK(network_->apply_security_groups({a}));
    EXPECT_OK(network_->apply_security_groups({a, b}));
    EXPECT_OK(network_->remove_security_group("vpc-1", "sg-a"));
    EXPECT_OK(network_->remove_security_group("vpc-1", "sg-b"));
}

INSTANTIATE_TEST_SUITE_P(Drivers,
                         NetworkContract,
                         testing::Values(Kind::emulated, Kind::real),
                         [](const auto& driver) {
                             return driver.param == Kind::emulated ? "emulated" : "linux_kernel";
                         });

} // namespace
} // namespace pileus::drivers
