// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/network.h"

#include <string>

namespace pileus::drivers {

// A DHCPRELEASE (RFC 2131, 4.4.6) as an Ethernet frame from the guest to its router, with the tap's
// header before it. Pure.
std::string
dhcp_release_frame(const InterfaceSpec& interface, Ipv4 server, const MacAddress& router);

// Gives the guest's lease back in its name, through its own tap. Whether the frame could be sent.
bool send_dhcp_release(int tap,
                       const InterfaceSpec& interface,
                       Ipv4 server,
                       const MacAddress& router);

} // namespace pileus::drivers
