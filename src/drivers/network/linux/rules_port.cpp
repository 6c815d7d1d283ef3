// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/script.h"

namespace pileus::drivers {

namespace {

// One table for all taps of a VPC: nft reads every table anew before each change, so that a table a
// tap would make every change of rules cost more with each guest.
constexpr const char* guard_table = "netdev guard";
constexpr const char* guard_chains[] = {
    "guard", "dhcp", "ipv6", "solicit"}; // of a tap: "dhcp_t1-7"

std::vector<Ipv4> addresses_of(const InterfaceSpec& interface) {
    std::vector<Ipv4> out;
    for (const auto& address : interface.addresses)
        out.push_back(address.private_ip);
    return out;
}

uint64_t as_number(const MacAddress& mac) {
    uint64_t number = 0;
    for (const auto byte : mac.bytes)
        number = number << 8 | byte;
    return number;
}

// One guard: what a guest may send at all, whatever its security groups say. It runs on the tap
// itself, before any address was looked at by anything else: there is no "established", no ARP and
// no neighbour message that comes before it.
class Guard {
  public:
    explicit Guard(const Port& port)
        : port_(port), mac_(port.spec.mac.str()),
          routes_for_others_(!port.spec.source_dest_check ||
                             port.spec.kind == InterfaceKind::nat_gateway) {}

    std::string text() {
        script_.add("add table {}", guard_table);
        script_.add(
            "add chain {} guard_{} {{ type filter hook ingress device \"{}\" priority -500; "
            "policy drop; }}",
            guard_table,
            port_.tap,
            port_.tap);
        for (const char* chain : guard_chains) {
            script_.add("add chain {} {}_{}", guard_table, chain, port_.tap);
            script_.add("flush chain {} {}_{}", guard_table, chain, port_.tap);
        }
        add_first();
        add_dhcp();
        if (!port_.spec.ipv6_addresses.empty())
            add_ipv6();
        return script_.take();
    }

  private:
    template <class... Parts>
    void rule(const char* chain, const char* format, const Parts&... parts) {
        script_.add("add rule {} {}_{} {}",
                    guard_table,
                    chain,
                    port_.tap,
                    fmt::format(fmt::runtime(format), parts...));
    }

    void add_first() {
        const auto own = addresses_list(addresses_of(port_.spec));
        rule("guard", "ether saddr != {} drop", mac_);
        rule("guard", "meta mark set {:#x}", port_.mark());
        rule("guard",
             "ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp saddr ether {} arp "
             "saddr ip {{ 0.0.0.0, {} }} accept",
             mac_,
             own);
        if (!port_.spec.ipv6_addresses.empty())
            rule("guard", "ether type ip6 goto ipv6_{}", port_.tap);
        rule("guard", "ether type != ip drop"); // VLAN tags, ARP that lies, LLDP …
        rule("guard", "udp dport 67 goto dhcp_{}", port_.tap);
        rule("guard", "udp sport 67 udp dport 68 drop"); // it is no DHCP server
        if (routes_for_others_) // any address but those that can only be ours
            rule("guard",
                 "ip saddr != {{ 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 }} accept");
        else
            rule("guard", "ip saddr {{ {} }} accept", own);
    }

    // A DHCP client speaks for its own MAC address only (octets 28-33 of the message), and whole
    // packets.
    void add_dhcp() {
        rule("dhcp",
             "udp sport 68 ip frag-off & 0x3fff == 0 ip saddr {{ 0.0.0.0, {} }} @th,288,48 {:#x} "
             "accept",
             addresses_list(addresses_of(port_.spec)),
             as_number(port_.spec.mac));
        rule("dhcp", "drop");
    }

    // Solicits routers and neighbours, advertises itself only, and asks for its lease; it is no
    // router, and joins no group that anybody else would hear of.
    void add_ipv6() {
        const auto link_local = link_local_of(port_.spec.mac).str();
        const auto global = addresses_list(port_.spec.ipv6_addresses);
        const auto own = link_local + ", " + global;
        std::string targets;
        for (const auto& address : port_.spec.ipv6_addresses)
            targets += ", " + hex_of(address);
        targets = hex_of(link_local_of(port_.spec.mac)) + targets;

        rule("ipv6", "exthdr frag exists meta l4proto ipv6-icmp drop");
        rule("ipv6",
             "icmpv6 type nd-router-solicit ip6 hoplimit 255 ip6 saddr {{ ::, {} }} accept",
             own);
        rule("ipv6", "icmpv6 type nd-neighbor-solicit ip6 hoplimit 255 goto solicit_{}", port_.tap);
        rule("ipv6",
             "icmpv6 type nd-neighbor-advert ip6 hoplimit 255 ip6 saddr {{ {} }} @th,64,128 {{ {} "
             "}} "
             "accept",
             own,
             targets);
        rule("ipv6", "icmpv6 type {{ 130-138, 143, 151-153 }} drop");
        rule("ipv6",
             "udp dport 547 udp sport 546 ip6 saddr {} ip6 daddr ff02::1:2 accept",
             link_local);
        rule("ipv6", "udp dport {{ 546, 547 }} drop");
        rule("ipv6", "ip6 daddr {{ fe80::/10, ff00::/8 }} drop");
        if (routes_for_others_)
            rule("ipv6", "ip6 saddr != {{ ::/127, fe80::/10, ff00::/8 }} accept");
        else
            rule("ipv6", "ip6 saddr {{ {} }} accept", global);
        rule("ipv6", "drop");
        // Whether somebody has the address that it wants to use, and that is its own.
        rule("solicit", "ip6 saddr :: @th,64,128 {{ {} }} accept", targets);
        rule("solicit", "ip6 saddr {{ {} }} accept", own);
        rule("solicit", "drop");
    }

