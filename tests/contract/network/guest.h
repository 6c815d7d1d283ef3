// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stand-ins for virtual machines in tests: they hold the other end of a tap. Guest has a TCP/IP
// stack, in a network namespace of its own that nobody else sees; the functions on frames are for
// guests that lie. One thread each.

#include "base/unique_fd.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/options.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/network.h"

#include <chrono>
#include <map>
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

    UniqueFd listen(uint16_t port) const; // TCP, of both families
    UniqueFd connect(const IpAddress& address,
                     uint16_t port,
                     std::chrono::milliseconds limit) const;     // or empty
    bool reaches(const IpAddress& address, uint16_t port) const; // within a generous moment
    // Nothing comes back within a short moment.
    bool is_refused(const IpAddress& address, uint16_t port) const;
    // As reaches(), from the given one of its addresses.
    bool reaches_from(const IpAddress& own, const IpAddress& address, uint16_t port) const;
    void forward(bool on) const; // packets that are for others
    // A TCP connection that the next one to listen() would accept: who is at the other end.
    static std::optional<IpAddress> peer_of(const UniqueFd& listening);
    // The name of an address, by the given resolver; "" when it has none.
    std::string resolve_name(Ipv4 address, Ipv4 resolver) const;
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

UniqueFd listen_in(const NetworkNamespace& where, uint16_t port); // TCP, of both families
UniqueFd connect_to(const IpAddress& address,
                    uint16_t port,
                    std::chrono::milliseconds limit, // in the caller's namespace
                    const std::optional<IpAddress>& from = std::nullopt);

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
// An IPv6 packet; ICMPv6 and UDP get their checksum.
std::string ipv6_packet(
    const Ipv6& from, const Ipv6& to, uint8_t next_header, std::string payload, uint8_t hops = 255);
std::string dhcp_discover(const MacAddress& client); // asks for a lease in one exchange
inline constexpr MacAddress broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// The options of a DHCP answer among the frames that come, by number.
std::map<int, std::string> leased_options(int tap, std::chrono::milliseconds limit);
// The lease in a DHCP answer among the frames that come, or nothing.
std::optional<Ipv4> leased_address(int tap, std::chrono::milliseconds limit);
// The router's MAC address, by ARP.
std::optional<MacAddress>
ask_arp(int tap, const InterfaceSpec& self, Ipv4 target, std::chrono::milliseconds limit);

} // namespace pileus::drivers
