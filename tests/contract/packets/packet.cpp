// SPDX-License-Identifier: Apache-2.0
#include "packet.h"

#include <cstring>
#include <utility>

namespace pileus::drivers {

namespace {

constexpr uint32_t question = 0x50696c51, answer = 0x50696c41; // "PilQ", "PilA"
constexpr uint8_t syn = 0x02, ack = 0x10;
constexpr int echo_reply = 0, echo_reply_v6 = 129;

void put(std::string& out, uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

uint32_t get(std::string_view text, size_t at, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value = value << 8 | static_cast<uint8_t>(text[at + static_cast<size_t>(i)]);
    return value;
}

uint16_t checksum(std::string text) {
    if (text.size() % 2 != 0)
        text += '\0';
    uint32_t sum = 0;
    for (size_t i = 0; i < text.size(); i += 2)
        sum += get(text, i, 2);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

std::string bytes_of(const IpAddress& address) {
    if (const auto* v6 = std::get_if<Ipv6>(&address))
        return {v6->bytes.begin(), v6->bytes.end()};
    std::string out;
    put(out, std::get<Ipv4>(address).value, 4);
    return out;
}

std::string pseudo_header(const ProbePacket& packet, size_t size) {
    auto out = bytes_of(packet.from) + bytes_of(packet.to);
    put(out, static_cast<uint32_t>(packet.protocol), 4);
    put(out, static_cast<uint32_t>(size), 4);
    return out;
}

std::string payload_of(const ProbePacket& packet) {
    std::string out;
    put(out, packet.is_answer ? answer : question, 4);
    put(out, packet.number, 4);
    return out;
}

// The transport header and the payload, and where the checksum goes.
std::pair<std::string, size_t> transport(const ProbePacket& packet) {
    std::string out;
    switch (packet.protocol) {
    case protocols::tcp:
        put(out,
            static_cast<uint32_t>(packet.from_port) << 16 | static_cast<uint32_t>(packet.to_port),
            4);
        put(out, packet.is_answer ? ~packet.number : packet.number, 4);
        put(out, packet.is_answer ? packet.number + 1 : 0, 4);
        put(out, 0x5000u | (packet.is_answer ? syn | ack : syn), 2);
        put(out, 64240, 2);
        put(out, 0, 4);
        return {out, 16};
    case protocols::udp:
        put(out,
            static_cast<uint32_t>(packet.from_port) << 16 | static_cast<uint32_t>(packet.to_port),
            4);
        put(out, 16u << 16, 4);
        return {out + payload_of(packet), 6};
    case protocols::icmp:
    case protocols::icmpv6:
        put(out, static_cast<uint32_t>(packet.to_port), 1);
        put(out, static_cast<uint32_t>(packet.code), 1);
        put(out, 0, 2);
        put(out, static_cast<uint32_t>(packet.from_port), 2);
        put(out, 1, 2);
        return {out + payload_of(packet), 2};
    default:
        return {payload_of(packet), std::string::npos};
    }
}

std::string ip_header(const ProbePacket& packet, size_t size) {
    std::string out;
    if (is_ipv6(packet.from)) {
        put(out, 0x6000'0000, 4);
        put(out, static_cast<uint32_t>(size), 2);
        put(out, static_cast<uint32_t>(packet.protocol) << 8 | 64, 2);
        return out + bytes_of(packet.from) + bytes_of(packet.to);
    }
    put(out, 0x4500, 2);
    put(out, static_cast<uint32_t>(20 + size), 2);
    put(out, 0, 4);
    put(out, 64u << 8 | static_cast<uint32_t>(packet.protocol), 2);
    put(out, 0, 2);
    out += bytes_of(packet.from) + bytes_of(packet.to);
    const auto sum = checksum(out);
    out[10] = static_cast<char>(sum >> 8);
    out[11] = static_cast<char>(sum & 0xff);
    return out;
}

std::optional<ProbePacket> read_transport(ProbePacket packet, std::string_view text) {
    size_t payload = 0;
    if (packet.protocol == protocols::tcp || packet.protocol == protocols::udp) {
        if (text.size() < 8)
            return std::nullopt;
        packet.from_port = static_cast<int>(get(text, 0, 2));
        packet.to_port = static_cast<int>(get(text, 2, 2));
        payload = 8;
    }
    if (packet.protocol == protocols::tcp) {
        if (text.size() < 20 || (get(text, 13, 1) & syn) == 0)
            return std::nullopt;
        packet.is_answer = (get(text, 13, 1) & ack) != 0;
        packet.number = packet.is_answer ? get(text, 8, 4) - 1 : get(text, 4, 4);
        return packet;
    }
    if (packet.protocol == protocols::icmp || packet.protocol == protocols::icmpv6) {
        if (text.size() < 8)
            return std::nullopt;
        packet.to_port = static_cast<int>(get(text, 0, 1));
        packet.code = static_cast<int>(get(text, 1, 1));
        packet.from_port = static_cast<int>(get(text, 4, 2));
        payload = 8;
    }
    if (text.size() < payload + 8)
        return std::nullopt;
    const auto word = get(text, payload, 4);
    packet.number = get(text, payload + 4, 4);
    packet.is_answer = word == answer;
    if (word != question && word != answer)
        return std::nullopt;
    return packet;
}

} // namespace

std::string write_packet(const ProbePacket& packet) {
    auto [body, at] = transport(packet);
    if (at != std::string::npos) {
        const auto prefix =
            packet.protocol == protocols::icmp ? "" : pseudo_header(packet, body.size());
        const auto sum = checksum(prefix + body);
        body[at] = static_cast<char>(sum >> 8);
        body[at + 1] = static_cast<char>(sum & 0xff);
    }
    return ip_header(packet, body.size()) + body;
}

std::optional<ProbePacket> read_packet(std::string_view ip) {
    if (ip.size() < 20)
        return std::nullopt;
    ProbePacket packet;
    if (static_cast<uint8_t>(ip[0]) >> 4 == 4) {
        const size_t header = (static_cast<uint8_t>(ip[0]) & 15u) * 4;
        const size_t total = get(ip, 2, 2);
        if (header < 20 || ip.size() < total || total < header)
            return std::nullopt;
        packet.protocol = static_cast<uint8_t>(ip[9]);
        packet.from = Ipv4{get(ip, 12, 4)};
        packet.to = Ipv4{get(ip, 16, 4)};
        return read_transport(packet, ip.substr(header, total - header));
    }
    if (static_cast<uint8_t>(ip[0]) >> 4 != 6 || ip.size() < 40)
        return std::nullopt;
    Ipv6 from, to;
    std::memcpy(from.bytes.data(), ip.data() + 8, 16);
    std::memcpy(to.bytes.data(), ip.data() + 24, 16);
    packet.from = from;
    packet.to = to;
    packet.protocol = static_cast<uint8_t>(ip[6]);
    return read_transport(packet, ip.substr(40));
}

ProbePacket answer_to(const ProbePacket& packet) {
    auto out = packet;
    std::swap(out.from, out.to);
    if (packet.protocol == protocols::icmp)
        out.to_port = echo_reply;
    else if (packet.protocol == protocols::icmpv6)
        out.to_port = echo_reply_v6;
    else
        std::swap(out.from_port, out.to_port);
    out.is_answer = true;
    return out;
}

std::string
frame(const MacAddress& to, const MacAddress& from, bool ipv6, const std::string& packet) {
    std::string out(to.bytes.begin(), to.bytes.end());
    out.append(from.bytes.begin(), from.bytes.end());
    put(out, ipv6 ? 0x86dd : 0x0800, 2);
    return out + packet;
}

} // namespace pileus::drivers
