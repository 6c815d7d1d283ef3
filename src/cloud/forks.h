// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/instances.h"

#include <string>

namespace pileus::cloud {

// Running copies of a running instance. EC2 has nothing like it: `pileus fork` asks for it.
struct ForkRequest {
    std::string instance_id;
    int count = 1;
    std::string client_token;
    std::string parameters_hash;
};

// Each copy is an instance of its own, as RunInstances would make one of the same type, subnets,
// groups and key: with a new id, new addresses and host keys, charged and counted like any other.
// Memory and volumes are those of the source at one moment; the source runs on.
class Forks {
  public:
    explicit Forks(const Context& context) : context_(context) {}

    // The copies, pending. UnsupportedOperation: nothing in the guest could make it somebody else.
    Result<ReservationView> fork(const domain::Caller& caller, const ForkRequest& request);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
