// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/dns_probe.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace pileus::drivers {

namespace {

using namespace std::chrono_literals;

constexpr auto answer_wait = 50ms;
constexpr auto question_pause = 2ms;
constexpr int most_questions = 1000;               // some seconds, more on a busy machine
constexpr uint32_t resolver_address = 0xa9fe'a9fd; // 169.254.169.253

void put_u16(std::string& message, uint16_t value) {
    message += static_cast<char>(value >> 8);
    message += static_cast<char>(value & 0xff);
}

// A question for the A record of a name. RFC 1035, 4.1.
std::string question_for(uint16_t id, const std::string& name) {
    std::string message;
    put_u16(message, id);
    for (const uint16_t field : {0x0100, 1, 0, 0, 0}) // recursion desired; one question
        put_u16(message, field);
    for (const auto label : split(name, '.')) {
        message += static_cast<char>(label.size());
        message += label;
    }
    message += '\0';
    put_u16(message, 1); // A
    put_u16(message, 1); // IN
    return message;
}

// dnsmasq answers a name of a hosts file with one A record, at the end of the message.
Ipv4 address_in(std::string_view message) {
    constexpr size_t answer_count_low = 7;
    if (message.size() < 16 || message[answer_count_low] == 0)
        return {};
    Ipv4 address;
    for (const char byte : message.substr(message.size() - 4))
        address.value = address.value << 8 | static_cast<uint8_t>(byte);
    return address;
}

} // namespace

Result<DnsProbe> DnsProbe::open(const NetworkNamespace& network_namespace) {
    return network_namespace.run([]() -> Result<DnsProbe> {
        UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_port = htons(53);
        name.sin_addr.s_addr = htonl(resolver_address);
        if (!socket ||
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
            return fail(errors::unavailable,
                        "cannot ask the resolver of a VPC: " +
                            std::generic_category().message(errno));
        return DnsProbe(std::move(socket));
    });
}

Result<void> DnsProbe::wait_for(const std::string& name, Ipv4 address) {
    for (int i = 0; i < most_questions; ++i) {
        if (ask(name) == address)
            return {};
        std::this_thread::sleep_for(question_pause);
    }
    return fail(
        errors::timeout,
        fmt::format("dnsmasq does not serve {}: can it read the run folder as nobody?", name));
}

bool DnsProbe::drain() {
    // It reads questions before leases in each of its rounds: the second answer comes from a round
    // that began after the packet.
    return ask("drain.invalid") && ask("drain.invalid");
}

std::optional<Ipv4> DnsProbe::ask(const std::string& name) {
    const auto question = question_for(++query_id_, name);
    if (::send(socket_.get(), question.data(), question.size(), 0) < 0)
        return std::nullopt;
    pollfd polled{socket_.get(), POLLIN, 0};
    while (::poll(&polled, 1, static_cast<int>(answer_wait.count())) > 0) {
        std::array<char, 1500> buffer;
        const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0)
            return std::nullopt; // nobody listens there yet
        const std::string_view answer(buffer.data(), static_cast<size_t>(size));
        if (answer.substr(0, 2) == std::string_view(question).substr(0, 2))
            return address_in(answer);
    }
    return std::nullopt;
}

} // namespace pileus::drivers
