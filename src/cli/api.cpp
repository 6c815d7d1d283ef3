// SPDX-License-Identifier: Apache-2.0
#include "cli/api.h"

#include "auth/signer.h"
#include "base/text.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

namespace pileus::cli {

namespace {

constexpr std::string_view ec2_version = "2016-11-15";
constexpr Duration ec2_timeout = std::chrono::seconds{30};

std::string encode_form(const std::string& action, const Parameters& parameters) {
    std::string form = fmt::format("Action={}&Version={}", action, ec2_version);
    for (const auto& [name, value] : parameters)
        form += fmt::format("&{}={}", percent_encode(name), percent_encode(value));
    return form;
}

Error xml_error(const HttpAnswer& answer) {
    if (const auto document = parse_xml(answer.body)) {
        const XmlElement& error = (*document)["Errors"]["Error"];
        if (!error["Code"].text.empty())
            return {error["Code"].text, error["Message"].text};
    }
    return {errors::internal, fmt::format("the endpoint answered with HTTP {}", answer.status)};
}

std::string text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Error json_error(const HttpAnswer& answer, const boost::json::value& body) {
    if (body.is_object())
        if (const auto code = text_of(body.get_object(), "__type"); !code.empty())
            return {code, text_of(body.get_object(), "message")};
    return {errors::internal, fmt::format("the endpoint answered with HTTP {}", answer.status)};
}

Error explain(const Error& error, const Credentials& credentials) {
    if (error.code == errors::unavailable)
        return {error.code,
                fmt::format("Pileus does not answer at {} ({}). Start it with 'sudo ./up' or 'sudo "
                            "pileus daemon start'; 'pileus doctor' looks for the cause",
                            credentials.endpoint,
                            error.message)};
    return {error.code, fmt::format("{}: {}", credentials.endpoint, error.message)};
}

// Signs the request as it is sent, and adds what the signature needs to its headers.
void sign_request(HttpHeaders& headers,
                  const std::string& body,
                  std::string_view service,
                  const Credentials& credentials,
                  Time now) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.body = body;
    for (const auto& [name, value] : headers)
        request.headers.add(name, value);
    auth::sign(request,
               {.access_key_id = credentials.access_key_id,
                .secret = credentials.secret_access_key,
                .session_token = {},
                .region = credentials.region,
                .service = std::string(service)},
               now);
    headers.clear();
    for (const auto header : request.headers)
        headers.emplace_back(header.name, header.value);
}

InstanceSummary summarize(const XmlElement& item) {
    InstanceSummary instance;
    instance.id = item["instanceId"].text;
    instance.state = item["instanceState"]["name"].text;
    instance.type = item["instanceType"].text;
    instance.image_id = item["imageId"].text;
    instance.public_ip = item["ipAddress"].text;
    instance.private_ip = item["privateIpAddress"].text;
    instance.key_name = item["keyName"].text;
    instance.reason = item["stateReason"]["message"].text;
    return instance;
}

} // namespace

Result<Api> Api::connect(Credentials credentials, const Clock& clock) {
    PILEUS_ASSIGN(Endpoint endpoint, Endpoint::parse(credentials.endpoint));
    return Api(std::move(credentials), std::move(endpoint), clock);
}

Result<HttpAnswer> Api::call(std::string_view service,
                             HttpHeaders headers,
                             const std::string& body,
                             Duration timeout) const {
    headers.emplace_back("Host", endpoint_.authority());
    sign_request(headers, body, service, credentials_, clock_->now());
    auto answer = post(endpoint_, headers, body, timeout);
    if (!answer)
        return fail(explain(answer.error(), credentials_));
    return answer;
}

Result<XmlElement> Api::ec2(const std::string& action, const Parameters& parameters) const {
    const HttpHeaders headers{{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    PILEUS_ASSIGN(const HttpAnswer answer,
                  call("ec2", headers, encode_form(action, parameters), ec2_timeout));
    if (answer.status != 200)
        return fail(xml_error(answer));
    return parse_xml(answer.body);
}

Result<boost::json::object> Api::pileus(const std::string& operation,
                                        const boost::json::object& request,
                                        Duration timeout) const {
    const HttpHeaders headers{{"Content-Type", "application/x-amz-json-1.1"},
                              {"X-Amz-Target", "Pileus." + operation}};
    PILEUS_ASSIGN(const HttpAnswer answer,
                  call("pileus", headers, boost::json::serialize(request), timeout));
    boost::json::error_code error;
    const boost::json::value body = boost::json::parse(answer.body, error);
    if (answer.status != 200)
        return fail(json_error(answer, error ? boost::json::value() : body));
    if (error || !body.is_object())
        return fail(errors::invalid, operation + " was answered with something that is no JSON");
    return body.get_object();
}

Result<std::string> console_output(const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(const XmlElement answer,
                  api.ec2("GetConsoleOutput", {{"InstanceId", instance_id}, {"Latest", "true"}}));
    const auto text = base64_decode(answer["output"].text);
    if (!text)
        return fail(errors::invalid, "the console output is no base64");
    return *text;
}

Result<std::vector<InstanceSummary>> describe_instances(const Api& api,
                                                        const Parameters& parameters) {
    PILEUS_ASSIGN(const XmlElement answer, api.ec2("DescribeInstances", parameters));
    std::vector<InstanceSummary> instances;
    for (const XmlElement* reservation : answer.items("reservationSet"))
        for (const XmlElement* item : reservation->items("instancesSet"))
            instances.push_back(summarize(*item));
    return instances;
}

Result<InstanceSummary> describe_instance(const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(auto instances, describe_instances(api, {{"InstanceId.1", instance_id}}));
    if (instances.empty())
        return fail("InvalidInstanceID.NotFound",
                    fmt::format("The instance ID '{}' does not exist", instance_id));
    return instances.front();
}

} // namespace pileus::cli
