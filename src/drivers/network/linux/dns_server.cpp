// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/dns_server.h"

#include "base/file.h"
#include "base/log.h"

#include <csignal>
#include <fmt/core.h>
#include <sys/wait.h>

namespace pileus::drivers {

namespace {

std::string netmask(int prefix) {
    return Ipv4{prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix)}.str();
}

// What a process was started with, as one text with zero bytes between the words.
std::string command_line_of(pid_t pid) {
    const auto text = read_file(fmt::format("/proc/{}/cmdline", pid), 1024 * 1024);
    return text ? *text : std::string();
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += word + '\0';
    return text;
}

} // namespace

std::vector<std::string> DnsServer::arguments(const std::vector<DnsServerSubnet>& subnets) const {
    std::vector<std::string> words{
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=",
        "--no-hosts",
        "--no-resolv",
        "--pid-file=",
        "--user=nobody",
        "--group=nogroup",
        "--dhcp-authoritative",
        "--no-ping",
        "--dhcp-rapid-commit",
        "--leasefile-ro",
        "--bogus-priv",
        "--cache-size=1000",
        "--log-facility=/dev/null",
        fmt::format("--dhcp-hostsdir={}", (options_.folder / "dhcp").string()),
        fmt::format("--hostsdir={}", (options_.folder / "hosts").string()),
        fmt::format("--domain={}", options_.domain),
        fmt::format("--local=/{}/", options_.domain),
        fmt::format("--dhcp-option=option:dns-server,{}", options_.resolver.str()),
        fmt::format("--dhcp-option=option:domain-search,{}", options_.domain),
        fmt::format("--dhcp-option-force=option:mtu,{}", options_.mtu)};
    for (const auto& subnet : subnets) {
        words.push_back(fmt::format("--bridge-interface={},{}", subnet.gateway_link, subnet.taps));
        words.push_back(fmt::format("--dhcp-range=set:{},{},static,{},1h",
                                    subnet.gateway_link,
                                    subnet.cidr.base.str(),
                                    netmask(subnet.cidr.prefix)));
    }
    for (const auto& upstream : options_.upstream)
        words.push_back(fmt::format("--server={}", upstream.str()));
    if (options_.upstream.empty())
        words.push_back("--address=/#/");
    return words;
}

bool DnsServer::runs_with(const std::vector<std::string>& wanted) const {
    return process_ && is_alive(*process_) && command_line_of(process_->pid) == joined(wanted);
}

void DnsServer::end_process() {
    if (!process_ || !is_alive(*process_))
        return;
    ::kill(process_->pid, SIGKILL); // it has nothing to write
    ::waitpid(process_->pid, nullptr, 0);
    process_.reset();
}

Result<void> DnsServer::ensure_running(const NetworkNamespace& network_namespace,
                                       const std::vector<DnsServerSubnet>& subnets) {
    PILEUS_TRY(make_directories(options_.folder / "dhcp", 0755));
    PILEUS_TRY(make_directories(options_.folder / "hosts", 0755));
    const auto words = arguments(subnets);
    if (runs_with(words))
        return {};
    if (process_)
        ::waitpid(process_->pid, nullptr, WNOHANG); // one that died by itself and was our child
    // One that a former daemon started, or several after a crash between two starts: at most one is
    // kept.
    end_process();
    for (const auto pid : processes_in(network_namespace, "dnsmasq")) {
        const auto found = identify_process(pid);
        if (!found)
            continue;
        process_ = *found;
        if (runs_with(words))
            return {};
        end_process();
    }
    ProcessSpec spec;
    spec.argv = words;
    const auto pid = network_namespace.run([&] { return runner_.spawn(spec); });
    if (!pid)
        return fail(pid.error());
    PILEUS_ASSIGN(process_, identify_process(*pid));
    log_info("dnsmasq started", {{"pid", std::to_string(*pid)}});
    return {};
}

Result<void> DnsServer::add(const InterfaceSpec& interface) {
    const auto ip = interface.private_ip().str();
    const auto write = [&](const char* folder, const std::string& line) -> Result<void> {
        const auto path = options_.folder / folder / interface.id;
        const auto before = read_file(path, 4096);
        if (before && *before == line)
            return {};
        // dnsmasq passes over the hidden name under which it is made.
        return write_file_durably(path, line, 0644);
    };
    // The lease first: dnsmasq is told of the files in their order, so that whoever gets the name
    // from it knows that the lease was read before.
    PILEUS_TRY(
        write("dhcp", fmt::format("{},{},{},1h\n", interface.mac.str(), ip, interface.host_name)));
    return write("hosts", fmt::format("{} {}.{}\n", ip, interface.host_name, options_.domain));
}

// dnsmasq notices what appears by itself, and what is gone when it is told to read everything
// again.
Result<void> DnsServer::remove(const std::string& interface_id) {
    std::error_code error;
    const bool had_lease = std::filesystem::remove(options_.folder / "dhcp" / interface_id, error);
    const bool had_name = std::filesystem::remove(options_.folder / "hosts" / interface_id, error);
    if ((had_lease || had_name) && process_ && is_alive(*process_))
        ::kill(process_->pid, SIGHUP);
    return {};
}

void DnsServer::stop() {
    end_process();
}

} // namespace pileus::drivers
