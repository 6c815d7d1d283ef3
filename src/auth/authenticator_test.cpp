// SPDX-License-Identifier: Apache-2.0
#include "auth/authenticator.h"
#include "auth/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::auth {
namespace {

using namespace std::chrono_literals;

constexpr const char* key_id = "AKIDEXAMPLE";
constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr const char* account = "123456789012";

class Verification : public testing::Test {
  protected:
    static http::Request
    ec2_request(const std::string& body = "Action=DescribeVpcs&Version=2016-11-15") {
        http::Request request;
        request.method = "POST";
        request.target = "/";
        request.headers.add("Host", "127.0.0.1:4566");
        request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        request.body = body;
        return request;
    }
    http::Request signed_request(const std::string& service = "ec2") {
        auto request = ec2_request();
        sign(request, signer(service), clock_.now());
        return request;
    }
    static Signer signer(const std::string& service = "ec2") {
        return {.access_key_id = key_id,
                .secret = secret,
                .session_token = {},
                .region = "us-east-1",
                .service = service};
    }
    std::string code_of(const http::Request& request) {
        const auto principal = authenticator_.authenticate(request);
        return principal ? "accepted" : principal.error().code;
    }

    ManualClock clock_{*parse_basic("20261123T090000Z")};
    InMemoryCredentialStore credentials_{{{.access_key_id = key_id,
                                           .secret = secret,
                                           .account_id = account,
                                           .user_id = account,
                                           .arn = "arn:aws:iam::123456789012:root",
                                           .session_token = {},
                                           .expires_at = {}},
                                          {.access_key_id = "ASIATEMPORARY",
                                           .secret = "temporary-secret",
                                           .account_id = account,
                                           .user_id = account,
                                           .arn = "arn:aws:iam::123456789012:root",
                                           .session_token = "the-token",
                                           .expires_at = clock_.now() + 1h}}};
    Authenticator authenticator_{clock_, credentials_};
};

TEST_F(Verification, AcceptsAGoodSignatureAndSaysWhoAsks) {
    const auto principal = authenticator_.authenticate(signed_request());
    ASSERT_TRUE(principal) << principal.error().message;
    EXPECT_EQ(principal->account_id, account);
    EXPECT_EQ(principal->region, "us-east-1");
    EXPECT_EQ(principal->service, "ec2");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html publishes vectors
// for S3; "get-vanilla" is of AWS's SigV4 test suite.
TEST_F(Verification, AgreesWithThePublishedVector) {
    ManualClock then{*parse_basic("20150830T123600Z")};
    Authenticator verifier(then, credentials_, {.regions = {"us-east-1"}, .services = {"service"}});
    http::Request request;
    request.method = "GET";
    request.target = "/";
    request.headers.add("Host", "example.amazonaws.com");
    request.headers.add("X-Amz-Date", "20150830T123600Z");
    request.headers.add(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    const auto principal = verifier.authenticate(request);
    EXPECT_TRUE(principal) << principal.error().message;
}

TEST_F(Verification, RefusesEveryByteThatIsChanged) {
    const auto good = signed_request();
    ASSERT_EQ(code_of(good), "accepted");
    for (size_t i = 0; i < good.body.size(); ++i) {
        auto bad = good;
        bad.body[i] = static_cast<char>(bad.body[i] ^ 1);
        EXPECT_NE(code_of(bad), "accepted") << "body byte " << i;
    }
    for (size_t header = 0; header < good.headers.size(); ++header) {
        for (size_t i = 0; i < good.headers[header].value.size(); ++i) {
            auto bad = good;
            http::Headers headers;
            for (size_t h = 0; h < good.headers.size(); ++h) {
                std::string value(good.headers[h].value);
                if (h == header)
                    value[i] = static_cast<char>(value[i] ^ 1);
                headers.add(good.headers[h].name, value);
            }
            bad.headers = headers;
            EXPECT_NE(code_of(bad), "accepted") << good.headers[header].name << " byte " << i;
        }
    }
    for (const auto* method : {"GET", "PUT"}) {
        auto bad = good;
        bad.method = method;
        EXPECT_NE(code_of(bad), "accepted");
    }
    for (const auto* target : {"/x", "/?a=b", "/%2F"}) {
        auto bad = good;
        bad.target = target;
        EXPECT_NE(code_of(bad), "accepted") << target;
    }
}

TEST_F(Verification, HoldsTheWindowOfFifteenMinutes) {
    const auto request = signed_request();
    clock_.advance(15min);
    EXPECT_EQ(code_of(request), "accepted");
    clock_.advance(1s);
    EXPECT_EQ(code_of(request), "RequestExpired");
    clock_.advance(-30min - 1s);
    EXPECT_EQ(code_of(request), "accepted");
    clock_.advance(-1s);
    EXPECT_EQ(code_of(request), "RequestExpired");
}

TEST_F(Verification, AnswersInTheWordsOfTheService) {
    auto unknown = ec2_request();
    auto stranger = signer();
    stranger.access_key_id = "AKIDNOBODY";
    sign(unknown, stranger, clock_.now());
    EXPECT_EQ(code_of(unknown), "AuthFailure");

    auto for_sts = ec2_request();
    stranger.service = "sts";
    sign(for_sts, stranger, clock_.now());
    EXPECT_EQ(code_of(for_sts), "InvalidClientTokenId");

    auto wrong = ec2_request();
    auto liar = signer("sts");
    liar.secret = "guess";
    sign(wrong, liar, clock_.now());
    EXPECT_EQ(code_of(wrong), "SignatureDoesNotMatch");
    EXPECT_EQ(code_of(ec2_request()), "AuthFailure");
}

TEST_F(Verification, RefusesForeignScopes) {
    auto request = ec2_request();
    auto elsewhere = signer();
    elsewhere.region = "mars-north-1";
    sign(request, elsewhere, clock_.now());
    EXPECT_EQ(code_of(request), "AuthFailure");
    request = ec2_request();
    sign(request, signer("s3"), clock_.now());
    EXPECT_NE(code_of(request), "accepted");
}

TEST_F(Verification, WantsTheTokenOfTemporaryKeysAndTheirTime) {
    auto temporary = signer();
    temporary.access_key_id = "ASIATEMPORARY";
    temporary.secret = "temporary-secret";
    auto without = ec2_request();
    sign(without, temporary, clock_.now());
    EXPECT_EQ(code_of(without), "AuthFailure");
    temporary.session_token = "the-token";
    auto with = ec2_request();
    sign(with, temporary, clock_.now());
    EXPECT_EQ(code_of(with), "accepted");
    clock_.advance(2h);
    auto late = ec2_request();
    sign(late, temporary, clock_.now());
    EXPECT_EQ(code_of(late), "RequestExpired");
}

TEST_F(Verification, PresignedRequestsAreGoodForTheirTimeOnly) {
    http::Request request;
    request.method = "GET";
    request.target = "/?Action=DescribeVpcs&Version=2016-11-15";
    request.headers.add("Host", "127.0.0.1:4566");
    request.target = presign(request, signer(), clock_.now(), 60s);
    EXPECT_EQ(code_of(request), "accepted");
    auto other = request;
    other.target.replace(other.target.find("DescribeVpcs"), 12, "DescribeTags");
    EXPECT_EQ(code_of(other), "AuthFailure");
    clock_.advance(61s);
    EXPECT_EQ(code_of(request), "RequestExpired");
}

TEST_F(Verification, RefusesTwoSignaturesInOneRequest) {
    auto request = ec2_request();
    request.target = presign(request, signer(), clock_.now(), 60s);
    sign(request, signer(), clock_.now());
    EXPECT_NE(code_of(request), "accepted");
}

TEST_F(Verification, RefusesHeadersThatMeanSomethingAndAreNotSigned) {
    auto request = signed_request();
    request.headers.add("X-Amz-Security-Token", "slipped-in");
    EXPECT_NE(code_of(request), "accepted");
}

} // namespace
} // namespace pileus::auth
