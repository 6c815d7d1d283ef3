// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "domain/caller.h"
#include "model/record.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::catalog {
class Catalog;
}
namespace pileus::cloud {
struct Cloud;
}

namespace pileus::api {

// One request on its way through an operation: who asks, and what it may call. Lives on the stack
// of the worker thread.
struct Call {
    const domain::Caller& caller;
    cloud::Cloud& cloud;
    const catalog::Catalog& catalog;
    std::string parameters_hash; // SHA-256 over the parameters without ClientToken, for idempotency
};

// Which function answers which operation of the model. Filled once by the composition root (each
// api/ec2/<resource>.cpp has a register_<resource>()), read by all threads afterwards. Operations
// that are not in it are parsed, validated, and answered with UnsupportedOperation.
class Registry {
  public:
    // `Operation` is a type of model::operations, so that a name which the model does not have
    // cannot be registered.
    template <class Operation>
    void add(Result<void> (*function)(Call&,
                                      typename Operation::Request,
                                      typename Operation::Response)) {
        entries_.emplace(std::string(Operation::name),
                         [function](Call& call, model::Record* input, model::Record* output) {
                             return function(call,
                                             typename Operation::Request(input),
                                             typename Operation::Response(output));
                         });
    }

    using Function =
        std::function<Result<void>(Call&, model::Record* input, model::Record* output)>;
    const Function* find(std::string_view operation) const {
        const auto entry = entries_.find(operation);
        return entry == entries_.end() ? nullptr : &entry->second;
    }
    std::vector<std::string> implemented() const;

  private:
    std::map<std::string, Function, std::less<>> entries_;
};

} // namespace pileus::api
