// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stand-ins for virtual machines in tests: they hold the other end of a tap. Guest has a TCP/IP
// stack, in a network namespace of its own that nobody else sees; the functions on frames are for
// guests that lie. One thread each.

#include "base/unique_fd.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/network.h"

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace pileus::drivers {

class Guest {
  public:
    Guest(UniqueFd tap, const InterfaceSpec& interface, const Ipv4Cidr& subnet);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    UniqueFd listen(uint16_t port) const; // TCP
    UniqueFd
    connect(Ipv4 address, uint16_t port, std::chrono::milliseconds limit) const; // or empty
    bool reaches(Ipv4 address, uint16_t port) const;    // within a generous moment
    bool is_refused(Ipv4 address, uint16_t port) const; // nothing comes back within a short moment
    // The A record of a name by the given resolver; 0.0.0.0 when there is none.
    Ipv4 resolve(const std::string& name, Ipv4 resolver) const;
    const NetworkNamespace& inside() const { return *namespace_; }

  private:
    void pump();

    UniqueFd tap_;
    UniqueFd own_tap_;
    UniqueFd stop_;
    std::optional<NetworkNamespace> namespace_;
    std::thread pump_;
};

UniqueFd connect_to(Ipv4 address,
                    uint16_t port,
                    std::chrono::milliseconds limit); // in the caller's namespace

// Frames without the tap's header.
void send_frame(int tap, const std::string& frame);
std::optional<std::string> receive_frame(int tap, std::chrono::milliseconds limit);
bool receives(int tap,
              const std::string& bytes,
              std::chrono::milliseconds limit); // a frame with these bytes in it

std::string
ethernet(const MacAddress& to, const MacAddress& from, uint16_t type, const std::string& payload);
std::string arp(uint16_t operation, const MacAddress& sender_mac, Ipv4 sender, Ipv4 target);
std::string
udp_packet(Ipv4 from, uint16_t from_port, Ipv4 to, uint16_t to_port, const std::string& payload);
std::string dhcp_discover(const MacAddress& client); // asks for a lease in one exchange
inline constexpr MacAddress broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// The lease in a DHCP answer among the frames that come, or nothing.
std::optional<Ipv4> leased_address(int tap, std::chrono::milliseconds limit);
// The router's MAC address, by ARP.
std::optional<MacAddress>
ask_arp(int tap, const InterfaceSpec& self, Ipv4 target, std::chrono::milliseconds limit);

} // namespace pileus::drivers
