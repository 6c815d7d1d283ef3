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

sockaddr_in name_of(Ipv4 address, uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address.value);
    return name;
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
            must(links.change_link(eth0, {.up = true}));
            must(links.change_link(must(links.link_index("lo")), {.up = true}));
            must(links.ensure_route({.destination = subnet, .link = eth0}));
            must(links.ensure_route({.destination = Ipv4Cidr{}, .link = eth0, .via = subnet.at(1)}));
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
    return must(inside().run([&]() -> Result<UniqueFd> {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto name = name_of({}, port);
        if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
            ::listen(fd.get(), 16) != 0)
            return fail(errors::internal, "cannot listen in a guest");
        return fd;
    }));
}

UniqueFd Guest::connect(Ipv4 address, uint16_t port, std::chrono::milliseconds limit) const {
    return must(
        inside().run([&]() -> Result<UniqueFd> { return connect_to(address, port, limit); }));
}

bool Guest::reaches(Ipv4 address, uint16_t port) const {
    return static_cast<bool>(connect(address, port, 3s));
}

bool Guest::is_refused(Ipv4 address, uint16_t port) const {
    return !connect(address, port, 250ms);
}

Ipv4 Guest::resolve(const std::string& name, Ipv4 resolver) const {
    return must(inside().run([&]() -> Result<Ipv4> {
        std::string question;
        for (const uint32_t field : {0x1234u, 0x0100u, 1u, 0u, 0u, 0u})
            put(question, field, 2);
        for (const auto label : split(name, '.'))
            (question += static_cast<char>(label.size())) += label;
        put(question, 0x00'0001'00, 4);
        put(question, 0x01, 1);
        UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto to = name_of(resolver, 53);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            return Ipv4{};
        std::array<char, 1500> answer;
        for (int attempt = 0; attempt < 3; ++attempt) {
            (void)!::send(fd.get(), question.data(), question.size(), 0);
            pollfd polled{fd.get(), POLLIN, 0};
            if (::poll(&polled, 1, 1000) <= 0)
                continue;
            const auto size = ::recv(fd.get(), answer.data(), answer.size(), 0);
            if (size < 16 || answer[7] == 0)
                return Ipv4{};
            return Ipv4{read_number({answer.data(), static_cast<size_t>(size)},
                                    static_cast<size_t>(size) - 4)};
        }
        return Ipv4{};
    }));
}

UniqueFd connect_to(Ipv4 address, uint16_t port, std::chrono::milliseconds limit) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto name = name_of(address, port);
    ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
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
    put(out, 0x370301, 3);
    put(out, 0x0306, 2);
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
