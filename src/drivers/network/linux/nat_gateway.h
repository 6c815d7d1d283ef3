// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/options.h"
#include "drivers/network/linux/port.h"

namespace pileus::drivers {

// A NAT gateway: a namespace behind an interface of the VPC, which forwards what is routed to it
// from its own private address, and gives the answers back. It is a guest that we wrote, no more:
// its subnet's routes and ACL apply to it, and its public address is translated as any other.
// Free functions; the VPC's lock guards them. It outlives the daemon.

// The link "t<slot>-<number>" of the VPC, whose other end is "eth0" in the gateway's namespace.
Result<void> make_nat_link(Netlink& vpc, const Port& port, const LinuxNetworkOptions& options);
// Everything inside.
Result<void> ensure_nat_gateway(ProcessRunner& runner,
                                const InterfaceSpec& interface,
                                Ipv4 router,
                                const LinuxNetworkOptions& options);
Result<void> remove_nat_gateway(const InterfaceSpec& interface, const LinuxNetworkOptions& options);

} // namespace pileus::drivers
