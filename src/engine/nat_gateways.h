// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/routing.h"
#include "engine/controller.h"
#include "engine/vpc_network.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

struct NatGatewayControllerOptions {
    std::string host_id;
    int attempts = 3;                                 // before a gateway has failed
    Duration deleted_visible = std::chrono::hours{1}; // how long one that is gone is still shown
};

// The life of a NAT gateway: pending → available, deleting → deleted, or failed with EC2's code.
// Its row and its interface's are written by whoever asked for it; here the network follows, and
// the interface goes with the gateway. Any thread of the engine, one at a time for a given gateway.
class NatGatewayController final : public Controller {
  public:
    NatGatewayController(store::Store& store,
                         const Clock& clock,
                         VpcNetwork& network,
                         NatGatewayControllerOptions options)
        : store_(store), clock_(clock), network_(network), options_(std::move(options)) {}
    std::string_view kind() const override { return "nat-gateway"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    struct Failure {
        std::string code;
        std::string message;
    };

    Result<Outcome> make(const domain::NatGateway& gateway, const domain::WorkItem& item);
    Result<Outcome> give_up(const domain::NatGateway& gateway, const Failure& failure);
    Result<Outcome> remove(const domain::NatGateway& gateway);
    Result<Outcome> expire(const domain::NatGateway& gateway);
    std::optional<Failure> what_is_missing(const domain::NatGateway& gateway);
    Result<void> take_down(const domain::NatGateway& gateway);
    // Changes the row if it is still in the state that the step began with, and everything with it.
    template <class Change> Result<void> advance(const domain::NatGateway& seen, Change change);
    void erase_interface(store::Transaction& tx, const domain::NatGateway& gateway);

    store::Store& store_;
    const Clock& clock_;
    VpcNetwork& network_;
    const NatGatewayControllerOptions options_;
};

} // namespace pileus::engine
