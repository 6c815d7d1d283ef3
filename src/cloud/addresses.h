// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// Elastic IP addresses. Nobody can allocate one in this issue (AllocateAddress says so), so that an
// account has none: the addresses that come with instances are no elastic ones, and EC2 does not
// list them here either.
class Addresses {
  public:
    explicit Addresses(const Context& context) : context_(context) {}

    // Succeeds with "none" or says which of the named ones is not there.
    Result<void> describe(const domain::Caller& caller,
                          const std::vector<std::string>& public_ips,
                          const std::vector<std::string>& allocation_ids,
                          const Filters& filters);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
