// SPDX-License-Identifier: Apache-2.0
// What every packet of a VPC passes, whoever sends it: the borders of the VPC and of its subnets
// (priority -20, stateless), then the sender's groups (-10), then the receiver's (0).
#include "drivers/network/linux/match.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/script.h"
#include "drivers/network/topology/topology.h"

#include <algorithm>
#include <vector>

namespace pileus::drivers {

namespace {

std::string acl_chain(const std::string& acl_id, bool egress) {
    return (egress ? "acl_out_" : "acl_in_") + acl_id;
}
std::string leaving_chain(uint32_t slot) {
    return fmt::format("leave_{}", slot);
}
std::string entering_chain(uint32_t slot) {
    return fmt::format("enter_{}", slot);
}

void add_sets(Script& script) {
    for (const char* map : {"egress { type ifname : verdict; }",
                            "ingress { type ifname : verdict; }",
                            "leaving { type ifname : verdict; }",
                            "entering { type ifname : verdict; }",
                            "to_private { type ipv4_addr : ipv4_addr; }",
                            "to_transit { type ipv4_addr : ipv4_addr; }"})
        script.add("add map {} {}", vpc_table, map);
    script.add("add set {} neighbours {{ type mark . ifname; }}", vpc_table);
    script.add("add set {} outside {{ type ipv4_addr; }}", vpc_table);
}

// The services of the VPC itself, which neither groups nor ACLs filter, as on EC2.
void add_input(Script& script, const VpcSpec& vpc) {
    script.fresh_chain("input", "type filter hook input priority 0; policy drop;");
    script.rule("input", "iifname \"lo\" accept");
    script.rule("input", "ct state established,related accept");
    script.rule("input", "iifname \"t*\" udp dport 67 accept");
    if (vpc.dns_support) {
        const char* const dns = "meta l4proto {{ tcp, udp }} th dport 53 accept";
        script.rule(
            "input",
            (std::string("iifname \"t*\" ip daddr {{ 169.254.169.253, {} }} ") + dns).c_str(),
            resolver_of(vpc.cidrs.front()).str());
        script.rule("input",
                    (std::string("iifname \"t*\" ip6 daddr fd00:ec2::253 ") + dns).c_str());
    }
    script.rule("input", "iifname \"t*\" ip daddr 169.254.169.254 tcp dport 80 accept");
    script.rule("input",
                "iifname \"t*\" icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, "
                "nd-neighbor-advert }} accept");
    script.rule("input", "iifname \"t*\" udp sport 546 udp dport 547 accept");
}

void add_translation(Script& script) {
    script.fresh_chain("prerouting", "type nat hook prerouting priority -100; policy accept;");
    script.rule("prerouting", "iifname \"{}\" dnat ip to ip daddr map @to_private", uplink_name);
    script.fresh_chain("postrouting", "type nat hook postrouting priority 100; policy accept;");
    script.rule("postrouting", "oifname \"{}\" snat ip to ip saddr map @to_transit", uplink_name);
}

// In the order of their numbers; what none matches is denied.
void add_acl(Script& script, const NetworkAclSpec& acl) {
    auto entries = acl.entries;
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.number < b.number;
    });
    for (const bool egress : {false, true}) {
        const auto chain = acl_chain(acl.id, egress);
        script.fresh_chain(chain);
        for (const auto& entry : entries)
            if (entry.egress == egress)
                script.rule(chain,
                            "{}{}{}",
                            peer_match(entry.peer, egress),
                            protocol_match(entry.protocol, entry.from_port, entry.to_port),
                            entry.allow ? "return" : "drop");
        script.rule(chain, "drop");
    }
}

void add_acls(Script& script, const VpcShape& vpc) {
    for (const auto& acl : vpc.spec.network_acls)
        add_acl(script, acl);
    for (const auto& subnet : vpc.spec.subnets) {
        const uint32_t slot = vpc.subnet_slots.at(subnet.id);
        for (const bool egress : {true, false}) {
            const auto chain = egress ? leaving_chain(slot) : entering_chain(slot);
            script.fresh_chain(chain);
            if (!subnet.network_acl_id.empty())
                script.rule(chain, "jump {}", acl_chain(subnet.network_acl_id, egress));
        }
    }
}

template <class Block> std::string blocks_of(const std::vector<IpCidr>& cidrs) {
    std::vector<Block> out;
    for (const auto& cidr : cidrs)
        if (const auto* block = std::get_if<Block>(&cidr))
            out.push_back(*block);
    return addresses_list(out);
}

// Between the blocks of the two VPCs and nothing else: a peering leads no further.
void add_peerings(Script& script, const VpcShape& vpc) {
    script.fresh_chain("from_peer");
    script.fresh_chain("to_peer");
    for (const auto& peering : vpc.spec.peerings) {
        const auto link = peering_link_name(vpc.peering_slots.at(peering.id));
        const auto pass =
            [&](const char* family, const std::string& ours, const std::string& theirs) {
                if (ours.empty() || theirs.empty())
                    return;
                const char* const way =
                    "{} saddr {{ {} }} {} daddr {{ {} }} iifname \"{}\" oifname \"{}\" return";
                script.rule("from_peer", way, family, theirs, family, ours, link, "t*");
                script.rule("to_peer", way, family, ours, family, theirs, "t*", link);
            };
        pass("ip", addresses_list(vpc.spec.cidrs), blocks_of<Ipv4Cidr>(peering.peer_cidrs));
        pass("ip6", addresses_list(vpc.spec.ipv6_cidrs), blocks_of<Ipv6Cidr>(peering.peer_cidrs));
    }
    script.rule("from_peer", "drop");
    script.rule("to_peer", "drop");
}

