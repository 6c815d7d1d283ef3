// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real driver in a test: every test starts without the driver's things and ends without them.

#include "fixture.h"
#include "guest.h"

#include <filesystem>
#include <map>
#include <memory>
#include <poll.h>
#include <set>
#include <sys/socket.h>

namespace pileus::drivers {

// What carries the name of the tests' installation; the machine may be busy with other things.
inline std::set<std::string> ours_in(const char* folder) {
    std::set<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (const auto name = entry.path().filename().string(); name.starts_with("ptest"))
            names.insert(name);
    return names;
}

inline bool has_our_table() {
    SystemProcessRunner runner;
    return runner.run({.argv = {"nft", "list", "tables"}})->out.find("ptest") != std::string::npos;
}

class LinuxNetworkTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "the real network needs root";
        start();
        ASSERT_OK(network_->ensure_vpc(vpc_));
        ASSERT_OK(network_->apply_security_groups({open_group("vpc-1", "sg-open")}));
    }
    void TearDown() override {
        if (!network_)
            return;
        EXPECT_OK(network_->remove_all());
        EXPECT_EQ(ours_in("/sys/class/net"), std::set<std::string>{});
        EXPECT_EQ(ours_in("/run/netns"), std::set<std::string>{});
        EXPECT_FALSE(has_our_table());
        EXPECT_FALSE(std::filesystem::exists(folder_.path() / "network"));
    }

    // As the daemon starts, the second time after a crash.
    void start() {
        listeners_.clear();
        network_.reset();
        network_ = std::make_unique<LinuxNetwork>(options_, runner_);
        network_->on_metadata_listener(
            [this](MetadataListener listener) {
                listeners_[listener.vpc_id] = std::move(listener.socket);
            },
            [this](const std::string& vpc_id) { listeners_.erase(vpc_id); });
        ASSERT_OK(network_->recover());
    }

    UniqueFd tap_of(const InterfaceSpec& interface) {
        EXPECT_OK(network_->ensure_interface(interface));
        auto tap = network_->open_tap(interface.vpc_id, interface.id);
        EXPECT_OK(tap);
        return tap ? std::move(*tap) : UniqueFd();
    }
    std::unique_ptr<Guest> guest(const InterfaceSpec& interface, const VpcSpec& vpc) {
        auto tap = tap_of(interface);
        for (const auto& subnet : vpc.subnets)
            if (subnet.id == interface.subnet_id)
                return std::make_unique<Guest>(std::move(tap), interface, subnet.cidr);
        return nullptr;
    }
    std::unique_ptr<Guest> guest(const InterfaceSpec& interface) { return guest(interface, vpc_); }

    // Who the metadata service takes the other end of the next connection for.
    std::optional<std::string> next_caller(const std::string& vpc_id) {
        pollfd polled{listeners_[vpc_id].get(), POLLIN, 0};
        if (::poll(&polled, 1, 2000) <= 0)
            return std::nullopt;
        const UniqueFd socket(::accept(polled.fd, nullptr, nullptr));
        uint32_t mark = 0;
        socklen_t size = sizeof mark;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_MARK, &mark, &size);
        return network_->interface_of_mark(vpc_id, mark);
    }

    RunFolder folder_;
    LinuxNetworkOptions options_ = test_options(folder_.path());
    CountingRunner runner_;
    std::map<std::string, UniqueFd> listeners_;
    std::unique_ptr<LinuxNetwork> network_;
    VpcSpec vpc_ = sample_vpc("vpc-1");
};

} // namespace pileus::drivers
