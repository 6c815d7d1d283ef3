// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/registry.h"
#include "auth/authenticator.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "cloud/cloud.h"
#include "http/message.h"
#include "http/server.h"

#include <functional>
#include <map>
#include <string>

namespace pileus::api {

// A service that does not speak AWS's query protocol: it gets the request whole.
using RawService =
    std::function<http::Response(const domain::Caller& caller, const http::Request& request)>;

// The one endpoint of all services: who asks is proven, which service is meant stands in the
// credential scope, the request is read by the model, and the function of the operation answers.
// Owned by the composition root; any thread.
class Endpoint {
  public:
    Endpoint(const auth::Authenticator& authenticator,
             const Registry& registry,
             cloud::Cloud& cloud,
             const catalog::Catalog& catalog,
             const Clock& clock,
             std::map<std::string, RawService> raw_services);

    http::Response handle(const http::Request& request);
    // For requests that never became one: malformed, too large, too slow.
    http::Response render_failure(const http::Failure& failure) const;

  private:
    // What is written to the log about a request.
    struct Trace {
        std::string service;
        std::string operation;
        std::string account_id;
        std::string error_code;
    };
    http::Response answer(const http::Request& request, Trace& trace);
    Result<std::string> answer_query(const domain::Caller& caller,
                                     const model::ServiceSchema& service,
                                     const http::Request& request,
                                     Trace& trace);
    http::Response refuse(const model::ServiceSchema& service,
                          const Error& error,
                          const http::Request& request,
                          Trace& trace) const;

    const auth::Authenticator& authenticator_;
    const Registry& registry_;
    cloud::Cloud& cloud_;
    const catalog::Catalog& catalog_;
    const Clock& clock_;
    const std::map<std::string, RawService> raw_services_;
};

} // namespace pileus::api