// Without an internet gateway nothing passes, but the answers to what an egress-only one let out.
void add_uplink(Script& script, const VpcSpec& vpc) {
    script.fresh_chain("uplink");
    script.rule("uplink", "iifname \"{0}\" oifname \"{0}\" drop", uplink_name);
    if (!vpc.internet_gateway) {
        script.rule("uplink", "meta nfproto ipv4 drop");
        script.rule("uplink", "iifname \"{}\" ct direction original drop", uplink_name);
    }
    if (!vpc.ipv6_cidrs.empty())
        script.rule("uplink",
                    "oifname \"{}\" meta nfproto ipv6 ip6 saddr != {{ {} }} drop",
                    uplink_name,
                    addresses_list(vpc.ipv6_cidrs));
    script.rule("uplink",
                "oifname \"{}\" rt ip6 nexthop {} ct direction reply drop",
                uplink_name,
                egress_only_hop.str());
}

void add_border(Script& script, const VpcShape& vpc) {
    add_uplink(script, vpc.spec);
    add_peerings(script, vpc);
    script.fresh_chain("border", "type filter hook forward priority -20; policy accept;");
    for (const char* direction : {"iifname", "oifname"})
        script.rule("border", "{} \"{}\" jump uplink", direction, uplink_name);
    script.rule("border", "iifname \"p*\" jump from_peer");
    script.rule("border", "oifname \"p*\" jump to_peer");
    // An ACL stands at the border of its subnet: neighbours do not meet it.
    script.rule("border", "meta mark & {:#x} . oifname @neighbours accept", mark_subnet_mask);
    script.rule("border", "iifname vmap @leaving");
    script.rule("border", "oifname vmap @entering");
}

// What goes out to the world, and is not an answer.
void add_to_outside(Script& script, const VpcSpec& vpc, const LinuxNetworkOptions& options) {
    script.fresh_chain("to_outside");
    if (!options.egress)
        return;
    script.rule("to_outside",
                "ip daddr {{ {}, {}, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 }} drop",
                addresses_list(vpc.cidrs),
                options.transit.str());
    script.rule(
        "to_outside", "ip6 daddr {{ {}, fe80::/10, ff00::/8 }} drop", options.ipv6_pool.str());
    script.rule("to_outside", "ip saddr @outside accept");
    script.rule("to_outside", "meta nfproto ipv6 accept");
}

// A packet between guests passes two gates: what its sender may send, then what its receiver lets
// in. An "accept" ends one gate only.
void add_gates(Script& script) {
    script.fresh_chain("egress_gate", "type filter hook forward priority -10; policy drop;");
    script.rule("egress_gate", "ct state established,related accept");
    script.rule("egress_gate", "ct state invalid drop");
    script.rule("egress_gate", "iifname \"{}\" accept", uplink_name);
    script.rule("egress_gate", "iifname \"p*\" accept");
    script.rule("egress_gate", "iifname vmap @egress");

    script.fresh_chain("ingress_gate", "type filter hook forward priority 0; policy drop;");
    script.rule("ingress_gate", "ct state established,related accept");
    script.rule("ingress_gate", "oifname \"{}\" jump to_outside", uplink_name);
    script.rule("ingress_gate", "oifname \"p*\" accept");
    script.rule("ingress_gate", "oifname vmap @ingress");
}

void remove_what_is_gone(Script& script, const VpcShape& vpc, const VpcShape& before) {
    for (const auto& [id, slot] : before.subnet_slots) {
        const bool stays =
            std::any_of(vpc.subnet_slots.begin(),
                        vpc.subnet_slots.end(),
                        [slot = slot](const auto& entry) { return entry.second == slot; });
        if (stays)
            continue;
        script.no_chain(leaving_chain(slot));
        script.no_chain(entering_chain(slot));
    }
    for (const auto& acl : before.spec.network_acls) {
        const bool stays = std::any_of(vpc.spec.network_acls.begin(),
                                       vpc.spec.network_acls.end(),
                                       [&](const auto& now) { return now.id == acl.id; });
        if (stays)
            continue;
        script.no_chain(acl_chain(acl.id, true));
        script.no_chain(acl_chain(acl.id, false));
    }
}

} // namespace

std::string
vpc_rules(const VpcShape& vpc, const VpcShape* before, const LinuxNetworkOptions& options) {
    Script script;
    script.add("add table {}", vpc_table);
    add_sets(script);
    add_input(script, vpc.spec);
    add_translation(script);
    add_to_outside(script, vpc.spec, options);
    add_acls(script, vpc);
    add_border(script, vpc);
    add_gates(script);
    if (before != nullptr)
        remove_what_is_gone(script, vpc, *before);
    return script.take();
}

std::string no_ports() {
    Script script;
    for (const char* map : {"egress", "ingress", "leaving", "entering", "to_private", "to_transit"})
        script.add("flush map {} {}", vpc_table, map);
    for (const char* set : {"neighbours", "outside"})
        script.add("flush set {} {}", vpc_table, set);
    return script.take();
}

} // namespace pileus::drivers
