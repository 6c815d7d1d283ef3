// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/netlink.h"

#include <array>
#include <cstdint>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

namespace pileus::drivers {

inline uint8_t family_number(IpFamily family) {
    return family == IpFamily::ipv4 ? AF_INET : AF_INET6;
}
inline IpFamily family_of(const IpAddress& address) {
    return std::holds_alternative<Ipv4>(address) ? IpFamily::ipv4 : IpFamily::ipv6;
}
inline IpFamily family_of(const IpCidr& cidr) {
    return is_ipv6(cidr) ? IpFamily::ipv6 : IpFamily::ipv4;
}

// A message under construction: header, fixed part, then attributes.
class Message {
  public:
    Message(uint16_t type, uint16_t flags) {
        mnl_nlmsg_put_header(buffer_.data());
        header()->nlmsg_type = type;
        header()->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    }

    template <class Fixed> Fixed& fixed() {
        return *static_cast<Fixed*>(mnl_nlmsg_put_extra_header(header(), sizeof(Fixed)));
    }
    void put(uint16_t type, uint32_t value) { mnl_attr_put_u32(header(), type, value); }
    void put(uint16_t type, const std::string& text) {
        mnl_attr_put_strz(header(), type, text.c_str());
    }
    void put(uint16_t type, Ipv4 address) {
        mnl_attr_put_u32(header(), type, htonl(address.value));
    }
    void put(uint16_t type, const Ipv6& address) {
        mnl_attr_put(header(), type, address.bytes.size(), address.bytes.data());
    }
    void put(uint16_t type, const IpAddress& address) {
        std::visit([&](const auto& one) { put(type, one); }, address);
    }
    void put(uint16_t type, const MacAddress& mac) {
        mnl_attr_put(header(), type, mac.bytes.size(), mac.bytes.data());
    }
    template <class Inner> void nest(uint16_t type, Inner inner) {
        nlattr* const start = mnl_attr_nest_start(header(), type);
        inner();
        mnl_attr_nest_end(header(), start);
    }
    nlmsghdr* header() { return static_cast<nlmsghdr*>(static_cast<void*>(buffer_.data())); }

  private:
    alignas(nlmsghdr) std::array<char, 4096> buffer_{};
};

} // namespace pileus::drivers
