// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/operations.h"
#include "api/endpoint.h"
#include "api/http_status.h"
#include "api/parameters_hash.h"
#include "api/sts/operations.h"
#include "auth/signer.h"
#include "store/sqlite/temporary_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::api {
namespace {

using testing::HasSubstr;

class NoConsole final : public cloud::Host {
  public:
    Result<std::string> console_output(const std::string&, const std::string&, size_t) override {
        return std::string();
    }
};

class EndpointFixture : public testing::Test {
  protected:
    EndpointFixture() {
        settings_.regions = {{"us-east-1", {{"us-east-1a", "use1-az1"}}}};
        settings_.public_pool = *Ipv4Cidr::parse("127.64.0.0/16");
        settings_.host = {"host-1", 8, 65536, 4.0};
        ec2::register_all(registry_);
        sts::register_identity(registry_);
    }
    http::Response call(const std::string& form, const std::string& service = "ec2") {
        http::Request request;
        request.method = "POST";
        request.target = "/";
        request.headers.add("Host", "127.0.0.1");
        request.headers.add("Content-Type", "application/x-www-form-urlencoded");
        request.body = form;
        request.request_id = "the-request";
        auth::sign(request,
                   {.access_key_id = "KEY",
                    .secret = "secret",
                    .session_token = {},
                    .region = "us-east-1",
                    .service = service},
                   clock_.now());
        return endpoint_.handle(request);
    }

    ManualClock clock_;
    SeededRandom random_{1};
    store::TemporaryStore store_{clock_};
    const catalog::Catalog catalog_ =
        catalog::Catalog::load(PILEUS_SOURCE_DIR "/data/instance_types.toml").value();
    NoConsole host_;
    cloud::Settings settings_;
    cloud::Context context_{
        *store_, clock_, random_, catalog_, host_, settings_, std::string(32, 'k')};
    cloud::Cloud cloud_{context_};
    auth::InMemoryCredentialStore credentials_{{{.access_key_id = "KEY",
                                                 .secret = "secret",
                                                 .account_id = "111122223333",
                                                 .user_id = "111122223333",
                                                 .arn = "arn:aws:iam::111122223333:root",
                                                 .session_token = {},
                                                 .expires_at = {}}}};
    auth::Authenticator authenticator_{
        clock_,
        credentials_,
        {.regions = {"us-east-1"}, .services = {"ec2", "sts", "pileus", "ce"}}};
    Registry registry_;
    Endpoint endpoint_{authenticator_,
                       registry_,
                       cloud_,
                       catalog_,
                       clock_,
                       {{"pileus", [](const domain::Caller& caller, const http::Request&) {
                             return http::make_response(
                                 200, "text/plain", "raw for " + caller.account_id);
                         }}}};
};

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
