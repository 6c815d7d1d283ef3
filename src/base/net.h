// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP addresses, CIDR blocks and MAC addresses as plain values. No I/O.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

struct Ipv6Cidr {
    std::array<uint8_t, 16> base{};
    int prefix = 0;

    static std::optional<Ipv6Cidr> parse(std::string_view text); // host bits are cleared
    std::string str() const;
    friend auto operator<=>(const Ipv6Cidr&, const Ipv6Cidr&) = default;
};

struct MacAddress {
    std::array<uint8_t, 6> bytes{};

    static std::optional<MacAddress> parse(std::string_view text); // "02:00:00:00:00:01"
    std::string str() const;
    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

} // namespace pileus
