// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/dnsmasq.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/network/topology/topology.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace pileus::drivers {

namespace {

using namespace std::chrono_literals;

constexpr const char* program = "dnsmasq";
constexpr auto answer_wait = 50ms;   // for one answer
constexpr auto serving_wait = 5s;    // until a new name is served
constexpr auto question_pause = 1ms; // between two questions
constexpr auto ending_wait = 2s;
constexpr uint32_t resolver_address = 0xa9fe'a9fd; // 169.254.169.253

UniqueFd open_pidfd(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

void signal_process(const UniqueFd& pidfd, int number) {
    if (pidfd)
        ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
}

bool wait_for_end(const UniqueFd& pidfd, std::chrono::milliseconds limit) {
    pollfd poll_fd{pidfd.get(), POLLIN, 0};
    if (::poll(&poll_fd, 1, static_cast<int>(limit.count())) <= 0)
        return false;
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG); // when it was our child
    return true;
}

void end_process(const UniqueFd& pidfd) {
    if (!pidfd)
        return;
    signal_process(pidfd, SIGTERM);
    if (wait_for_end(pidfd, ending_wait))
        return;
    signal_process(pidfd, SIGKILL);
    wait_for_end(pidfd, ending_wait);
}

std::string command_line(const std::vector<std::string>& argv) {
    std::string joined;
    for (const auto& argument : argv)
        joined += argument + '\0';
    return joined;
}

std::string netmask(int prefix) {
    return Ipv4{prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix)}.str();
}

void put_u16(std::string& message, uint16_t value) {
    message += static_cast<char>(value >> 8);
    message += static_cast<char>(value & 0xff);
}

// A question for the A record of a name. RFC 1035, 4.1.
std::string dns_question(uint16_t id, const std::string& name) {
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

// dnsmasq answers a name of a hosts file with one A record that stands at the end of the message.
Ipv4 address_in_answer(std::string_view message) {
    constexpr size_t answer_count_low = 7;
    if (message.size() < 16 || message[answer_count_low] == 0)
        return {};
    Ipv4 address;
    for (const char byte : message.substr(message.size() - 4))
        address.value = address.value << 8 | static_cast<uint8_t>(byte);
    return address;
}

} // namespace

std::vector<std::string> dnsmasq_argv(const VpcRecord& vpc,
                                      const Records& records,
                                      const LinuxNetworkOptions& options) {
    const auto& domain = vpc.spec.dns_domain;
    std::vector<std::string> argv = {
        program,
        "--keep-in-foreground",
        "--conf-file=", // nothing of the host's own dnsmasq
        "--pid-file=",
        "--log-facility=-",
        "--user=nobody",
        "--group=nogroup",
        "--no-hosts",
        "--no-resolv",
        "--no-poll",
        "--bogus-priv",
        "--cache-size=1000",
        "--hostsdir=" + records.names_folder().string(),
        "--domain=" + domain,
        fmt::format("--local=/{}/", domain),
        "--dhcp-authoritative",
        "--no-ping",
        "--dhcp-rapid-commit",
        "--leasefile-ro", // every lease is in leases/ already
        "--quiet-dhcp",
        fmt::format("--dhcp-lease-max={}", network_limits::interfaces),
        "--dhcp-hostsdir=" + records.leases_folder().string(),
        "--dhcp-option=option:dns-server," + resolver_of(vpc.spec.cidr).str(),
        "--dhcp-option=option:domain-search," + domain,
        fmt::format("--dhcp-option=option:mtu,{}", options.mtu),
    };
    for (const auto& subnet : vpc.spec.subnets) {
        const auto slot = vpc.subnet_slots.at(subnet.id);
        argv.push_back(
            fmt::format("--bridge-interface={},{}*", gateway_link_name(slot), tap_prefix(slot)));
        argv.push_back(fmt::format("--dhcp-range={},static,{},1h",
                                   subnet.cidr.base.str(),
                                   netmask(subnet.cidr.prefix)));
    }
    if (options.egress)
        for (const auto resolver : options.upstream_resolvers)
            argv.push_back("--server=" + resolver.str());
    if (!options.egress || options.upstream_resolvers.empty())
        argv.push_back("--address=/#/"); // "no such name" at once, where "refused" is tried again
    return argv;
}

Dnsmasq::Dnsmasq(const Records& records, ProcessRunner& runner, const Clock& clock)
    : records_(records), runner_(runner), clock_(clock) {}

Result<void> Dnsmasq::ensure(const NetworkNamespace& network_namespace,
                             std::vector<std::string> argv) {
    PILEUS_TRY(open_probe(network_namespace));
    argv_ = std::move(argv);
    pidfd_.reset();
    for (const auto pid : processes_in(network_namespace, program)) {
        const auto running = read_file(fmt::format("/proc/{}/cmdline", pid));
        if (!pidfd_ && running && *running == command_line(argv_)) {
            PILEUS_TRY(adopt(pid));
            continue;
        }
        end_process(open_pidfd(pid));
    }
    return pidfd_ ? Result<void>{} : start(network_namespace);
}

