// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/controller.h"
#include "engine/vpc_network.h"

namespace pileus::engine {

// Rules of a security group → the firewall of the running guests.
class SecurityGroupController final : public Controller {
  public:
    explicit SecurityGroupController(VpcNetwork& network) : network_(network) {}
    std::string_view kind() const override { return "security-group"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override {
        PILEUS_TRY(network_.apply_security_group(item.resource_id));
        return Outcome::done();
    }

  private:
    VpcNetwork& network_;
};

} // namespace pileus::engine
