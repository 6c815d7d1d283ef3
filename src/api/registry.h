// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "domain/caller.h"
#include "model/record.h"

#include <functional>
#include <string>
#include <unordered_map>
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
        entries_.emplace(&Operation::schema(),
                         [function](Call& call, model::Record* input, model::Record* output) {
                             return function(call,
                                             view_of<typename Operation::Request>(input),
                                             view_of<typename Operation::Response>(output));
                         });
    }

    // Answered with UnsupportedOperation like any other that is not here, and with the reason: what
    // Pileus has not got, and what to do instead.
    template <class Operation> void refuse(std::string reason) {
        refusals_.emplace(&Operation::schema(), std::move(reason));
    }

    using Function =
        std::function<Result<void>(Call&, model::Record* input, model::Record* output)>;
    const Function* find(const model::OperationSchema& operation) const {
        const auto entry = entries_.find(&operation);
        return entry == entries_.end() ? nullptr : &entry->second;
    }
    // "" when nothing is to be said.
    std::string refusal(const model::OperationSchema& operation) const {
        const auto entry = refusals_.find(&operation);
        return entry == refusals_.end() ? "" : entry->second;
    }
    // The names of the service's operations that are in it, sorted.
    std::vector<std::string> implemented(const model::ServiceSchema& service) const;

  private:
    // Operations without input or output have a view of nothing.
    template <class View> static View view_of(model::Record* record) {
        return record ? View(*record) : View();
    }

    std::unordered_map<const model::OperationSchema*, Function> entries_;
    std::unordered_map<const model::OperationSchema*, std::string> refusals_;
};

} // namespace pileus::api