Result<void> Dnsmasq::restart(const NetworkNamespace& network_namespace) {
    end_process(pidfd_);
    pidfd_.reset();
    return start(network_namespace);
}

void Dnsmasq::stop() {
    end_process(pidfd_);
    pidfd_.reset();
}

Result<void> Dnsmasq::start(const NetworkNamespace& network_namespace) {
    ProcessSpec spec;
    spec.argv = argv_;
    spec.output_path = (records_.folder() / "dnsmasq.log").string();
    PILEUS_ASSIGN(const pid_t pid, network_namespace.run([&] { return runner_.spawn(spec); }));
    return adopt(pid);
}

Result<void> Dnsmasq::adopt(pid_t pid) {
    pidfd_ = open_pidfd(pid);
    if (!pidfd_)
        return fail(errors::unavailable,
                    fmt::format("cannot follow dnsmasq ({}): {}",
                                pid,
                                std::generic_category().message(errno)));
    return {};
}

Result<void> Dnsmasq::open_probe(const NetworkNamespace& network_namespace) {
    PILEUS_ASSIGN(probe_, network_namespace.run([]() -> Result<UniqueFd> {
        UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(53);
        address.sin_addr.s_addr = htonl(resolver_address);
        if (!socket || ::connect(socket.get(),
                                 static_cast<sockaddr*>(static_cast<void*>(&address)),
                                 sizeof(address)) != 0)
            return fail(errors::unavailable,
                        "cannot reach the resolver of a VPC: " +
                            std::generic_category().message(errno));
        return socket;
    }));
    return {};
}

Result<void> Dnsmasq::add(const InterfaceSpec& interface, const std::string& domain) {
    const auto ip = interface.private_ip.str();
    const auto name = interface.host_name + "." + domain;
    // The lease first: inotify tells of the files in their order, so whoever is told the name by dnsmasq knows that it has read
    // the lease before.
    PILEUS_TRY(replace_file(
        records_.leases_folder() / interface.id,
        fmt::format("{},{},{},1h\n", interface.mac.str(), ip, interface.host_name)));
    PILEUS_TRY(replace_file(records_.names_folder() / interface.id, fmt::format("{} {}\n", ip, name)));
    return wait_for_name(name, interface.private_ip);
}

void Dnsmasq::remove(const std::string& interface_id) {
    std::error_code ignored;
    std::filesystem::remove(records_.leases_folder() / interface_id, ignored);
    std::filesystem::remove(records_.names_folder() / interface_id, ignored);
    signal_process(pidfd_, SIGHUP); // a lease's file that went away is noticed only now
}

bool Dnsmasq::drain() {
    // It looks at names before leases in each of its rounds: the second answer comes from a round that began after the packet.
    return ask("drain.invalid") && ask("drain.invalid");
}

Result<void> Dnsmasq::wait_for_name(const std::string& name, Ipv4 address) {
    const auto deadline = clock_.monotonic() + serving_wait;
    while (clock_.monotonic() < deadline) {
        if (ask(name) == address)
            return {};
        clock_.sleep(question_pause);
    }
    return fail(errors::timeout,
                fmt::format("dnsmasq does not serve {}: {}", name, last_words()));
}

std::optional<Ipv4> Dnsmasq::ask(const std::string& name) {
    const auto question = dns_question(++query_id_, name);
    if (::send(probe_.get(), question.data(), question.size(), 0) < 0)
        return std::nullopt;
    pollfd poll_fd{probe_.get(), POLLIN, 0};
    while (::poll(&poll_fd, 1, static_cast<int>(answer_wait.count())) > 0) {
        std::array<char, 1024> buffer;
        const auto size = ::recv(probe_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0)
            return std::nullopt; // nobody listens there yet
        const std::string_view answer(buffer.data(), static_cast<size_t>(size));
        if (answer.substr(0, 2) == std::string_view(question).substr(0, 2))
            return address_in_answer(answer);
    }
    return std::nullopt;
}

std::string Dnsmasq::last_words() const {
    constexpr size_t most = 300;
    const auto text = read_file(records_.folder() / "dnsmasq.log");
    if (!text || trim(*text).empty())
        return "it wrote nothing";
    const auto words = trim(*text);
    return std::string(words.substr(words.size() > most ? words.size() - most : 0));
}

void end_dnsmasq_in(const NetworkNamespace& network_namespace) {
    for (const auto pid : processes_in(network_namespace, program))
        end_process(open_pidfd(pid));
}

} // namespace pileus::drivers
