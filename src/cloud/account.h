// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct RegionView {
    std::string name;
    std::string endpoint;
    std::string opt_in_status = "opt-in-not-required";
};

struct ZoneView {
    std::string name;
    std::string id;
    std::string region;
    std::string group_name; // "us-east-1-zg-1"
    std::string state = "available";
    std::string type = "availability-zone";
    std::string opt_in_status = "opt-in-not-required";
};

struct AccountAttribute {
    std::string name;
    std::vector<std::string> values;
};

// What an account can use: regions, their zones, and its own limits. Nothing here changes while the
// daemon runs, but for the id of the default VPC.
class Account {
  public:
    explicit Account(const Context& context) : context_(context) {}

    Result<std::vector<RegionView>> describe_regions(const domain::Caller& caller,
                                                     const std::vector<std::string>& names,
                                                     const Filters& filters);
    struct ZoneQuery {
        std::vector<std::string> names;
        std::vector<std::string> ids;
        Filters filters;
    };
    Result<std::vector<ZoneView>> describe_zones(const domain::Caller& caller,
                                                 const ZoneQuery& query);
    // All of them when `names` is empty.
    Result<std::vector<AccountAttribute>>
    describe_attributes(const domain::Caller& caller, const std::vector<std::string>& names);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
