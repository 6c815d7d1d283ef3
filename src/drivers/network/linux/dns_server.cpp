// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/dns_server.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

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

// RFC 2132. An option without a value is not sent; dnsmasq would send some of its own otherwise.
std::vector<std::string> DnsServer::dhcp_options(const DhcpSpec& dhcp) const {
    std::vector<std::string> servers, ipv6_servers, words;
    if (dhcp.vpc_resolver) {
        servers.push_back(options_.resolver.str());
        ipv6_servers.push_back("[" + options_.ipv6_resolver.str() + "]");
    }
    for (const auto& server : dhcp.domain_name_servers)
        if (const auto* v4 = std::get_if<Ipv4Cidr>(&server))
            servers.push_back(v4->base.str());
        else
            ipv6_servers.push_back("[" + std::get<Ipv6Cidr>(server).base.str() + "]");
    const auto add = [&](const char* option, const std::vector<std::string>& values) {
        std::string word = std::string("--dhcp-option=") + option;
        for (const auto& value : values)
            word += "," + value;
        words.push_back(word);
    };
    const auto texts = [](const std::vector<Ipv4>& addresses) {
        std::vector<std::string> out;
        for (const auto& address : addresses)
            out.push_back(address.str());
        return out;
    };
    std::vector<std::string> domains;
    for (const auto domain : split(dhcp.domain_name, ' '))
        if (!domain.empty())
            domains.emplace_back(domain);
    add("option:dns-server", servers);
    add("option6:dns-server", ipv6_servers);
    add("option:domain-name",
        domains.empty() ? domains : std::vector<std::string>{dhcp.domain_name});
    if (!domains.empty()) {
        add("option:domain-search", domains);
        add("option6:domain-search", domains);
    }
    if (!dhcp.ntp_servers.empty())
        add("option:ntp-server", texts(dhcp.ntp_servers));
    if (!dhcp.netbios_name_servers.empty())
        add("option:netbios-ns", texts(dhcp.netbios_name_servers));
    if (dhcp.netbios_node_type != 0)
        add("option:netbios-nodetype", {std::to_string(dhcp.netbios_node_type)});
    return words;
}

std::vector<std::string> DnsServer::arguments(const std::vector<DnsServerSubnet>& subnets,
                                              const DhcpSpec& dhcp) const {
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
        fmt::format("--dhcp-option-force=option:mtu,{}", options_.mtu)};
    for (auto& word : dhcp_options(dhcp))
        words.push_back(std::move(word));
    bool has_ipv6 = false;
    for (const auto& subnet : subnets) {
        // Neighbours are not on the link, as far as a guest is concerned: everything goes through
        // the router, which it hears of in its advertisements (RFC 4861).
        if (subnet.ipv6_cidr)
            words.push_back(fmt::format("--dhcp-range=set:{},{},static,off-link,64,1h",
                                        subnet.gateway_link,
                                        subnet.ipv6_cidr->base.str()));
        has_ipv6 = has_ipv6 || subnet.ipv6_cidr;
        words.push_back(fmt::format("--bridge-interface={},{}", subnet.gateway_link, subnet.taps));
        words.push_back(fmt::format("--dhcp-range=set:{},{},static,{},1h",
                                    subnet.gateway_link,
                                    subnet.cidr.base.str(),
                                    netmask(subnet.cidr.prefix)));
    }
    if (has_ipv6)
        words.push_back("--enable-ra");
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
                                       const std::vector<DnsServerSubnet>& subnets,
                                       const DhcpSpec& dhcp) {
    PILEUS_TRY(make_directories(options_.folder / "dhcp", 0755));
    PILEUS_TRY(make_directories(options_.folder / "hosts", 0755));
    const auto words = arguments(subnets, dhcp);
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
    const auto name = fmt::format("{}.{}", interface.host_name, options_.domain);
    std::string ipv6, hosts = fmt::format("{} {}\n", ip, name);
    if (!interface.ipv6_addresses.empty())
        ipv6 = fmt::format(",[{}]", interface.ipv6_addresses.front().str());
    PILEUS_TRY(
        write("dhcp",
              fmt::format("{},{}{},{},1h\n", interface.mac.str(), ip, ipv6, interface.host_name)));
    return write("hosts", hosts);
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
