// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint_fixture.h"
#include "api/http_status.h"
#include "api/parameters_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::api {
namespace {

using testing::HasSubstr;

TEST_F(EndpointFixture, AnswersInTheFormThatClientsMatch) {
    const auto response = call("Action=DescribeVpcs&Version=2016-11-15");
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body,
                HasSubstr("<DescribeVpcsResponse "
                          "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/"
                          "\"><requestId>the-request</requestId>"));
    EXPECT_THAT(response.body, HasSubstr("<cidrBlock>172.31.0.0/16</cidrBlock>"));
    EXPECT_EQ(response.headers.find("x-amzn-RequestId"), "the-request");
    EXPECT_EQ(response.headers.find("Content-Type"), "text/xml;charset=UTF-8");
}

TEST_F(EndpointFixture, NamespaceFollowsTheVersionOfTheRequest) {
    EXPECT_THAT(call("Action=DescribeVpcs&Version=2014-10-01").body,
                HasSubstr("/doc/2014-10-01/\">"));
}

TEST_F(EndpointFixture, RefusesInTheFormOfTheService) {
    const auto ec2 = call("Action=Nothing&Version=2016-11-15");
    EXPECT_EQ(ec2.status, 400);
    EXPECT_THAT(ec2.body, HasSubstr("<Response><Errors><Error><Code>InvalidAction</Code>"));
    EXPECT_THAT(ec2.body, HasSubstr("<RequestID>the-request</RequestID>"));
    const auto sts = call("Action=Nothing&Version=2011-06-15", "sts");
    EXPECT_EQ(sts.status, 400);
    EXPECT_THAT(sts.body, HasSubstr("<ErrorResponse"));
}

TEST_F(EndpointFixture, UnsupportedOperationsAreValidatedAndNamed) {
    const auto invalid = call("Action=CreateTransitGateway&Colour=red&Version=2016-11-15");
    EXPECT_THAT(invalid.body, HasSubstr("UnknownParameter"));
    const auto unsupported = call("Action=CreateTransitGateway&Version=2016-11-15");
    EXPECT_EQ(unsupported.status, 400);
    EXPECT_THAT(unsupported.body, HasSubstr("<Code>UnsupportedOperation</Code>"));
    EXPECT_THAT(unsupported.body, HasSubstr("CreateTransitGateway"));
}

TEST_F(EndpointFixture, DryRunAnswers412) {
    const auto response = call("Action=DescribeVpcs&DryRun=true&Version=2016-11-15");
    EXPECT_EQ(response.status, 412);
    EXPECT_THAT(response.body, HasSubstr("<Code>DryRunOperation</Code>"));
}

TEST_F(EndpointFixture, SaysWhoTheCallerIs) {
    const auto response = call("Action=GetCallerIdentity&Version=2011-06-15", "sts");
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr("<Account>111122223333</Account>"));
}

TEST_F(EndpointFixture, HandsRawServicesTheirRequests) {
    EXPECT_EQ(call("{}", "pileus").body, "raw for 111122223333");
}

TEST_F(EndpointFixture, ServiceThatIsNotOfferedIsAClearError) {
    const auto response = call("Action=GetCostAndUsage", "ce");
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("UnsupportedOperation"));
}

TEST(HttpStatus, GoesWithTheCode) {
    EXPECT_EQ(http_status("InvalidVpcID.NotFound"), 400);
    EXPECT_EQ(http_status("DryRunOperation"), 412);
    EXPECT_EQ(http_status("AuthFailure"), 401);
    EXPECT_EQ(http_status("InsufficientInstanceCapacity"), 500);
    EXPECT_EQ(http_status("RequestLimitExceeded"), 503);
    EXPECT_EQ(http_status("InternalError"), 500);
}

TEST(ParametersHash, IsEqualForTheSameRequestInAnyOrder) {
    const auto hash = [](const std::string& body) {
        return parameters_hash(*wire::Form::parse("", body));
    };
    const auto first = hash("Action=RunInstances&ImageId=ami-1&MinCount=1&ClientToken=t");
    EXPECT_EQ(first,
              hash("MinCount=1&Action=RunInstances&ClientToken=t&ImageId=ami-1&X-Amz-Date=now&"
                   "DryRun=false"));
    EXPECT_NE(first, hash("Action=RunInstances&ImageId=ami-2&MinCount=1&ClientToken=t"));
    EXPECT_NE(first, hash("Action=RunInstances&ImageId=ami-1M&inCount=1&ClientToken=t"));
    EXPECT_EQ(hash("Action=RunInstances&ImageId=ami-1"), "");
}

} // namespace
} // namespace pileus::api
