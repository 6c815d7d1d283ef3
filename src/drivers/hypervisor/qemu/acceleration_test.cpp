// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "drivers/hypervisor/qemu/acceleration.h"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using testing::_;
using testing::HasSubstr;
using testing::Return;

class FakeRunner : public ProcessRunner {
  public:
    MOCK_METHOD(Result<ProcessOutput>, run, (const ProcessSpec&), (override));
    MOCK_METHOD(Result<pid_t>, spawn, (const ProcessSpec&), (override));
};

class AccelerationTest : public testing::Test {
  protected:
    AccelerationTest() {
        std::string name = "/tmp/pileus-acceleration.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        options_.kvm_device = (folder_ / "kvm").string(); // a fake one that opens
        options_.kernel = (folder_ / "vmlinuz").string();
        options_.cache = folder_ / "acceleration.json";
        std::ofstream(options_.kvm_device);
        std::ofstream(options_.kernel);
    }
    ~AccelerationTest() override { std::filesystem::remove_all(folder_); }

    Acceleration find() { return find_acceleration(options_, runner_); }

    std::filesystem::path folder_;
    AccelerationOptions options_;
    testing::StrictMock<FakeRunner> runner_;
};

TEST_F(AccelerationTest, KvmThatBootsLinuxIsUsedAndRemembered) {
    EXPECT_CALL(runner_, run(_))
        .WillOnce(Return(ProcessOutput{0, "…\nKernel panic: Unable to mount root fs\n", ""}));
    for (int i = 0; i < 2; ++i) {
        const auto found = find();
        EXPECT_EQ(found.name, "kvm");
        EXPECT_TRUE(found.proven);
    }
}

TEST_F(AccelerationTest, KvmThatHangsIsNotUsed) {
    EXPECT_CALL(runner_, run(_)).WillOnce(Return(fail(errors::timeout, "it hung")));
    for (int i = 0; i < 2; ++i) {
        const auto found = find();
        EXPECT_EQ(found.name, "tcg");
        EXPECT_THAT(found.reason, HasSubstr("no Linux kernel boots under it within 3 s"));
    }
}

TEST_F(AccelerationTest, FirmwareAloneProvesNothing) {
    EXPECT_CALL(runner_, run(_)).WillOnce(Return(ProcessOutput{0, "SeaBIOS\n", "oops"}));
    EXPECT_EQ(find().name, "tcg");
}

TEST_F(AccelerationTest, WithoutADeviceNothingIsTried) {
    std::filesystem::remove(options_.kvm_device);
    EXPECT_EQ(find().name, "tcg");
    EXPECT_THAT(find().reason, HasSubstr("cannot be opened"));
}

TEST_F(AccelerationTest, WithoutAKernelNothingIsProven) {
    std::filesystem::remove(options_.kernel);
    EXPECT_EQ(find().name, "tcg");
    EXPECT_THAT(find().reason, HasSubstr("no Linux kernel at"));
    std::ofstream(options_.kernel); // once there is one, the question is another
    EXPECT_CALL(runner_, run(_))
        .WillOnce(Return(ProcessOutput{0, "Run /init as init process", ""}));
    EXPECT_EQ(find().name, "kvm");
}

TEST_F(AccelerationTest, AnAnswerFromBeforeARestartIsNotBelieved) {
    ASSERT_TRUE(write_file_durably(
        options_.cache, R"({"question":"another boot","name":"kvm","proven":true,"reason":""})"));
    EXPECT_CALL(runner_, run(_)).WillOnce(Return(fail(errors::timeout, "it hung")));
    EXPECT_EQ(find().name, "tcg");
}

TEST_F(AccelerationTest, ABrokenCacheIsNotBelieved) {
    ASSERT_TRUE(write_file_durably(options_.cache, "{{{"));
    EXPECT_CALL(runner_, run(_)).WillOnce(Return(fail(errors::timeout, "it hung")));
    EXPECT_EQ(find().name, "tcg");
}

TEST_F(AccelerationTest, TheConfigurationDecides) {
    options_.choice = AccelerationChoice::tcg;
    EXPECT_EQ(find().name, "tcg");
    options_.choice = AccelerationChoice::kvm;
    EXPECT_EQ(find().name, "kvm");
    EXPECT_FALSE(find().proven);
}

} // namespace
} // namespace pileus::drivers
