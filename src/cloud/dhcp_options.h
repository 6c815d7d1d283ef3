// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/vpc.h"

#include <string>
#include <utility>
#include <vector>

namespace pileus::cloud {

// An option as EC2 writes it: "domain-name-servers" and its values.
struct DhcpConfiguration {
    std::string key;
    std::vector<std::string> values;
};

struct DhcpOptionsView {
    domain::DhcpOptions options;
    domain::Tags tags;
};

// Sets of DHCP options, which the VPCs that they are associated with hand to their guests. A set
// never changes: a VPC takes another one.
// https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSet.html
class DhcpOptionsSets {
  public:
    explicit DhcpOptionsSets(const Context& context) : context_(context) {}

    Result<DhcpOptionsView> create(const domain::Caller& caller,
                                   const std::vector<DhcpConfiguration>& configurations,
                                   const std::vector<TagSpecification>& tag_specifications);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    // "default" for none: the VPC's guests are told nothing but their address and routes.
    Result<void>
    associate(const domain::Caller& caller, const std::string& id, const std::string& vpc_id);
    Result<Listing<DhcpOptionsView>> describe(const domain::Caller& caller,
                                              const std::vector<std::string>& ids,
                                              const Filters& filters,
                                              const PageRequest& page);

  private:
    const Context& context_;
};

// In EC2's order; options that were not given are absent.
std::vector<DhcpConfiguration> configurations_of(const domain::DhcpOptions& options);

} // namespace pileus::cloud
