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

struct InternetGatewayView {
    domain::InternetGateway gateway;
    domain::Tags tags;
};

struct EgressOnlyInternetGatewayView {
    domain::EgressOnlyInternetGateway gateway;
    domain::Tags tags;
};

struct EgressOnlyInternetGatewayCreation {
    std::string vpc_id;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

// Internet gateways: made by themselves, attached to one VPC, which has one at the most.
class InternetGateways {
  public:
    explicit InternetGateways(const Context& context) : context_(context) {}

    Result<InternetGatewayView> create(const domain::Caller& caller,
                                       const std::vector<TagSpecification>& tag_specifications);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<void>
    attach(const domain::Caller& caller, const std::string& id, const std::string& vpc_id);
    Result<void>
    detach(const domain::Caller& caller, const std::string& id, const std::string& vpc_id);
    Result<Listing<InternetGatewayView>> describe(const domain::Caller& caller,
                                                  const std::vector<std::string>& ids,
                                                  const Filters& filters,
                                                  const PageRequest& page);

  private:
    const Context& context_;
};

// Egress-only internet gateways belong to their VPC from the beginning.
class EgressOnlyInternetGateways {
  public:
    explicit EgressOnlyInternetGateways(const Context& context) : context_(context) {}

    Result<EgressOnlyInternetGatewayView> create(const domain::Caller& caller,
                                                 const EgressOnlyInternetGatewayCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<EgressOnlyInternetGatewayView>> describe(const domain::Caller& caller,
                                                            const std::vector<std::string>& ids,
                                                            const Filters& filters,
                                                            const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