    static std::string hex_of(const Ipv6& address) {
        std::string text = "0x";
        for (const auto byte : address.bytes)
            text += fmt::format("{:02x}", byte);
        return text;
    }

    const Port& port_;
    const std::string mac_;
    const bool routes_for_others_;
    Script script_;
};

void add_port_chains(Script& script, const Port& port) {
    for (const bool egress : {false, true}) {
        const auto name = [&](const std::string& of) {
            return egress ? out_chain(of) : in_chain(of);
        };
        script.fresh_chain(name(port.tap));
        // On EC2 a NAT gateway has no groups: it is the subnet's ACL that filters.
        if (port.spec.kind == InterfaceKind::nat_gateway)
            script.rule(name(port.tap), "accept");
        for (const auto& group : port.spec.security_group_ids)
            script.rule(name(port.tap), "jump {}", name(group));
    }
}

void translation_elements(Script& script,
                          const char* verb,
                          const Port& port,
                          const AddressPlan& plan) {
    for (const auto& translation : translations_of(port.spec, plan)) {
        const auto private_ip = translation.private_ip.str();
        const auto transit_ip = translation.transit_ip.str();
        script.element(verb, "to_private", transit_ip + " : " + private_ip);
        script.element(verb, "to_transit", private_ip + " : " + transit_ip);
        script.element(verb, "outside", private_ip);
    }
}

void member_elements(Script& script, const char* verb, const Port& port) {
    for (const auto& group : port.spec.security_group_ids) {
        script.element(verb, members_set(group), addresses_list(addresses_of(port.spec)));
        if (!port.spec.ipv6_addresses.empty())
            script.element(verb, ipv6_members_set(group), addresses_list(port.spec.ipv6_addresses));
    }
}

void map_elements(Script& script, const char* verb, const Port& port) {
    const auto jump = [&](const char* map, const std::string& chain) {
        script.element(verb, map, fmt::format("\"{}\" : jump {}", port.tap, chain));
    };
    jump("egress", out_chain(port.tap));
    jump("ingress", in_chain(port.tap));
    jump("leaving", fmt::format("leave_{}", port.subnet_slot));
    jump("entering", fmt::format("enter_{}", port.subnet_slot));
    script.element(verb,
                   "neighbours",
                   fmt::format("{:#x} . \"{}\"", port.mark() & mark_subnet_mask, port.tap));
}

} // namespace

Ipv6 link_local_of(const MacAddress& mac) {
    const auto& m = mac.bytes;
    return Ipv6{{0xfe,
                 0x80,
                 0,
                 0,
                 0,
                 0,
                 0,
                 0,
                 static_cast<uint8_t>(m[0] ^ 2),
                 m[1],
                 m[2],
                 0xff,
                 0xfe,
                 m[3],
                 m[4],
                 m[5]}};
}

std::string guard_rules(const Port& port) {
    return Guard(port).text();
}

std::string port_rules(const Port& port, const Port* before, const AddressPlan& plan) {
    Script script;
    if (before != nullptr) {
        translation_elements(script, "delete", *before, plan);
        member_elements(script, "delete", *before);
    }
    add_port_chains(script, port);
    member_elements(script, "add", port);
    map_elements(script, "add", port);
    translation_elements(script, "add", port, plan);
    return guard_rules(port) + script.take();
}

std::string port_removal(const Port& port, bool in_maps, const AddressPlan& plan) {
    Script script;
    if (in_maps) {
        translation_elements(script, "delete", port, plan);
        map_elements(script, "delete", port);
        member_elements(script, "delete", port);
    }
    script.no_chain(in_chain(port.tap));
    script.no_chain(out_chain(port.tap));
    // Made first where it is not there: with the tap the kernel removes the chain on it. The one
    // that sends packets to the others goes before them.
    script.add("add table {}", guard_table);
    for (const char* verb : {"add", "flush", "delete"})
        for (const char* chain : guard_chains)
            script.add("{} chain {} {}_{}", verb, guard_table, chain, port.tap);
    return script.take();
}

// In the gateway's own namespace: what comes in goes out again, from the gateway's address.
std::string nat_gateway_rules(const InterfaceSpec& interface) {
    Script script;
    script.add("add table {}", vpc_table);
    script.fresh_chain("input", "type filter hook input priority 0; policy drop;");
    script.fresh_chain("output", "type filter hook output priority 0; policy drop;");
    // Its own ICMP errors are for those whose packets it forwards.
    script.rule("output", "meta l4proto icmp accept");
    script.fresh_chain("forward", "type filter hook forward priority 0; policy drop;");
    script.rule("forward", "iifname \"eth0\" oifname \"eth0\" ct state != invalid accept");
    script.fresh_chain("postrouting", "type nat hook postrouting priority 100; policy accept;");
    script.rule("postrouting", "oifname \"eth0\" snat ip to {}", interface.private_ip().str());
    return script.take();
}

} // namespace pileus::drivers
