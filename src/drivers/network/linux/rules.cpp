// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/rules.h"

#include "drivers/network/topology/topology.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr const char* table = "inet pileus";

class Script {
  public:
    template <class... Parts> void add(const char* format, const Parts&... parts) {
        text_ += fmt::format(fmt::runtime(format), parts...);
        text_ += '\n';
    }
    template <class... Parts>
    void rule(const std::string& chain, const char* format, const Parts&... parts) {
        add("add rule {} {} {}", table, chain, fmt::format(fmt::runtime(format), parts...));
    }
    // A chain of ours, empty.
    void fresh_chain(const std::string& chain) {
        add("add chain {} {}", table, chain);
        add("flush chain {} {}", table, chain);
    }
    void fresh_chain(const std::string& chain, const std::string& hook) {
        add("add chain {} {} {{ {} }}", table, chain, hook);
        add("flush chain {} {}", table, chain);
    }
    // There or not, afterwards it is not.
    void no_chain(const std::string& chain) {
        add("add chain {} {}", table, chain);
        add("flush chain {} {}", table, chain);
        add("delete chain {} {}", table, chain);
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::string in_chain(const std::string& name) {
    return "in_" + name;
}
std::string out_chain(const std::string& name) {
    return "out_" + name;
}
std::string members_set(const std::string& group_id) {
    return "members_" + group_id;
}

void add_members_set(Script& script, const std::string& group_id) {
    script.add("add set {} {} {{ type ipv4_addr; }}", table, members_set(group_id));
}

std::string peer_match(const TrafficRule& rule) {
    const char* const field = rule.egress ? "daddr" : "saddr";
    if (!rule.peer_cidr)
        return fmt::format("ip {} @{} ", field, members_set(rule.peer_security_group_id));
    if (is_ipv6(*rule.peer_cidr))
        return fmt::format("ip6 {} {} ", field, to_string(*rule.peer_cidr));
    if (std::get<Ipv4Cidr>(*rule.peer_cidr).prefix == 0)
        return "meta nfproto ipv4 ";
    return fmt::format("ip {} {} ", field, to_string(*rule.peer_cidr));
}

std::string port_match(const char* protocol, const TrafficRule& rule) {
    if (rule.from_port <= 0 && (rule.to_port == -1 || rule.to_port == 65535))
        return fmt::format("meta l4proto {} ", protocol);
    return fmt::format("{} dport {}-{} ", protocol, rule.from_port, rule.to_port);
}

std::string icmp_match(const TrafficRule& rule) {
    if (rule.from_port == -1)
        return "meta l4proto icmp ";
    if (rule.to_port == -1)
        return fmt::format("icmp type {} ", rule.from_port);
    return fmt::format("icmp type {} icmp code {} ", rule.from_port, rule.to_port);
}

std::string protocol_match(const TrafficRule& rule) {
    switch (rule.protocol) {
    case -1:
        return "";
    case 1:
        return icmp_match(rule);
    case 6:
        return port_match("tcp", rule);
    case 17:
        return port_match("udp", rule);
    default:
        return fmt::format("meta l4proto {} ", rule.protocol);
    }
}

std::string addresses_text(const Port& port) {
    std::string text;
    for (const auto& address : port.spec.addresses)
        text += (text.empty() ? "" : ", ") + address.private_ip.str();
    return text;
}

uint64_t as_number(const MacAddress& mac) {
    uint64_t number = 0;
    for (const auto byte : mac.bytes)
        number = number << 8 | byte;
    return number;
}

// What a guest may send at all, whatever its security groups say. It runs on the tap itself, before
// any address was looked at by anything else: there is no "established" and no ARP that comes
// before it.
void add_guard(Script& script, const Port& port) {
    const auto chain = fmt::format("netdev {} guard", port.tap);
    const auto rule = [&](const std::string& text) { script.add("add rule {} {}", chain, text); };
    const auto mac = port.spec.mac.str();
    const auto ip = addresses_text(port);

    script.add("add table netdev {}", port.tap);
    script.add("add chain {} {{ type filter hook ingress device \"{}\" priority -500; policy "
               "drop; }}",
               chain,
               port.tap);
    script.add("add chain netdev {} dhcp", port.tap);
    script.add("flush chain {}", chain);
    script.add("flush chain netdev {} dhcp", port.tap);

    rule(fmt::format("ether saddr != {} drop", mac));
    rule(fmt::format("meta mark set {}", port.mark()));
    rule(fmt::format("ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp saddr "
                     "ether {} arp saddr ip {{ 0.0.0.0, {} }} accept",
                     mac,
                     ip));
    rule("ether type != ip drop"); // IPv6, VLAN tags, ARP that lies, LLDP …
    rule("udp dport 67 jump dhcp");
    if (port.spec.source_dest_check)
        rule(fmt::format("ip saddr {{ {} }} accept", ip));
    else // it routes for others: any address but those that can only be ours
        rule("ip saddr != { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 } accept");
    // A DHCP client speaks for its own MAC address only (octets 28-33 of the message), and whole
    // packets.
    script.add("add rule netdev {} dhcp udp sport 68 ip frag-off & 0x3fff == 0 ip saddr {{ "
               "0.0.0.0, {} }} @th,288,48 {:#x} accept",
               port.tap,
               ip,
               as_number(port.spec.mac));
    script.add("add rule netdev {} dhcp drop", port.tap);
}

void add_port_chains(Script& script, const Port& port) {
    for (const bool egress : {false, true}) {
        const auto name = [&](const std::string& of) {
            return egress ? out_chain(of) : in_chain(of);
        };
        script.fresh_chain(name(port.tap));
        for (const auto& group : port.spec.security_group_ids)
            script.rule(name(port.tap), "jump {}", name(group));
    }
}

void element(Script& script, const char* verb, const std::string& set, const std::string& text) {
    script.add("{} element {} {} {{ {} }}", verb, table, set, text);
}

void public_elements(Script& script, const char* verb, const Translation& translation) {
    const auto private_ip = translation.private_ip.str();
    const auto transit_ip = translation.transit_ip.str();
    element(script, verb, "to_private", transit_ip + " : " + private_ip);
    element(script, verb, "to_transit", private_ip + " : " + transit_ip);
    element(script, verb, "outside", private_ip);
}

void member_elements(Script& script, const char* verb, const Port& port, const std::string& group) {
    element(script, verb, members_set(group), addresses_text(port));
}

void map_elements(Script& script, const char* verb, const Port& port) {
    element(
        script, verb, "egress", fmt::format("\"{0}\" : jump {1}", port.tap, out_chain(port.tap)));
    element(
        script, verb, "ingress", fmt::format("\"{0}\" : jump {1}", port.tap, in_chain(port.tap)));
}

void add_vpc_sets(Script& script) {
    for (const char* set : {"egress { type ifname : verdict; }",
                            "ingress { type ifname : verdict; }",
                            "to_private { type ipv4_addr : ipv4_addr; }",
                            "to_transit { type ipv4_addr : ipv4_addr; }"})
        script.add("add map {} {}", table, set);
    script.add("add set {} outside {{ type ipv4_addr; }}", table);
    for (const char* map : {"egress", "ingress", "to_private", "to_transit"})
        script.add("flush map {} {}", table, map);
    script.add("flush set {} outside", table);
}

// The services of the VPC itself, which security groups do not filter, as on EC2.
void add_vpc_input(Script& script, const VpcSpec& vpc) {
    script.fresh_chain("input", "type filter hook input priority 0; policy drop;");
    script.rule("input", "iifname \"lo\" accept");
    script.rule("input", "ct state established,related accept");
    script.rule("input", "iifname \"t*\" udp dport 67 accept");
    script.rule("input",
                "iifname \"t*\" ip daddr {{ 169.254.169.253, {} }} meta l4proto {{ tcp, udp }} th "
                "dport 53 accept",
                resolver_of(vpc.cidrs.front()).str());
    script.rule("input", "iifname \"t*\" ip daddr 169.254.169.254 tcp dport 80 accept");
}

void add_vpc_nat(Script& script) {
    script.fresh_chain("prerouting", "type nat hook prerouting priority -100; policy accept;");
    script.rule("prerouting", "iifname \"{}\" dnat ip to ip daddr map @to_private", uplink_name);
    script.fresh_chain("postrouting", "type nat hook postrouting priority 100; policy accept;");
    script.rule("postrouting", "oifname \"{}\" snat ip to ip saddr map @to_transit", uplink_name);
}

} // namespace

std::string vpc_rules(const VpcSpec& vpc, const LinuxNetworkOptions& options) {
    Script script;
    script.add("add table {}", table);
    add_vpc_sets(script);
    add_vpc_input(script, vpc);
    add_vpc_nat(script);

    // A packet between guests passes two gates: what its sender may send, then what its receiver
    // lets in. An "accept" ends one gate only.
    script.fresh_chain("egress_gate", "type filter hook forward priority -10; policy drop;");
    script.rule("egress_gate", "ct state established,related accept");
    script.rule("egress_gate", "ct state invalid drop");
    script.rule("egress_gate", "iifname \"{}\" accept", uplink_name);
    script.rule("egress_gate", "iifname vmap @egress");

    script.fresh_chain("to_outside");
    if (options.egress) {
        script.rule("to_outside",
                    "ip daddr {{ {}, {}, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 }} drop",
                    vpc.cidrs.front().str(),
                    options.transit.str());
        script.rule("to_outside", "ip saddr @outside accept");
    }
    script.fresh_chain("ingress_gate", "type filter hook forward priority 0; policy drop;");
    script.rule("ingress_gate", "ct state established,related accept");
    script.rule("ingress_gate", "oifname \"{}\" jump to_outside", uplink_name);
    script.rule("ingress_gate", "oifname vmap @ingress");
    return script.take();
}

std::string group_rules(const SecurityGroupSpec& group) {
    Script script;
    add_members_set(script, group.id);
    for (const auto& rule : group.rules)
        if (!rule.peer_cidr && rule.peer_security_group_id != group.id)
            add_members_set(script, rule.peer_security_group_id);
    script.fresh_chain(in_chain(group.id));
    script.fresh_chain(out_chain(group.id));
    for (const auto& rule : group.rules)
        script.rule(rule.egress ? out_chain(group.id) : in_chain(group.id),
                    "{}{}accept",
                    peer_match(rule),
                    protocol_match(rule));
    return script.take();
}

std::string empty_group_members(const std::string& group_id) {
    Script script;
    add_members_set(script, group_id);
    script.add("flush set {} {}", table, members_set(group_id));
    return script.take();
}

// Its set of members stays, empty: another group's rules may still name it.
std::string group_removal(const std::string& group_id) {
    Script script;
    script.no_chain(in_chain(group_id));
    script.no_chain(out_chain(group_id));
    return script.take() + empty_group_members(group_id);
}

std::string port_rules(const Port& port, const Port* before, const AddressPlan& plan) {
    Script script;
    add_guard(script, port);
    if (before != nullptr) {
        for (const auto& translation : translations_of(before->spec, plan))
            public_elements(script, "delete", translation);
        for (const auto& group : before->spec.security_group_ids)
            member_elements(script, "delete", *before, group);
    }
    add_port_chains(script, port);
    for (const auto& group : port.spec.security_group_ids)
        member_elements(script, "add", port, group);
    map_elements(script, "add", port);
    for (const auto& translation : translations_of(port.spec, plan))
        public_elements(script, "add", translation);
    return script.take();
}

std::string port_removal(const Port& port, bool in_maps, const AddressPlan& plan) {
    Script script;
    if (in_maps) {
        for (const auto& translation : translations_of(port.spec, plan))
            public_elements(script, "delete", translation);
        map_elements(script, "delete", port);
        for (const auto& group : port.spec.security_group_ids)
            member_elements(script, "delete", port, group);
    }
    script.no_chain(in_chain(port.tap));
    script.no_chain(out_chain(port.tap));
    script.add("add table netdev {}", port.tap);
    script.add("delete table netdev {}", port.tap);
    return script.take();
}

std::string edge_rules(const LinuxNetworkOptions& options) {
    Script script;
    script.add("add table {}", table);
    script.fresh_chain("input", "type filter hook input priority 0; policy drop;");
    script.fresh_chain("forward", "type filter hook forward priority 0; policy drop;");
    script.rule("forward", "iifname \"{}\" oifname \"v*\" accept", edge_to_host_name);
    // From one VPC to another there is no way.
    script.rule("forward",
                "iifname \"v*\" oifname \"{}\" ip saddr {} accept",
                edge_to_host_name,
                options.transit.str());
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

    add("add table " + own);
    chain("output", "type nat hook output priority -100;");
    rule("output",
         fmt::format("ip daddr {0} dnat ip prefix to ip daddr map {{ {0} : {1} }}",
                     plan.pool().str(),
                     plan.mirror().str()));
    chain("postrouting", "type nat hook postrouting priority 100;");
    rule("postrouting", fmt::format("oifname \"{}\" snat ip to {}", link, plan.host().str()));
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
