// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/tag.h"
#include "domain/vpc.h"

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pileus::cloud {

struct VpcView {
    domain::Vpc vpc;
    domain::Tags tags;
};

struct SubnetView {
    domain::Subnet subnet;
    int available_addresses = 0; // without the five that EC2 reserves
    domain::Tags tags;
};

// VPCs and their subnets. In this issue each account has its default VPC in each region:
// 172.31.0.0/16 with a /20 a zone.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
class Vpcs {
  public:
    explicit Vpcs(const Context& context) : context_(context) {}

    // Makes the default VPC, its subnets and its default security group when the account comes to a
    // region for the first time. Cheap once it is known to be there.
    Result<void> ensure_default(const domain::Caller& caller);

    Result<Listing<VpcView>> describe(const domain::Caller& caller,
                                      const std::vector<std::string>& ids,
                                      const Filters& filters,
                                      const PageRequest& page);
    Result<Listing<SubnetView>> describe_subnets(const domain::Caller& caller,
                                                 const std::vector<std::string>& ids,
                                                 const Filters& filters,
                                                 const PageRequest& page);

  private:
    const Context& context_;
    std::mutex mutex_;
    std::set<std::pair<std::string, std::string>>
        known_; // (account, region) whose default VPC is there
};

} // namespace pileus::cloud
