// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/routing.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct NatGatewayView {
    domain::NatGateway gateway;
    std::string zone; // of its subnet
    std::string zone_id;
    domain::Tags tags;
};

struct NatGatewayCreation {
    std::string subnet_id;
    bool is_public = true;
    std::string allocation_id; // of a public one
    std::string private_ip;    // "" for any
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

// NAT gateways. Each has an interface of its own, and a public one an Elastic IP; both are its own
// until it is deleted. What is wrong with the request is said at once; what is wrong with the VPC
// or the address is said as EC2 says it, by a gateway that has failed.
class NatGateways {
  public:
    explicit NatGateways(const Context& context) : context_(context) {}

    Result<NatGatewayView> create(const domain::Caller& caller, const NatGatewayCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<NatGatewayView>> describe(const domain::Caller& caller,
                                             const std::vector<std::string>& ids,
                                             const Filters& filters,
                                             const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
