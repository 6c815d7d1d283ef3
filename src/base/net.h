// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP addresses, CIDR blocks and MAC addresses as plain values. No I/O.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pileus {

struct Ipv4 {
    uint32_t value = 0; // host order

    static std::optional<Ipv4> parse(std::string_view text); // dotted quad, no leading zeros
    std::string str() const;
    friend auto operator<=>(const Ipv4&, const Ipv4&) = default;
};

struct Ipv4Cidr {
    Ipv4 base; // the network address: host bits are zero
    int prefix = 0;

    // "10.0.0.0/16". nullopt when malformed; host bits are cleared, as EC2 does with
    // "100.68.0.18/18".
    static std::optional<Ipv4Cidr> parse(std::string_view text);
    std::string str() const;
    uint64_t size() const { return uint64_t{1} << (32 - prefix); }
    Ipv4 at(uint64_t index) const { return Ipv4{static_cast<uint32_t>(base.value + index)}; }
    bool contains(Ipv4 address) const;
    bool contains(const Ipv4Cidr& other) const;
    bool overlaps(const Ipv4Cidr& other) const;
    friend auto operator<=>(const Ipv4Cidr&, const Ipv4Cidr&) = default;
};

struct Ipv6 {
    std::array<uint8_t, 16> bytes{};

    static std::optional<Ipv6> parse(std::string_view text);
    std::string str() const; // RFC 5952
    friend auto operator<=>(const Ipv6&, const Ipv6&) = default;
};

struct Ipv6Cidr {
    Ipv6 base; // the network address: host bits are zero
    int prefix = 0;

    static std::optional<Ipv6Cidr> parse(std::string_view text); // host bits are cleared
    std::string str() const;
    bool contains(const Ipv6& address) const;
    bool contains(const Ipv6Cidr& other) const;
    bool overlaps(const Ipv6Cidr& other) const;
    Ipv6 at(uint64_t index) const; // base + index
    // The index-th block of that prefix length inside this one: {"2001:db8::/56"}.block(64, 3) is
    // 2001:db8:0:3::/64. At most 64 bits between the two lengths.
    Ipv6Cidr block(int length, uint64_t index) const;
    friend auto operator<=>(const Ipv6Cidr&, const Ipv6Cidr&) = default;
};

// A block of either family, where EC2 takes both: routes, ACL entries, security group rules.
using IpCidr = std::variant<Ipv4Cidr, Ipv6Cidr>;
std::optional<IpCidr> parse_cidr(std::string_view text);
std::string to_string(const IpCidr& cidr);
inline bool is_ipv6(const IpCidr& cidr) {
    return std::holds_alternative<Ipv6Cidr>(cidr);
}

struct MacAddress {
    std::array<uint8_t, 6> bytes{};

    static std::optional<MacAddress> parse(std::string_view text); // "02:00:00:00:00:01"
    std::string str() const;
    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

} // namespace pileus
