// SPDX-License-Identifier: Apache-2.0
// The namespace between the host and the VPCs, and the host's own table.
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/script.h"

namespace pileus::drivers {

std::string edge_rules(const LinuxNetworkOptions& options) {
    Script script;
    script.add("add table {}", vpc_table);
    script.fresh_chain("input", "type filter hook input priority 0; policy drop;");
    script.fresh_chain("forward", "type filter hook forward priority 0; policy drop;");
    script.rule("forward", "iifname \"{}\" oifname \"v*\" accept", edge_to_host_name);
    // From one VPC to another there is no way.
    script.rule("forward",
                "iifname \"v*\" oifname \"{}\" ip saddr {} accept",
                edge_to_host_name,
                options.transit.str());
    script.rule("forward",
                "iifname \"v*\" oifname \"{}\" ip6 saddr {} accept",
                edge_to_host_name,
                options.ipv6_pool.str());
    return script.take();
}

std::string host_rules(const LinuxNetworkOptions& options, const std::string& closed_uplink) {
    const AddressPlan plan(options);
    const auto own = "inet " + options.installation;
    const auto link = host_link_name(options.installation);
    std::string text;
    const auto add = [&](const std::string& line) { text += line + '\n'; };
    const auto chain = [&](const char* name, const char* hook) {
        add(fmt::format("add chain {} {} {{ {} policy accept; }}", own, name, hook));
        add(fmt::format("flush chain {} {}", own, name));
    };
    const auto rule = [&](const char* name, const std::string& what) {
        add(fmt::format("add rule {} {} {}", own, name, what));
    };

    const auto translate = [&](const char* name,
                               const std::string& which,
                               const char* what,
                               Ipv4Cidr from,
                               Ipv4Cidr to) {
        rule(name,
             fmt::format("{0} {1} ip prefix to ip {2} map {{ {3} : {4} }}",
                         which,
                         what,
                         std::string(what) == "dnat" ? "daddr" : "saddr",
                         from.str(),
                         to.str()));
    };

    add("add table " + own);
    const auto to_pool = fmt::format("ip daddr {}", plan.pool().str());
    const auto from_mirror = fmt::format("ip saddr {}", plan.mirror().str());
    chain("output", "type nat hook output priority -100;");
    translate("output", to_pool, "dnat", plan.pool(), plan.mirror());
    chain("prerouting", "type nat hook prerouting priority -100;");
    chain("postrouting", "type nat hook postrouting priority 100;");
    if (plan.is_loopback_pool()) {
        rule("postrouting", fmt::format("oifname \"{}\" snat ip to {}", link, plan.host().str()));
    } else { // guests see callers, and are seen, under the addresses that they have
        translate("prerouting", to_pool, "dnat", plan.pool(), plan.mirror());
        translate("postrouting", from_mirror, "snat", plan.mirror(), plan.pool());
    }
    if (options.egress)
        rule("postrouting",
             fmt::format("oifname != \"{}\" ip saddr {} masquerade", link, plan.transit().str()));

    // Guests do not reach the host itself.
    chain("input", "type filter hook input priority 0;");
    rule("input", fmt::format("iifname \"{}\" ct state established,related accept", link));
    if (options.egress)
        for (const auto resolver : options.upstream_resolvers)
            rule("input",
                 fmt::format("iifname \"{}\" ip daddr {} meta l4proto {{ tcp, udp }} th dport 53 "
                             "accept",
                             link,
                             resolver.str()));
    rule("input", fmt::format("iifname \"{}\" drop", link));

    chain("forward", "type filter hook forward priority 0;");
    rule("forward", fmt::format("oifname \"{}\" ct state established,related accept", link));
    if (!plan.is_loopback_pool()) {
        rule("forward", fmt::format("oifname \"{}\" ct status dnat accept", link));
        rule("forward", fmt::format("iifname \"{}\" ct state established,related accept", link));
    }
    rule("forward", fmt::format("oifname \"{}\" drop", link));
    if (!options.egress)
        rule("forward", fmt::format("iifname \"{}\" drop", link));
    if (!closed_uplink.empty())
        rule("forward", fmt::format("iifname \"{}\" drop", closed_uplink));
    return text;
}

std::string host_rules_removal(const LinuxNetworkOptions& options) {
    return fmt::format("add table inet {0}\ndelete table inet {0}\n", options.installation);
}

} // namespace pileus::drivers
