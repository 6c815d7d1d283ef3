// SPDX-License-Identifier: Apache-2.0

// Requests that must not get in: coverage, scopes, payload modes, malformed fields, SigV2. One
// table a kind.

#include "auth/authenticator.h"
#include "auth/differential/verifier.h"
#include "auth/refusal.h"
#include "auth/signer.h"
#include "base/text.h"

#include <gtest/gtest.h>

namespace pileus::auth {
namespace {

constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const Time now = *parse_basic("20150830T123600Z");

http::Request unsigned_request() {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"Host", "127.0.0.1:4566"}};
    request.body = "Action=DescribeVpcs";
    return request;
}

Signer signer() {
    return {.access_key_id = "AKIDEXAMPLE", .secret = secret, .session_token = {}};
}

std::string code_of(const http::Request& request) {
    const auto principal = Verifier(now).authenticate(request);
    return principal ? "accepted" : principal.error().code;
}

// A correct signature over exactly these headers, whatever they are.
http::Request signed_over(const http::Headers& headers, const std::string& names) {
    auto request = unsigned_request();
    request.headers = headers;
    std::vector<std::string> signed_headers;
    for (const auto name : split(names, ';'))
        signed_headers.emplace_back(name);
    const SigningScope scope{"20150830", "us-east-1", "ec2"};
    const auto hash = std::string(
        headers.find("x-amz-content-sha256").value_or(hex_encode(as_text(sha256(request.body)))));
    const auto canonical = canonical_request(request,
                                             {.query = "",
                                              .signed_headers = signed_headers,
                                              .signed_headers_text = names,
                                              .payload_hash = hash});
    request.headers.add(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ec2/aws4_request, "
        "SignedHeaders=" +
            names + ", Signature=" +
            sigv4_signature(derive_signing_key(secret, scope),
                            {"20150830T123600Z", scope, canonical}));
    return request;
}

TEST(Coverage, MustIncludeHostAndEveryAmzHeader) {
    const http::Header host{"Host", "h"}, date{"X-Amz-Date", "20150830T123600Z"},
        extra{"X-Amz-Target", "T"};
    EXPECT_EQ(code_of(signed_over({host, date}, "host;x-amz-date")), "accepted");
    EXPECT_EQ(code_of(signed_over({host, date, {"User-Agent", "u"}}, "host;x-amz-date")),
              "accepted");
    EXPECT_EQ(code_of(signed_over({host, date, extra}, "host;x-amz-date;x-amz-target")),
              "accepted");
    EXPECT_EQ(code_of(signed_over({host, date}, "x-amz-date")), "AuthFailure");
    EXPECT_EQ(code_of(signed_over({host, date}, "host")), "AuthFailure");
    EXPECT_EQ(code_of(signed_over({host, date, extra}, "host;x-amz-date")), "AuthFailure");
    EXPECT_EQ(code_of(signed_over({host, date}, "host;x-absent;x-amz-date")), "AuthFailure");
    EXPECT_EQ(code_of(signed_over({host, date, date}, "host;x-amz-date")), "IncompleteSignature");
    EXPECT_EQ(code_of(signed_over({host}, "host")), "IncompleteSignature");
    EXPECT_EQ(code_of(signed_over({host, date}, "x-amz-date;host")), "IncompleteSignature");
    EXPECT_EQ(code_of(signed_over({host, date}, "host;host;x-amz-date")), "IncompleteSignature");
}

