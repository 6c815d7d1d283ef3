// SPDX-License-Identifier: Apache-2.0
#include "api/coverage.h"
#include "api/ec2/operations.h"
#include "base/file.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::api {
namespace {

TEST(Coverage, DocumentSaysWhatTheRegistryHolds) {
    Registry registry;
    ec2::register_all(registry);
    const auto text = api_coverage(registry);
    const std::filesystem::path path =
        std::filesystem::path(PILEUS_SOURCE_DIR) / "docs" / "api-coverage.md";
    if (std::getenv("PILEUS_UPDATE") != nullptr) {
        ASSERT_TRUE(write_file_durably(path, text, 0644));
        return;
    }
    const auto document = read_file(path);
    ASSERT_TRUE(document);
    EXPECT_EQ(*document, text)
        << "run: PILEUS_UPDATE=1 pileus_api_test --gtest_filter='Coverage.*'";
}

TEST(Coverage, EveryOperationThatTheIssueNamesIsThere) {
    Registry registry;
    ec2::register_all(registry);
    for (const auto* name : {"RunInstances",
                             "DescribeInstances",
                             "DescribeInstanceStatus",
                             "StartInstances",
                             "StopInstances",
                             "RebootInstances",
                             "TerminateInstances",
                             "DescribeInstanceAttribute",
                             "ModifyInstanceAttribute",
                             "GetConsoleOutput",
                             "GetConsoleScreenshot",
                             "CreateKeyPair",
                             "ImportKeyPair",
                             "DescribeKeyPairs",
                             "DeleteKeyPair",
                             "CreateSecurityGroup",
                             "DescribeSecurityGroups",
                             "DescribeSecurityGroupRules",
                             "DeleteSecurityGroup",
                             "AuthorizeSecurityGroupIngress",
                             "AuthorizeSecurityGroupEgress",
                             "RevokeSecurityGroupIngress",
                             "RevokeSecurityGroupEgress",
                             "DescribeImages",
                             "DescribeInstanceTypes",
                             "DescribeInstanceTypeOfferings",
                             "DescribeVpcs",
                             "DescribeSubnets",
                             "DescribeAvailabilityZones",
                             "DescribeRegions",
                             "DescribeAccountAttributes",
                             "CreateTags",
                             "DeleteTags",
                             "DescribeTags"})
        EXPECT_THAT(registry.implemented(model::ec2_service()), testing::Contains(name));
}

} // namespace
} // namespace pileus::api
