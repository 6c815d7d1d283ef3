// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include "base/text.h"
#include "drivers/network/linux/netlink.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

using namespace std::chrono_literals;

constexpr size_t tap_header_bytes = 10;

template <class T> T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}

void must(const Result<void>& result) {
    if (!result)
        throw std::runtime_error(result.error().message);
}

UniqueFd make_own_tap() {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    struct ifreq request {};
    std::strcpy(request.ifr_name, "eth0");
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (!fd || ::ioctl(fd.get(), TUNSETIFF, &request) != 0)
        throw std::runtime_error("cannot make the guest's own end");
    return fd;
}

struct SocketName {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketName name_of(const IpAddress& address, uint16_t port) {
    SocketName name;
    if (const auto* v4 = std::get_if<Ipv4>(&address)) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        in.sin_addr.s_addr = htonl(v4->value);
        name.size = sizeof in;
        std::memcpy(&name.storage, &in, sizeof in);
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, std::get<Ipv6>(address).bytes.data(), 16);
        name.size = sizeof in;
        std::memcpy(&name.storage, &in, sizeof in);
    }
    return name;
}

int family_of(const IpAddress& address) {
    return std::holds_alternative<Ipv4>(address) ? AF_INET : AF_INET6;
}

void copy_frames(int from, int to) {
    std::array<char, 70000> buffer;
    while (true) {
        const auto size = ::read(from, buffer.data(), buffer.size());
        if (size <= 0)
            return;
        (void)!::write(to, buffer.data(), static_cast<size_t>(size));
    }
}

