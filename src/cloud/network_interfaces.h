// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/network_interface.h"
#include "domain/tag.h"

#include <map>
#include <string>
#include <vector>

namespace pileus::cloud {

struct NetworkInterfaceView {
    domain::NetworkInterface interface;
    std::string zone_id;
    std::map<std::string, std::string> group_names; // id → name
    domain::Tags tags;
};

// Network interfaces as they are seen. In this issue each comes and goes with its instance.
class NetworkInterfaces {
  public:
    explicit NetworkInterfaces(const Context& context) : context_(context) {}

    Result<Listing<NetworkInterfaceView>> describe(const domain::Caller& caller,
                                                   const std::vector<std::string>& ids,
                                                   const Filters& filters,
                                                   const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