TEST(Payload, IsAlwaysHashed) {
    const auto with_hash = [](std::string_view hash) {
        return signed_over(
            {{"Host", "h"}, {"X-Amz-Content-Sha256", hash}, {"X-Amz-Date", "20150830T123600Z"}},
            "host;x-amz-content-sha256;x-amz-date");
    };
    const auto right = hex_encode(as_text(sha256(unsigned_request().body)));
    EXPECT_EQ(code_of(with_hash(right)), "accepted");
    for (const auto* mode : {"UNSIGNED-PAYLOAD",
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                             "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                             ""})
        EXPECT_EQ(code_of(with_hash(mode)), "AuthFailure") << mode;
    EXPECT_EQ(code_of(with_hash(hex_encode(as_text(sha256("other"))))), "AuthFailure");
}

TEST(AuthorizationHeader, IsReadStrictly) {
    auto good = unsigned_request();
    sign(good, signer(), now);
    const std::string header(*good.header("authorization"));
    const auto credential = header.substr(17, header.find(',') - 17);
    const auto signature = header.substr(header.find("Signature="));
    const std::string headers = "SignedHeaders=host;x-amz-date";
    const auto code = [&](const std::string& authorization) {
        auto request = unsigned_request();
        request.headers.add("X-Amz-Date", "20150830T123600Z");
        request.headers.add("Authorization", authorization);
        return code_of(request);
    };
    const std::string algorithm = "AWS4-HMAC-SHA256 ";
    EXPECT_EQ(code(header), "accepted");
    EXPECT_EQ(code(algorithm + credential + "," + headers + "," + signature), "accepted");
    EXPECT_EQ(code(algorithm + signature + ", " + credential + ", " + headers), "accepted");
    for (const auto& bad :
         {std::string{},
          std::string("AWS4-HMAC-SHA256"),
          std::string("Bearer abc"),
          std::string("AWS AKIDEXAMPLE:c2ln"),
          "AWS4-ECDSA-P256-SHA256 " + header.substr(17),
          "aws4-hmac-sha256 " + header.substr(17),
          header + ",",
          header + ", Signature=" + std::string(64, '0'),
          header + ", More=1",
          algorithm + credential + ", " + headers,
          algorithm + headers + ", " + signature,
          algorithm + credential + ", " + headers + ", Signature=" + std::string(63, 'a'),
          algorithm + credential + ", " + headers + ", Signature=" + std::string(64, 'A'),
          algorithm + credential + ", SignedHeaders=, " + signature,
          algorithm + "Credential=A/20150830/us-east-1/ec2, " + headers + ", " + signature,
          algorithm + "Credential=A/2015083/us-east-1/ec2/aws4_request, " + headers + ", " +
              signature,
          algorithm + "Credential=/20150830/us-east-1/ec2/aws4_request, " + headers + ", " +
              signature,
          algorithm + "Credential=A/20150830/us-east-1/ec2/aws5_request, " + headers + ", " +
              signature,
          algorithm + "Credential=" + std::string(600, 'A') +
              "/20150830/us-east-1/ec2/aws4_request, " + headers + ", " + signature,
          header + std::string(10'000, ' ') + "x"})
        EXPECT_EQ(code(bad), "IncompleteSignature") << bad.substr(0, 100);
}

TEST(Scope, MustBeOfTheDay) {
    auto request = unsigned_request();
    sign(request, signer(), now);
    std::string header(*request.header("authorization"));
    header.replace(header.find("/20150830/"), 10, "/20150829/");
    request.headers = {
        {"Host", "127.0.0.1:4566"}, {"X-Amz-Date", "20150830T123600Z"}, {"Authorization", header}};
    EXPECT_EQ(code_of(request), "AuthFailure");
}

TEST(Methods, MayNotBeMixed) {
    auto both = unsigned_request();
    sign(both, signer(), now);
    for (const auto* query : {"X-Amz-Signature=a",
                              "x-amz-credential=b",
                              "X-Amz-Algorithm=c",
                              "Signature=d",
                              "AWSAccessKeyId=e",
                              "Si%67nature=d"}) {
        auto request = both;
        request.target = std::string("/?") + query;
        EXPECT_EQ(code_of(request), "AuthFailure") << query;
    }
    auto twice = both;
    twice.headers.add("authorization", *both.header("authorization"));
    EXPECT_EQ(code_of(twice), "AuthFailure");
    auto third = unsigned_request();
    third.target = "/?AWSAccessKeyId=AKIDEXAMPLE&X-Amz-Signature=b";
    EXPECT_EQ(code_of(third), "AuthFailure");
}

TEST(Presigned, MustHaveAReasonableEnd) {
    http::Request request;
    request.method = "GET";
    request.target = "/?Action=DescribeVpcs";
    request.headers = {{"Host", "h"}};
    const auto code = [&](int64_t seconds) {
        auto signed_request = request;
        signed_request.target = presign(request, signer(), now, std::chrono::seconds{seconds});
        return code_of(signed_request);
    };
    EXPECT_EQ(code(1), "accepted");
    EXPECT_EQ(code(604'800), "accepted");
    EXPECT_EQ(code(604'801), "IncompleteSignature");
    EXPECT_EQ(code(0), "IncompleteSignature");
    EXPECT_EQ(code(-5), "IncompleteSignature");
    auto repeated = request;
    repeated.target =
        presign(request, signer(), now, std::chrono::seconds{60}) + "&X-Amz-Expires=600000";
    EXPECT_EQ(code_of(repeated), "IncompleteSignature");
    auto extended = request;
    extended.target =
        presign(request, signer(), now, std::chrono::seconds{60}) + "&Action=TerminateInstances";
    EXPECT_EQ(code_of(extended), "AuthFailure");
}

struct V2 {
    std::vector<Parameter> parameters{{"Action", "DescribeVpcs"},
                                      {"AWSAccessKeyId", "AKIDEXAMPLE"},
                                      {"SignatureMethod", "HmacSHA256"},
                                      {"SignatureVersion", "2"},
                                      {"Timestamp", "2015-08-30T12:36:00Z"}};
    std::string method = "GET";
    std::string body;

    void set(const std::string& name, const std::string& value) {
        std::erase_if(parameters,
                      [&](const Parameter& parameter) { return parameter.name == name; });
        if (!value.empty())
            parameters.push_back({name, value});
    }
    std::string code() const {
        http::Request request;
        request.method = method;
        request.target = "/";
        request.headers = {{"Host", "LOCALHOST:4566"}};
        const bool sha1 = canonical_query(parameters, "").find("HmacSHA1") != std::string::npos;
        const auto signature =
            v2_signature(sha1 ? SigV2Claim::Method::HmacSha1 : SigV2Claim::Method::HmacSha256,
                         secret,
                         v2_text_to_sign(request, parameters));
        request.target = "/?" + canonical_query(parameters, "") +
                         "&Signature=" + percent_encode(base64_encode(signature));
        request.body = body;
        return code_of(request);
    }
};

TEST(SigV2, IsReadStrictly) {
    EXPECT_EQ(V2{}.code(), "accepted");
    const std::tuple<const char*, const char*, const char*> cases[] = {
        {"SignatureMethod", "HmacSHA1", "accepted"},
        {"SignatureMethod", "HmacMD5", "IncompleteSignature"},
        {"SignatureMethod", "", "IncompleteSignature"},
        {"SignatureVersion", "1", "IncompleteSignature"},
        {"SignatureVersion", "0", "IncompleteSignature"},
        {"AWSAccessKeyId", "AKIDNOBODY", "AuthFailure"},
        {"Timestamp", "", "IncompleteSignature"},
        {"Timestamp", "yesterday", "IncompleteSignature"},
        {"Timestamp", "2015-08-30T12:51:00Z", "accepted"},
        {"Timestamp", "2015-08-30T12:51:01Z", "RequestExpired"},
        {"Timestamp", "2015-08-30T12:21:00.000Z", "accepted"},
        {"Timestamp", "2015-08-30T12:20:59Z", "RequestExpired"},
        {"Expires", "2015-08-30T12:37:00Z", "IncompleteSignature"}, // with Timestamp
        {"SecurityToken", "slipped-in", "AuthFailure"},
    };
    for (const auto& [name, value, expected] : cases) {
        V2 request;
        request.set(name, value);
        EXPECT_EQ(request.code(), expected) << name << "=" << value;
    }
    V2 expiring;
    expiring.set("Timestamp", "");
    expiring.set("Expires", "2015-08-30T12:36:00Z");
    EXPECT_EQ(expiring.code(), "accepted");
    expiring.set("Expires", "2015-08-30T12:35:59Z");
    EXPECT_EQ(expiring.code(), "RequestExpired");
    V2 repeated;
    repeated.parameters.push_back({"Action", "TerminateInstances"});
    EXPECT_EQ(repeated.code(), "IncompleteSignature");
    V2 with_body;
    with_body.method = "POST";
    with_body.body = "Action=TerminateInstances";
    EXPECT_EQ(with_body.code(), "IncompleteSignature");
}

TEST(Refusal, HasAStatusForEachCode) {
    for (const auto refusal : {Refusal::NoCredentials,
                               Refusal::Malformed,
                               Refusal::SeveralMethods,
                               Refusal::UnknownKey,
                               Refusal::BadToken,
                               Refusal::BadSignature,
                               Refusal::BadScope,
                               Refusal::OutsideTimeWindow,
                               Refusal::CredentialsExpired})
        for (const auto* service : {"", "ec2", "sts", "iam"}) {
            const auto status = http_status(refuse(refusal, service, "why").code);
            EXPECT_TRUE(status == 400 || status == 401 || status == 403);
        }
    EXPECT_EQ(http_status("InvalidVpcID.NotFound"), 0);
}

} // namespace
} // namespace pileus::auth
