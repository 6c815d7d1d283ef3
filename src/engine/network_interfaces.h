// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/controller.h"
#include "engine/vpc_network.h"

namespace pileus::engine {

// An interface whose groups, public address or source check changed while its guest runs → the
// network. Interfaces of guests that do not run are brought up by their instance's start.
class NetworkInterfaceController final : public Controller {
  public:
    NetworkInterfaceController(store::Store& store, VpcNetwork& network)
        : store_(store), network_(network) {}
    std::string_view kind() const override { return "network-interface"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    store::Store& store_;
    VpcNetwork& network_;
};

} // namespace pileus::engine
