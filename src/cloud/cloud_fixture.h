// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of this folder stand on: a store in a folder of its own, a clock that stands
// still, the same ids in every run. One account with its default VPC in two regions. For tests
// only.

#include "catalog/catalog.h"
#include "cloud/context.h"
#include "cloud/vpcs.h"
#include "store/sqlite/temporary_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pileus::cloud {

class NoConsole final : public Host {
  public:
    Result<std::string> console_output(const std::string&, const std::string&, size_t) override {
        return std::string();
    }
    Result<std::string> screenshot(const std::string&, const std::string&, bool) override {
        return std::string();
    }
};

inline constexpr std::string_view fixture_catalog = R"(
[[family]]
name = "t3"
manufacturer = "Intel"
clock_ghz = 2.5
threads_per_core = 2
architectures = ["x86_64"]
hypervisor = "nitro"
current_generation = true
burstable = true
free_tier = false
ebs_optimized = true
ena = "required"
sizes = [
    { size = "nano", vcpus = 2, memory_mib = 512, network = "Up to 5 Gigabit", interfaces = 2, addresses = 2, ebs_mbps = [43, 2085], ebs_iops = [250, 11800] },
    { size = "micro", vcpus = 2, memory_mib = 1024, network = "Up to 5 Gigabit", interfaces = 2, addresses = 2, ebs_mbps = [87, 2085], ebs_iops = [500, 11800] },
]
[[family]]
name = "m5"
manufacturer = "Intel"
clock_ghz = 3.1
threads_per_core = 2
architectures = ["x86_64"]
hypervisor = "nitro"
current_generation = true
burstable = false
free_tier = false
ebs_optimized = true
ena = "required"
sizes = [
    { size = "large", vcpus = 2, memory_mib = 8192, network = "Up to 10 Gigabit", interfaces = 3, addresses = 10, ebs_mbps = [650, 4750], ebs_iops = [3600, 18750] },
    { size = "xlarge", vcpus = 4, memory_mib = 16384, network = "Up to 10 Gigabit", interfaces = 4, addresses = 15, ebs_mbps = [1150, 4750], ebs_iops = [6000, 18750] },
    { size = "2xlarge", vcpus = 8, memory_mib = 32768, network = "Up to 10 Gigabit", interfaces = 4, addresses = 15, ebs_mbps = [2300, 4750], ebs_iops = [12000, 18750] },
]
)";

class CloudFixture : public testing::Test {
  protected:
    CloudFixture() {
        settings_.regions = {
            {"us-east-1",
             {{"us-east-1a", "use1-az1"}, {"us-east-1b", "use1-az2"}, {"us-east-1c", "use1-az3"}}},
            {"eu-west-1", {{"eu-west-1a", "euw1-az1"}}}};
        settings_.public_pool = Ipv4Cidr::parse("127.64.0.0/16").value();
        settings_.host = {"host-1", 8, 65536, 4.0};
        Vpcs vpcs(context_);
        for (const auto& caller : {caller_, foreigner_})
            EXPECT_TRUE(vpcs.ensure_default(caller));
    }

    static domain::Caller make_caller(const std::string& account) {
        return {
            account, "us-east-1", "arn:aws:iam::" + account + ":root", account, "request", false};
    }
    domain::Caller dry() const {
        auto caller = caller_;
        caller.dry_run = true;
        return caller;
    }
    template <class Body> auto write(Body body) {
        return store_->write([&](store::Transaction& tx) -> Result<bool> {
            body(tx);
            return true;
        });
    }
    template <class Body> auto read(Body body) {
        return store_->read([&](store::Transaction& tx) { return body(tx); });
    }

    ManualClock clock_;
    SeededRandom random_{7};
    store::TemporaryStore store_{clock_};
    catalog::Catalog catalog_ = catalog::Catalog::parse(fixture_catalog, "fixture").value();
    NoConsole host_;
    Settings settings_;
    Context context_{*store_, clock_, random_, catalog_, host_, settings_, std::string(32, 'k')};
    domain::Caller caller_ = make_caller("111111111111");
    domain::Caller foreigner_ = make_caller("222222222222");
};

// "InvalidGroup.NotFound" of a Result that failed, "" of one that did not.
template <class T> std::string code_of(const Result<T>& result) {
    return result ? "" : result.error().code;
}
template <class T> std::string message_of(const Result<T>& result) {
    return result ? "" : result.error().message;
}

} // namespace pileus::cloud