void put(std::string& out, uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string bytes_of(const MacAddress& mac) {
    return {mac.bytes.begin(), mac.bytes.end()};
}

uint32_t read_number(std::string_view text, size_t at) {
    uint32_t value = 0;
    for (const char byte : text.substr(at, 4))
        value = value << 8 | static_cast<uint8_t>(byte);
    return value;
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

Guest::Guest(UniqueFd tap, const InterfaceSpec& interface, const Ipv4Cidr& subnet)
    : tap_(std::move(tap)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    std::exception_ptr failed;
    std::thread([&] {
        try {
            if (::unshare(CLONE_NEWNET) != 0)
                throw std::runtime_error("cannot make the guest's namespace");
            namespace_ = must(NetworkNamespace::of_caller());
            own_tap_ = make_own_tap();
            auto links = must(Netlink::open());
            const int eth0 = must(links.link_index("eth0"));
            must(links.change_link(eth0, {.mac = interface.mac}));
            must(links.ensure_address(eth0, interface.private_ip(), subnet.prefix));
            // As the images do: an address of the MAC address, and routers' advertisements.
            must(write_sysctls({{"ipv6/conf/eth0/addr_gen_mode", "0"},
                                {"ipv6/conf/eth0/disable_ipv6", "0"},
                                {"ipv6/conf/eth0/accept_ra", "1"},
                                {"ipv6/conf/eth0/router_solicitation_delay", "0"},
                                {"ipv6/conf/eth0/router_solicitation_interval", "1"}}));
            must(links.change_link(eth0, {.up = true}));
            for (const auto& address : interface.addresses)
                must(links.ensure_address(eth0, address.private_ip, 32));
            for (const auto& address : interface.ipv6_addresses)
                must(links.ensure_address(eth0, address, 128));
            must(links.change_link(must(links.link_index("lo")), {.up = true}));
            must(links.ensure_route({.destination = subnet, .link = eth0}));
            must(
                links.ensure_route({.destination = Ipv4Cidr{}, .link = eth0, .via = subnet.at(1)}));
        } catch (...) {
            failed = std::current_exception();
        }
    }).join();
    if (failed)
        std::rethrow_exception(failed);
    pump_ = std::thread([this] { pump(); });
}

Guest::~Guest() {
    ::eventfd_write(stop_.get(), 1);
    if (pump_.joinable())
        pump_.join();
}

void Guest::pump() {
    while (true) {
        std::array<pollfd, 3> polled{
            {{stop_.get(), POLLIN, 0}, {tap_.get(), POLLIN, 0}, {own_tap_.get(), POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), -1);
        if (polled[0].revents != 0)
            return;
        if ((polled[1].revents & POLLERR) != 0 || (polled[2].revents & POLLERR) != 0)
            std::this_thread::sleep_for(1ms); // its tap was taken away
        copy_frames(tap_.get(), own_tap_.get());
        copy_frames(own_tap_.get(), tap_.get());
    }
}

UniqueFd Guest::listen(uint16_t port) const {
    return listen_in(inside(), port);
}

UniqueFd listen_in(const NetworkNamespace& where, uint16_t port) {
    return must(where.run([&]() -> Result<UniqueFd> {
        UniqueFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto name = name_of(Ipv6{}, port);
        const int off = 0, on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
            ::bind(fd.get(), name.get(), name.size) != 0 || ::listen(fd.get(), 16) != 0)
            return fail(errors::internal, "cannot listen in a guest");
        return fd;
    }));
}

UniqueFd
Guest::connect(const IpAddress& address, uint16_t port, std::chrono::milliseconds limit) const {
    return must(
        inside().run([&]() -> Result<UniqueFd> { return connect_to(address, port, limit); }));
}

bool Guest::reaches(const IpAddress& address, uint16_t port) const {
    return static_cast<bool>(connect(address, port, 3s));
}

bool Guest::is_refused(const IpAddress& address, uint16_t port) const {
    return !connect(address, port, 250ms);
}

bool Guest::reaches_from(const IpAddress& own, const IpAddress& address, uint16_t port) const {
    return static_cast<bool>(must(
        inside().run([&]() -> Result<UniqueFd> { return connect_to(address, port, 3s, own); })));
}

void Guest::forward(bool on) const {
    must(inside().run([&] { return write_sysctl("ipv4/ip_forward", on ? "1" : "0"); }));
}

std::optional<IpAddress> Guest::peer_of(const UniqueFd& listening) {
    pollfd polled{listening.get(), POLLIN, 0};
    if (::poll(&polled, 1, 2000) <= 0)
        return std::nullopt;
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    const UniqueFd socket(::accept(polled.fd, reinterpret_cast<sockaddr*>(&name), &size));
    Ipv6 address;
    std::memcpy(address.bytes.data(), &name.sin6_addr, 16);
    if (!IN6_IS_ADDR_V4MAPPED(&name.sin6_addr))
        return address;
    return Ipv4{static_cast<uint32_t>(address.bytes[12]) << 24 |
                static_cast<uint32_t>(address.bytes[13]) << 16 |
                static_cast<uint32_t>(address.bytes[14]) << 8 | address.bytes[15]};
}

namespace {

// The answer to one DNS question, or nothing; in the caller's namespace.
std::string ask_dns(const std::string& name, uint32_t type, Ipv4 resolver) {
    std::string question;
    for (const uint32_t field : {0x1234u, 0x0100u, 1u, 0u, 0u, 0u})
        put(question, field, 2);
    for (const auto label : split(name, '.'))
        (question += static_cast<char>(label.size())) += label;
    put(question, type, 3); // the end of the name, then the type
    put(question, 1, 2);
    UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto to = name_of(resolver, 53);
    if (::connect(fd.get(), to.get(), to.size) != 0)
        return {};
    std::array<char, 1500> answer;
    for (int attempt = 0; attempt < 3; ++attempt) {
        (void)!::send(fd.get(), question.data(), question.size(), 0);
        pollfd polled{fd.get(), POLLIN, 0};
        if (::poll(&polled, 1, 1000) <= 0)
            continue;
        const auto size = ::recv(fd.get(), answer.data(), answer.size(), 0);
        if (size < 16 || answer[7] == 0)
            return {};
        return std::string(answer.data(), static_cast<size_t>(size));
    }
    return {};
}

} // namespace

Ipv4 Guest::resolve(const std::string& name, Ipv4 resolver) const {
    return must(inside().run([&]() -> Result<Ipv4> {
        const auto answer = ask_dns(name, 1, resolver);
        return answer.empty() ? Ipv4{} : Ipv4{read_number(answer, answer.size() - 4)};
    }));
}

std::string Guest::resolve_name(Ipv4 address, Ipv4 resolver) const {
    return must(inside().run([&]() -> Result<std::string> {
        std::string name;
        for (int shift = 0; shift < 32; shift += 8)
            name += std::to_string(address.value >> shift & 0xff) + ".";
        const auto answer = ask_dns(name + "in-addr.arpa", 12, resolver);
        // The record's data are the labels behind its ten fixed octets and two of the name's.
        const auto question_end = answer.find(std::string("\x04"
                                                          "arpa\0",
                                                          6));
        if (question_end == std::string::npos)
            return std::string();
        std::string found;
        size_t at = question_end + 6 + 4 + 2 + 10;
        while (at < answer.size() && answer[at] != 0 && (answer[at] & 0xc0) == 0) {
            const auto length = static_cast<size_t>(answer[at]);
            found += (found.empty() ? "" : ".") + answer.substr(at + 1, length);
            at += length + 1;
        }
        return found;
    }));
}

UniqueFd connect_to(const IpAddress& address,
                    uint16_t port,
                    std::chrono::milliseconds limit,
                    const std::optional<IpAddress>& from) {
    UniqueFd fd(::socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (from) {
        const auto own = name_of(*from, 0);
        ::bind(fd.get(), own.get(), own.size);
    }
    const auto name = name_of(address, port);
    if (::connect(fd.get(), name.get(), name.size) != 0 && errno != EINPROGRESS)
        return {};
    pollfd polled{fd.get(), POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    if (::poll(&polled, 1, static_cast<int>(limit.count())) <= 0 ||
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return {};
    return fd;
}

void send_frame(int tap, const std::string& frame) {
    const auto whole = std::string(tap_header_bytes, '\0') + frame;
    (void)!::write(tap, whole.data(), whole.size());
}

std::optional<std::string> receive_frame(int tap, std::chrono::milliseconds limit) {
    pollfd polled{tap, POLLIN, 0};
    std::array<char, 70000> buffer;
    if (::poll(&polled, 1, static_cast<int>(limit.count())) <= 0)
        return std::nullopt;
    const auto size = ::read(tap, buffer.data(), buffer.size());
    if (size < static_cast<ssize_t>(tap_header_bytes))
        return std::nullopt;
    return std::string(buffer.data() + tap_header_bytes,
                       static_cast<size_t>(size) - tap_header_bytes);
}

bool receives(int tap, const std::string& bytes, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto frame = receive_frame(tap, 20ms);
        if (frame && frame->find(bytes) != std::string::npos)
            return true;
    }
    return false;
}

std::string
ethernet(const MacAddress& to, const MacAddress& from, uint16_t type, const std::string& payload) {
    auto frame = bytes_of(to) + bytes_of(from);
    put(frame, type, 2);
    return frame + payload;
}

std::string arp(uint16_t operation, const MacAddress& sender_mac, Ipv4 sender, Ipv4 target) {
    std::string out;
    put(out, 0x0001'0800, 4);
    put(out, 0x0604, 2);
    put(out, operation, 2);
    out += bytes_of(sender_mac);
    put(out, sender.value, 4);
    out += std::string(6, '\0');
    put(out, target.value, 4);
    return out;
}

std::string
udp_packet(Ipv4 from, uint16_t from_port, Ipv4 to, uint16_t to_port, const std::string& payload) {
    std::string ip;
    put(ip, 0x4500, 2);
    put(ip, static_cast<uint32_t>(28 + payload.size()), 2);
    put(ip, 0, 4);
    put(ip, 0x4011'0000, 4);
    put(ip, from.value, 4);
    put(ip, to.value, 4);
    const auto sum = checksum(ip);
    ip[10] = static_cast<char>(sum >> 8);
    ip[11] = static_cast<char>(sum & 0xff);
    put(ip, from_port, 2);
    put(ip, to_port, 2);
    put(ip, static_cast<uint32_t>(8 + payload.size()) << 16, 4);
    return ip + payload;
}

std::string ipv6_packet(
    const Ipv6& from, const Ipv6& to, uint8_t next_header, std::string payload, uint8_t hops) {
    const auto text = [](const Ipv6& address) {
        return std::string(address.bytes.begin(), address.bytes.end());
    };
    if (next_header == 58 || next_header == 17) {
        const size_t at = next_header == 58 ? 2 : 6;
        auto pseudo = text(from) + text(to);
        put(pseudo, static_cast<uint32_t>(payload.size()), 4);
        put(pseudo, next_header, 4);
        auto summed = pseudo + payload;
        if (summed.size() % 2 != 0)
            summed += '\0';
        const auto sum = checksum(summed);
        payload[at] = static_cast<char>(sum >> 8);
        payload[at + 1] = static_cast<char>(sum & 0xff);
    }
    std::string packet;
    put(packet, 0x6000'0000, 4);
    put(packet, static_cast<uint32_t>(payload.size()), 2);
    put(packet, next_header, 1);
    put(packet, hops, 1);
    return packet + text(from) + text(to) + payload;
}

std::string dhcp_discover(const MacAddress& client) {
    std::string out;
    put(out, 0x0101'0600, 4);
    put(out, 0x5eed'0001, 4);
    put(out, 0, 4);
    out += std::string(16, '\0');
    out += bytes_of(client);
    out.resize(236, '\0');
    put(out, 0x63825363, 4);
    put(out, 0x350101, 3); // DISCOVER
    put(out, 0x5000, 2);   // rapid commit
    put(out, 0x3708'0103, 4);
    put(out, 0x060f'2a77, 4); // servers, domain, NTP, search list
    put(out, 0x2c2e, 2);      // WINS
    put(out, 0xff, 1);
    return out;
}

std::optional<Ipv4> leased_address(int tap, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto frame = receive_frame(tap, 20ms);
        // Ethernet 14, IPv4 20, UDP 8 octets; "your address" is at 16 of the message.
        if (frame && frame->size() > 14 + 20 + 8 + 240 && (*frame)[23] == 17 && (*frame)[35] == 67)
            return Ipv4{read_number(*frame, 14 + 20 + 8 + 16)};
    }
    return std::nullopt;
}

std::map<int, std::string> leased_options(int tap, std::chrono::milliseconds limit) {
    std::map<int, std::string> options;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (options.empty() && std::chrono::steady_clock::now() < deadline) {
        const auto frame = receive_frame(tap, 20ms);
        if (!frame || frame->size() <= 14 + 20 + 8 + 240 || (*frame)[23] != 17 ||
            (*frame)[35] != 67)
            continue;
        for (size_t at = 14 + 20 + 8 + 240; at + 1 < frame->size();) {
            const auto type = static_cast<uint8_t>((*frame)[at]);
            if (type == 0xff)
                break;
            const auto length = static_cast<uint8_t>((*frame)[at + 1]);
            options[type] = frame->substr(at + 2, length);
            at += 2u + length;
        }
    }
    return options;
}

std::optional<MacAddress>
ask_arp(int tap, const InterfaceSpec& self, Ipv4 target, std::chrono::milliseconds limit) {
    send_frame(
        tap,
        ethernet(broadcast_mac, self.mac, 0x0806, arp(1, self.mac, self.private_ip(), target)));
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto frame = receive_frame(tap, 20ms);
        if (!frame || frame->size() < 42 || read_number(*frame, 12) >> 16 != 0x0806 ||
            (*frame)[21] != 2 || read_number(*frame, 28) != target.value)
            continue;
        MacAddress mac;
        std::copy_n(frame->begin() + 22, 6, mac.bytes.begin());
        return mac;
    }
    return std::nullopt;
}

} // namespace pileus::drivers
