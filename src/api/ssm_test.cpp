// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint_fixture.h"
#include "api/ssm/parameter_store.h"

#include <boost/json.hpp>

namespace pileus::api::ssm {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class ParameterStoreTest : public EndpointFixture {
  protected:
    ParameterStoreTest() {
        cloud::BuiltImage build;
        build.recipe = "debian-12";
        build.content_sha256 = std::string(64, 'a');
        build.size_gib = 8;
        const auto images = cloud_.images.register_built(build);
        EXPECT_TRUE(images);
        image_id_ = images->at(0).id;
        EXPECT_TRUE(cloud_.images.publish({image_id_}));
    }
    http::Response ask(const std::string& target, const std::string& body) {
        http::Request request;
        request.method = "POST";
        request.target = "/";
        request.headers.add("X-Amz-Target", target);
        request.body = body;
        return ParameterStore(cloud_).handle(caller_, request);
    }
    json::object answer(const std::string& operation, const std::string& body) {
        const auto response = ask("AmazonSSM." + operation, body);
        EXPECT_EQ(response.status, 200) << response.body;
        return json::parse(response.body).as_object();
    }
    // "400 ParameterNotFound".
    std::string refusal(const std::string& target, const std::string& body) {
        const auto response = ask(target, body);
        const auto type = json::parse(response.body).as_object().at("__type").as_string();
        return std::to_string(response.status) + " " + std::string(type);
    }

    domain::Caller caller_{"111111111111", "us-east-1", "", "", "request", false};
    std::string image_id_;
};

TEST_F(ParameterStoreTest, AnswersAsAwsDoes) {
    const auto parameter =
        answer("GetParameter", R"({"Name": "/aws/service/debian/release/12/latest/amd64"})")
            .at("Parameter")
            .as_object();
    EXPECT_EQ(parameter.at("Value").as_string(), image_id_);
    EXPECT_EQ(parameter.at("Type").as_string(), "String");
    EXPECT_EQ(parameter.at("Version").as_int64(), 1);
    EXPECT_EQ(parameter.at("LastModifiedDate").as_double(), 1'700'000'000.0);
    EXPECT_EQ(parameter.at("ARN").as_string(),
              "arn:aws:ssm:us-east-1::parameter/aws/service/debian/release/12/latest/amd64");
    const auto by_arn = answer("GetParameter",
                               R"({"Name": "arn:aws:ssm:us-east-1::parameter/aws/service/debian/)"
                               R"(release/bookworm/latest/amd64"})");
    EXPECT_EQ(by_arn.at("Parameter").as_object().at("Value").as_string(), image_id_);
}

TEST_F(ParameterStoreTest, SeveralAtOnce) {
    const auto several = answer(
        "GetParameters",
        R"({"Names": ["/aws/service/debian/release/12/latest/amd64", "/aws/service/other"]})");
    EXPECT_EQ(several.at("Parameters").as_array().size(), 1u);
    EXPECT_EQ(several.at("InvalidParameters").as_array().at(0).as_string(), "/aws/service/other");
    const auto page =
        answer("GetParametersByPath",
               R"({"Path": "/aws/service/debian", "Recursive": true, "MaxResults": 3})");
    EXPECT_EQ(page.at("Parameters").as_array().size(), 3u);
    EXPECT_TRUE(page.contains("NextToken"));
}

TEST_F(ParameterStoreTest, Refusals) {
    EXPECT_EQ(refusal("AmazonSSM.GetParameter",
                      R"({"Name": "/aws/service/ami-amazon-linux-latest/al2023-ami-x86_64"})"),
              "400 ParameterNotFound");
    EXPECT_EQ(refusal("AmazonSSM.GetParameter", "{}"), "400 ValidationException");
    EXPECT_EQ(refusal("AmazonSSM.GetParameters", R"({"Names": []})"), "400 ValidationException");
    EXPECT_EQ(refusal("AmazonSSM.GetParameters", R"({"Names": [1]})"), "400 ValidationException");
    EXPECT_EQ(refusal("AmazonSSM.GetParametersByPath", R"({"Path": "aws"})"),
              "400 ValidationException");
    EXPECT_EQ(refusal("AmazonSSM.PutParameter", "{}"), "400 UnsupportedOperation");
    EXPECT_EQ(refusal("AmazonSSM.GetParameter", "[not json"), "400 SerializationException");
    EXPECT_EQ(refusal("Pileus.GetParameter", "{}"), "400 UnknownOperationException");
    EXPECT_EQ(refusal("AmazonSSM", "{}"), "400 UnknownOperationException");
    EXPECT_THAT(ask("AmazonSSM.GetParameter", R"({"Name": "/x"})").body, HasSubstr("'/x'"));
}

} // namespace
} // namespace pileus::api::ssm
