// SPDX-License-Identifier: Apache-2.0
#pragma once

// What happens to a packet, and why: judged from what the network driver is told, not by asking the
// kernel. Pure; any thread.

#include "drivers/network/explain/match.h"
#include "drivers/network/network.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pileus::drivers {

// Everything that decides about a packet, and the words for it.
struct NetworkView {
    std::vector<VpcSpec> vpcs;
    std::vector<SecurityGroupSpec> groups;
    std::vector<InterfaceSpec> interfaces;

    bool egress = true; // the installation lets guests reach the world
    // Words only. By interface: what it belongs to ("i-…", "nat-…"). By VPC: its internet gateway.
    std::map<std::string, std::string> owners;
    std::map<std::string, std::string> internet_gateways;
    // Interfaces that nobody listens behind: why, "i-… is stopped".
    std::map<std::string, std::string> idle;
    // Those of other accounts, which are peered: they decide, but the caller is not told how.
    std::set<std::string> foreign_vpcs;
};

// One end of a packet: an interface (and which of its addresses; the primary one when none is
// given), or an address outside.
struct Party {
    std::string interface_id;
    std::optional<IpAddress> address;
};

struct Packet {
    Party from, to;
    int protocol = protocols::tcp;
    int port = 0;            // destination port of TCP and UDP; type of ICMP
    int code = 0;            // of ICMP
    int source_port = 50000; // the answer comes back to it
};

struct Hop {
    // For programs: "interface", "source-dest-check", "security-group-egress",
    // "security-group-ingress", "network-acl-egress", "network-acl-ingress", "route",
    // "internet-gateway", "nat-gateway", "peering", "service", "destination".
    std::string kind;
    std::string id;         // of what was consulted
    bool is_answer = false; // seen by the packet that comes back
    bool passes = false;
    std::string text;    // "rule tcp 443 from 10.0.0.0/16 allows it"
    std::string command; // where it stops: an `aws` command that would change it, where one does
};

struct Explanation {
    Header header; // as it leaves its sender
    bool arrives = false;
    bool is_answered =
        false; // what the other end answers comes back; arrives, where there is no answer to expect
    std::vector<Hop> hops; // up to the one that stops it

    const Hop* stop() const; // or nullptr
};

Explanation explain(const NetworkView& view, const Packet& packet);

} // namespace pileus::drivers
