// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/process.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/network.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

struct DnsServerOptions {
    std::filesystem::path folder; // dhcp/ and hosts/ below it
    std::string domain;           // "ec2.internal"
    Ipv4 resolver;                // the address that guests are told: VPC base + 2
    Ipv6 ipv6_resolver;
    std::vector<Ipv4> upstream; // asked about other names; none: there are no other names
    int mtu = 1500;
};

// A subnet as dnsmasq sees it.
struct DnsServerSubnet {
    Ipv4Cidr cidr;
    std::optional<Ipv6Cidr> ipv6_cidr;
    std::string gateway_link; // "s1"
    std::string taps;         // "t1-*"
};

// DHCP and DNS of one VPC: a dnsmasq in its namespace, which reads a small file for each interface
// as soon as it appears. It outlives the daemon; ensure_running() adopts it. One thread at a time:
// the VPC's lock.
class DnsServer {
  public:
    DnsServer(DnsServerOptions options, ProcessRunner& runner)
        : options_(std::move(options)), runner_(runner) {}

    // Starts it when it does not run, and anew when the subnets or the options of DHCP are others
    // than it was started with.
    Result<void> ensure_running(const NetworkNamespace& network_namespace,
                                const std::vector<DnsServerSubnet>& subnets,
                                const DhcpSpec& dhcp);
    Result<void> add(const InterfaceSpec& interface);
    Result<void> remove(const std::string& interface_id);
    void stop();

  private:
    std::vector<std::string> dhcp_options(const DhcpSpec& dhcp) const;
    std::vector<std::string> arguments(const std::vector<DnsServerSubnet>& subnets,
                                       const DhcpSpec& dhcp) const;
    bool runs_with(const std::vector<std::string>& wanted) const;
    void end_process();

    const DnsServerOptions options_;
    ProcessRunner& runner_;
    std::optional<ProcessIdentity> process_;
};

} // namespace pileus::drivers
