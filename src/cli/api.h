// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signed calls to a running Pileus: EC2's own operations, and those of the administrator's service.
// One thread; no state but the credentials.

#include "base/clock.h"
#include "base/result.h"
#include "cli/credentials.h"
#include "cli/http_client.h"
#include "cli/xml_reader.h"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pileus::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;

class Api {
  public:
    static Result<Api> connect(Credentials credentials, const Clock& clock);

    // The error's code is the service's own ("InvalidInstanceID.NotFound"). "Unavailable": nobody
    // listens at the endpoint; its message says how to start the daemon.
    Result<XmlElement> ec2(const std::string& action, const Parameters& parameters = {}) const;
    Result<boost::json::object> pileus(const std::string& operation,
                                       const boost::json::object& request = {},
                                       Duration timeout = std::chrono::seconds{30}) const;

    const Credentials& credentials() const { return credentials_; }
    const Endpoint& endpoint() const { return endpoint_; }

  private:
    Api(Credentials credentials, Endpoint endpoint, const Clock& clock)
        : credentials_(std::move(credentials)), endpoint_(std::move(endpoint)), clock_(&clock) {}
    Result<HttpAnswer> call(std::string_view service,
                            HttpHeaders headers,
                            const std::string& body,
                            Duration timeout) const;

    Credentials credentials_;
    Endpoint endpoint_;
    const Clock* clock_;
};

// "GetConsoleOutput"'s whole text, decoded; "" when the guest has said nothing yet.
Result<std::string> console_output(const Api& api, const std::string& instance_id);

// One instance as DescribeInstances tells it.
struct InstanceSummary {
    std::string id;
    std::string state; // "running"
    std::string type;
    std::string image_id;
    std::string public_ip;
    std::string private_ip;
    std::string key_name;
    std::string reason; // why it is in this state, when the service says
};
Result<std::vector<InstanceSummary>> describe_instances(const Api& api,
                                                        const Parameters& parameters);
Result<InstanceSummary> describe_instance(const Api& api, const std::string& instance_id);

} // namespace pileus::cli
