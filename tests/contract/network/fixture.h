// SPDX-License-Identifier: Apache-2.0
#pragma once

// What both suites start from: a VPC with two subnets and a group that lets everything pass, and a
// real driver under an installation's name, pool and transit block of its own.

#include "base/file.h"
#include "base/process.h"
#include "drivers/network/linux/linux_network.h"
#include "drivers/network/network.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace pileus::drivers {

inline VpcSpec sample_vpc(const std::string& id) {
    VpcSpec vpc;
    vpc.id = id;
    vpc.cidrs = {*Ipv4Cidr::parse("172.31.0.0/16")};
    vpc.dns_domain = "ec2.internal";
    vpc.internet_gateway = true;
    vpc.dhcp.domain_name = "ec2.internal";
    vpc.route_tables = {
        {"rtb-main", {{*parse_cidr("0.0.0.0/0"), RouteTarget::internet_gateway, ""}}}};
    vpc.subnets = {{"subnet-a" + id.substr(4),
                    *Ipv4Cidr::parse("172.31.0.0/20"),
                    std::nullopt,
                    "rtb-main",
                    ""},
                   {"subnet-b" + id.substr(4),
                    *Ipv4Cidr::parse("172.31.16.0/20"),
                    std::nullopt,
                    "rtb-main",
                    ""}};
    return vpc;
}

inline TrafficRule open_to(bool egress, int protocol, int port, const char* cidr) {
    return {egress, protocol, port, port, parse_cidr(cidr), ""};
}

inline SecurityGroupSpec open_group(const std::string& vpc_id, const std::string& id) {
    return {id, vpc_id, {open_to(false, -1, -1, "0.0.0.0/0"), open_to(true, -1, -1, "0.0.0.0/0")}};
}

// Lets everything out and TCP to `port` in.
inline SecurityGroupSpec
port_group(const std::string& vpc_id, const std::string& id, int port, const char* from) {
    return {id, vpc_id, {open_to(false, 6, port, from), open_to(true, -1, -1, "0.0.0.0/0")}};
}

inline InterfaceSpec
sample_interface(const VpcSpec& vpc, int number, size_t subnet, std::vector<std::string> groups) {
    InterfaceSpec interface;
    interface.id = fmt::format("eni-{}{}", vpc.id.substr(4), number);
    interface.vpc_id = vpc.id;
    interface.subnet_id = vpc.subnets[subnet].id;
    interface.mac = MacAddress{{0x02, 0, 0, 0, 0, static_cast<uint8_t>(number)}};
    interface.addresses = {
        {vpc.subnets[subnet].cidr.at(static_cast<uint64_t>(number)), std::nullopt}};
    auto name = "ip-" + interface.private_ip().str();
    std::replace(name.begin(), name.end(), '.', '-');
    interface.host_name = name;
    interface.security_group_ids = std::move(groups);
    return interface;
}

class CountingRunner final : public ProcessRunner {
  public:
    Result<ProcessOutput> run(const ProcessSpec& spec) override {
        ++runs;
        if (failures > 0) {
            --failures;
            return fail(errors::unavailable, "the test lets this one fail");
        }
        return system_.run(spec);
    }
    Result<pid_t> spawn(const ProcessSpec& spec) override {
        ++spawns;
        return system_.spawn(spec);
    }
    std::atomic<int> runs = 0;
    std::atomic<int> spawns = 0;
    std::atomic<int> failures = 0; // how many of the next runs fail

  private:
    SystemProcessRunner system_;
};

// A folder that dnsmasq, which is nobody, can read. While it exists no other run of the suite on
// this machine uses the names and blocks of test_options().
class RunFolder {
  public:
    RunFolder()
        : lock_(::open("/tmp/pileus-network-test.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        ::flock(lock_.get(), LOCK_EX);
        std::string path = "/tmp/pileus-network-test-XXXXXX";
        path_ = ::mkdtemp(path.data());
        ::chmod(path_.c_str(), 0755);
    }
    ~RunFolder() { (void)remove_tree(path_); }
    const std::filesystem::path& path() const { return path_; }

  private:
    UniqueFd lock_;
    std::filesystem::path path_;
};

inline LinuxNetworkOptions test_options(const std::filesystem::path& run_dir) {
    LinuxNetworkOptions options;
    options.installation = "ptest";
    options.run_dir = run_dir / "network";
    options.public_pool = *Ipv4Cidr::parse("127.99.0.0/16");
    options.transit = *Ipv4Cidr::parse("100.126.0.0/15");
    options.ipv6_pool = *Ipv6Cidr::parse("fd70:696c:7700::/40");
    return options;
}

#define EXPECT_OK(expression)                                                                      \
    do {                                                                                           \
        auto&& expected_ok = (expression);                                                         \
        EXPECT_TRUE(expected_ok) << (expected_ok ? "" : expected_ok.error().message);              \
    } while (0)
#define ASSERT_OK(expression)                                                                      \
    do {                                                                                           \
        auto&& expected_ok = (expression);                                                         \
        ASSERT_TRUE(expected_ok) << (expected_ok ? "" : expected_ok.error().message);              \
    } while (0)

} // namespace pileus::drivers
