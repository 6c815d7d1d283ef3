// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/controller.h"
#include "engine/vpc_network.h"

#include <map>
#include <mutex>

namespace pileus::engine {

// Any change of a VPC, its blocks, subnets, routes, gateways, network ACLs, DHCP options or
// peerings → the network. A VPC is built by the first interface that is used in it; here it is kept
// up to date, and taken down when its row is gone or when nothing has used it for a while.
class VpcController final : public Controller {
  public:
    VpcController(VpcNetwork& network,
                  store::Store& store,
                  const Clock& clock,
                  Duration kept_unused = std::chrono::minutes{1})
        : network_(network), store_(store), clock_(clock), kept_unused_(kept_unused) {}
    std::string_view kind() const override { return "vpc"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    MonotonicTime unused_since(const std::string& vpc_id);
    void forget(const std::string& vpc_id);

    VpcNetwork& network_;
    store::Store& store_;
    const Clock& clock_;
    const Duration kept_unused_; // a guest that is stopped and started need not wait for its VPC

    std::mutex mutex_;
    std::map<std::string, MonotonicTime> unused_; // since when, of those that nothing uses
};

} // namespace pileus::engine
