// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/dhcp_release.h"

#include <unistd.h>

namespace pileus::drivers {

namespace {

constexpr size_t tap_header_bytes = 10; // struct virtio_net_hdr
constexpr size_t ip_header_bytes = 20;
constexpr size_t udp_header_bytes = 8;
constexpr size_t bootp_bytes = 236;

void put(std::string& out, uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put(std::string& out, const MacAddress& mac) {
    for (const auto byte : mac.bytes)
        out += static_cast<char>(byte);
}

std::string release_message(const InterfaceSpec& interface, Ipv4 server) {
    std::string out;
    put(out, 0x01'01'06'00, 4); // a request, Ethernet, addresses of 6 octets
    put(out, 0x70696c65, 4);    // transaction
    put(out, 0, 4);
    put(out, interface.private_ip().value, 4);
    put(out, 0, 12);
    put(out, interface.mac);
    out.resize(bootp_bytes, '\0');
    put(out, 0x63825363, 4); // what follows are options
    put(out, 0x35'01'07, 3); // DHCPRELEASE
    put(out, 0x36'04, 2);    // of this server
    put(out, server.value, 4);
    put(out, 0xff, 1);
    return out;
}

uint16_t checksum(const std::string& header) {
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < header.size(); i += 2)
        sum += static_cast<uint32_t>(static_cast<uint8_t>(header[i])) << 8 |
               static_cast<uint8_t>(header[i + 1]);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

} // namespace

std::string
dhcp_release_frame(const InterfaceSpec& interface, Ipv4 server, const MacAddress& router) {
    const auto message = release_message(interface, server);
    const auto udp_bytes = static_cast<uint32_t>(udp_header_bytes + message.size());

    std::string ip;
    put(ip, 0x4500, 2);
    put(ip, static_cast<uint32_t>(ip_header_bytes) + udp_bytes, 2);
    put(ip, 0, 4);
    put(ip, 64 << 8 | 17, 2); // hops, UDP
    put(ip, 0, 2);
    put(ip, interface.private_ip().value, 4);
    put(ip, server.value, 4);
    const auto sum = checksum(ip);
    ip[10] = static_cast<char>(sum >> 8);
    ip[11] = static_cast<char>(sum & 0xff);

    std::string frame(tap_header_bytes, '\0');
    put(frame, router);
    put(frame, interface.mac);
    put(frame, 0x0800, 2);
    frame += ip;
    put(frame, 68 << 16 | 67, 4);
    put(frame, udp_bytes << 16, 4); // no checksum
    return frame + message;
}

bool send_dhcp_release(int tap,
                       const InterfaceSpec& interface,
                       Ipv4 server,
                       const MacAddress& router) {
    const auto frame = dhcp_release_frame(interface, server, router);
    return ::write(tap, frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
}

} // namespace pileus::drivers
