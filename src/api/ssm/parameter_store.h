// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one part of AWS's Systems Manager that clients of EC2 lean on: public parameters that name
// images (GetParameter, GetParameters, GetParametersByPath). JSON 1.1: `X-Amz-Target:
// AmazonSSM.<Operation>`, signed for the service "ssm". Users have no parameters of their own here.
// Any thread may call it.

#include "cloud/cloud.h"
#include "domain/caller.h"
#include "http/message.h"

#include <boost/json/object.hpp>
#include <string_view>

namespace pileus::api::ssm {

class ParameterStore {
  public:
    explicit ParameterStore(cloud::Cloud& cloud) : cloud_(cloud) {}

    http::Response handle(const domain::Caller& caller, const http::Request& request);

  private:
    using Arguments = boost::json::object;
    Result<boost::json::object>
    run(const domain::Caller& caller, std::string_view operation, const Arguments& arguments);
    Result<boost::json::object> get(const domain::Caller& caller, const Arguments& arguments);
    Result<boost::json::object> get_many(const domain::Caller& caller, const Arguments& arguments);
    Result<boost::json::object> get_by_path(const domain::Caller& caller,
                                            const Arguments& arguments);

    cloud::Cloud& cloud_;
};

} // namespace pileus::api::ssm
