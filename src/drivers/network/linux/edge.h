// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/options.h"

#include <mutex>
#include <optional>

namespace pileus::drivers {

// The namespace between the host and the VPCs, and all that the host itself gets: one link, one
// route to the transit block, one nft table, and (with egress, or a pool on a real network)
// forwarding on two links. Any thread;
// it outlives the daemon.
class Edge {
  public:
    Edge(const LinuxNetworkOptions& options, ProcessRunner& runner)
        : options_(options), plan_(options), runner_(runner) {}

    // Makes everything, or makes it complete.
    Result<void> ensure();
    // The link "v<slot>" whose other end is "up" in the VPC.
    Result<void>
    ensure_vpc(uint32_t slot, const NetworkNamespace& vpc, const std::vector<Ipv6Cidr>& ipv6_cidrs);
    Result<void> remove_vpc(uint32_t slot);
    // What is sent to the transit address goes to this VPC.
    Result<void> ensure_public_address(Ipv4 transit_ip, uint32_t slot);
    Result<void> remove_public_address(Ipv4 transit_ip, uint32_t slot);
    Result<void> remove();

  private:
    Result<void> ensure_host_side(Netlink& host);
    Result<void> ensure_ipv6(Netlink& host, int host_link, int edge_link);
    Result<void> ensure_forwarding(Netlink& host);
    Result<std::optional<Link>> public_link(Netlink& host);
    Result<void> answer_for(Ipv4 transit_ip, bool answers);
    std::filesystem::path uplink_note() const { return options_.run_dir / "forwarding"; }

    const LinuxNetworkOptions& options_;
    const AddressPlan plan_;
    ProcessRunner& runner_;
    std::mutex mutex_;
    std::optional<NetworkNamespace> namespace_;
    std::optional<Netlink> netlink_; // of the edge
    std::string closed_uplink_;      // see rules.h
};

} // namespace pileus::drivers
