// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"
#include "drivers/network/linux/namespace.h"

#include <optional>
#include <string>

namespace pileus::drivers {

// Asks the resolver of a VPC from inside. dnsmasq reads its files and packets one after the other,
// so its answers tell what it has read before: that is how a lease is known to be served before the
// guest starts. One thread at a time.
class DnsProbe {
  public:
    static Result<DnsProbe> open(const NetworkNamespace& network_namespace);

    // Returns when the name has this address.
    Result<void> wait_for(const std::string& name, Ipv4 address);
    // Whether everything that reached dnsmasq before now has been read.
    bool drain();

  private:
    explicit DnsProbe(UniqueFd socket) : socket_(std::move(socket)) {}
    // The address, 0.0.0.0 for "no such name", nothing when nobody answers.
    std::optional<Ipv4> ask(const std::string& name);

    UniqueFd socket_;
    uint16_t query_id_ = 0;
};

} // namespace pileus::drivers
