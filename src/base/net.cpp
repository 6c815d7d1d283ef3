// SPDX-License-Identifier: Apache-2.0
#include "base/net.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <fmt/core.h>

namespace pileus {

namespace {

constexpr uint32_t mask_of(int prefix) {
    return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix);
}

// A decimal number of at most `limit`, without sign or leading zeros.
std::optional<int> parse_small(std::string_view text, int limit) {
    if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0'))
        return std::nullopt;
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + (c - '0');
    }
    if (value > limit)
        return std::nullopt;
    return value;
}

struct CidrText {
    std::string_view address;
    int prefix;
};

std::optional<CidrText> split_cidr(std::string_view text, int limit) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return std::nullopt;
    const auto prefix = parse_small(text.substr(slash + 1), limit);
    if (!prefix)
        return std::nullopt;
    return CidrText{text.substr(0, slash), *prefix};
}

Ipv6 without_host_bits(Ipv6 address, int prefix) {
    for (int i = 0; i < 16; ++i) {
        const int kept = prefix - i * 8;
        if (kept <= 0)
            address.bytes[i] = 0;
        else if (kept < 8)
            address.bytes[i] = static_cast<uint8_t>(address.bytes[i] & (0xFF << (8 - kept)));
    }
    return address;
}

// address + (addend << shift), modulo 2^128.
Ipv6 plus(Ipv6 address, uint64_t addend, int shift) {
    using Wide = unsigned __int128;
    Wide value = 0;
    for (const auto byte : address.bytes)
        value = value << 8 | byte;
    value += shift < 128 ? static_cast<Wide>(addend) << shift : 0;
    for (int i = 15; i >= 0; --i) {
        address.bytes[i] = static_cast<uint8_t>(value);
        value >>= 8;
    }
    return address;
}

} // namespace

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
    const auto parts = split(text.substr(0, 16), '.');
    if (text.size() > 15 || parts.size() != 4)
        return std::nullopt;
    uint32_t value = 0;
    for (const auto part : parts) {
        const auto byte = parse_small(part, 255);
        if (!byte)
            return std::nullopt;
        value = value << 8 | static_cast<uint32_t>(*byte);
    }
    return Ipv4{value};
}

std::string Ipv4::str() const {
    return fmt::format(
        "{}.{}.{}.{}", value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255);
}

std::optional<Ipv4Cidr> Ipv4Cidr::parse(std::string_view text) {
    const auto parts = split_cidr(text, 32);
    if (!parts)
        return std::nullopt;
    const auto address = Ipv4::parse(parts->address);
    if (!address)
        return std::nullopt;
    return Ipv4Cidr{Ipv4{address->value & mask_of(parts->prefix)}, parts->prefix};
}

std::string Ipv4Cidr::str() const {
    return fmt::format("{}/{}", base.str(), prefix);
}

bool Ipv4Cidr::contains(Ipv4 address) const {
    return (address.value & mask_of(prefix)) == base.value;
}

bool Ipv4Cidr::contains(const Ipv4Cidr& other) const {
    return other.prefix >= prefix && contains(other.base);
}

bool Ipv4Cidr::overlaps(const Ipv4Cidr& other) const {
    return contains(other) || other.contains(*this);
}

std::optional<Ipv6> Ipv6::parse(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN)
        return std::nullopt;
    Ipv6 address;
    if (::inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1)
        return std::nullopt;
    return address;
}

std::string Ipv6::str() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
    return buffer;
}

std::optional<Ipv6Cidr> Ipv6Cidr::parse(std::string_view text) {
    const auto parts = split_cidr(text, 128);
    if (!parts)
        return std::nullopt;
    const auto address = Ipv6::parse(parts->address);
    if (!address)
        return std::nullopt;
    return Ipv6Cidr{without_host_bits(*address, parts->prefix), parts->prefix};
}

std::string Ipv6Cidr::str() const {
    return fmt::format("{}/{}", base.str(), prefix);
}

bool Ipv6Cidr::contains(const Ipv6& address) const {
    return without_host_bits(address, prefix) == base;
}

bool Ipv6Cidr::contains(const Ipv6Cidr& other) const {
    return other.prefix >= prefix && contains(other.base);
}

bool Ipv6Cidr::overlaps(const Ipv6Cidr& other) const {
    return contains(other) || other.contains(*this);
}

Ipv6 Ipv6Cidr::at(uint64_t index) const {
    return plus(base, index, 0);
}

Ipv6Cidr Ipv6Cidr::block(int length, uint64_t index) const {
    return {plus(base, index, 128 - length), length};
}

std::optional<IpCidr> parse_cidr(std::string_view text) {
    if (const auto v4 = Ipv4Cidr::parse(text))
        return *v4;
    if (const auto v6 = Ipv6Cidr::parse(text))
        return *v6;
    return std::nullopt;
}

std::string to_string(const IpCidr& cidr) {
    return std::visit([](const auto& block) { return block.str(); }, cidr);
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    if (text.size() != 17)
        return std::nullopt;
    MacAddress mac;
    for (size_t i = 0; i < 6; ++i) {
        if (i > 0 && text[i * 3 - 1] != ':')
            return std::nullopt;
        const auto byte = hex_decode(text.substr(i * 3, 2));
        if (!byte)
            return std::nullopt;
        mac.bytes[i] = static_cast<uint8_t>(byte->front());
    }
    return mac;
}

std::string MacAddress::str() const {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
                       bytes[0],
                       bytes[1],
                       bytes[2],
                       bytes[3],
                       bytes[4],
                       bytes[5]);
}

} // namespace pileus
