// SPDX-License-Identifier: Apache-2.0
#include "cloud/security_group_permissions.h"

#include "base/net.h"
#include "cloud/protocol.h"
#include "domain/error_codes.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr size_t text_chars_max = 255;
constexpr std::string_view text_punctuation = " ._-:/()#,@[]+=&;{}!$*";
constexpr int port_max = 65535;
constexpr int icmp_max = 255;
constexpr int everything = -1; // all protocols, all ICMP types, all codes

Result<std::string> normal_protocol(const std::string& given) {
    if (given.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter ipProtocol");
    const auto number = parse_protocol(given);
    if (!number)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", given));
    switch (*number) { // those that EC2 shows by name; all others stay numbers
    case protocol::icmp:
        return std::string("icmp");
    case protocol::tcp:
        return std::string("tcp");
    case protocol::udp:
        return std::string("udp");
    case protocol::icmpv6:
        return std::string("icmpv6");
    default:
        return std::to_string(*number);
    }
}

Result<void>
set_ports(domain::SecurityGroupRule& rule, std::optional<int> from, std::optional<int> to) {
    if (!from || !to)
        return fail(
            codes::invalid_parameter_value,
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
    for (const int port : {*from, *to})
        if (port < 0 || port > port_max)
            return fail(codes::invalid_parameter_value,
                        fmt::format("TCP/UDP port ({}) out of range", port));
    if (*from > *to)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid TCP/UDP port range ({}:{})", *from, *to));
    rule.from_port = *from;
    rule.to_port = *to;
    return {};
}

// The "ports" of ICMP are its type and its code.
Result<void>
set_icmp(domain::SecurityGroupRule& rule, std::optional<int> type, std::optional<int> code) {
    rule.from_port = type.value_or(everything);
    rule.to_port = code.value_or(everything);
    if (rule.from_port < everything || rule.from_port > icmp_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("ICMP type ({}) out of range", rule.from_port));
    if (rule.to_port < everything || rule.to_port > icmp_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("ICMP code ({}) out of range", rule.to_port));
    if (rule.from_port == everything && rule.to_port != everything)
        return fail(codes::invalid_parameter_value,
                    fmt::format("ICMP code ({}) needs a type: give FromPort too.", rule.to_port));
    return {};
}

Result<domain::SecurityGroupRule> traffic_of(bool egress, const Permission& permission) {
    domain::SecurityGroupRule rule;
    rule.egress = egress;
    PILEUS_ASSIGN(rule.protocol, normal_protocol(permission.protocol));
    if (rule.protocol == "tcp" || rule.protocol == "udp")
        PILEUS_TRY(set_ports(rule, permission.from_port, permission.to_port));
    else if (rule.protocol == "icmp" || rule.protocol == "icmpv6")
        PILEUS_TRY(set_icmp(rule, permission.from_port, permission.to_port));
    return rule; // other protocols have no ports: EC2 takes and ignores them
}

Result<RequestedRule> rule_of(const domain::SecurityGroupRule& traffic,
                              const PermissionPeer& peer) {
    const auto malformed = [](const std::string& cidr) {
        return fail(codes::invalid_parameter_value,
                    fmt::format("CIDR block {} is malformed", cidr));
    };
    PILEUS_TRY(check_rule_description(peer.description));
    RequestedRule requested{traffic, peer.group, peer.group_owner_id, peer.peering_connection_id};
    requested.rule.description = peer.description;
    if (!peer.cidr_ipv4.empty()) {
        const auto cidr = Ipv4Cidr::parse(peer.cidr_ipv4);
        if (!cidr)
            return malformed(peer.cidr_ipv4);
        requested.rule.cidr_ipv4 = cidr->str();
    } else if (!peer.cidr_ipv6.empty()) {
        const auto cidr = Ipv6Cidr::parse(peer.cidr_ipv6);
        if (!cidr)
            return malformed(peer.cidr_ipv6);
        requested.rule.cidr_ipv6 = cidr->str();
    } else if (!peer.prefix_list_id.empty()) {
        requested.rule.prefix_list_id = peer.prefix_list_id;
    } else if (peer.group.id.empty() && peer.group.name.empty()) {
        return fail(
            codes::missing_parameter,
            "Missing source specification: include source security group or CIDR information");
    }
    return requested;
}

bool is_same(const RequestedRule& a, const RequestedRule& b) {
    return a.rule.same_permission(b.rule) && a.peer_group.id == b.peer_group.id &&
           a.peer_group.name == b.peer_group.name;
}

} // namespace

bool is_group_text(std::string_view text) {
    return text.size() <= text_chars_max && std::all_of(text.begin(), text.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      text_punctuation.find(c) != std::string_view::npos;
           });
}

Result<void> check_rule_description(std::string_view description) {
    if (!is_group_text(description))
        return fail(
            codes::invalid_parameter_value,
            "Invalid rule description. Valid descriptions are strings less than 256 characters "
            "from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    return {};
}

Result<std::vector<RequestedRule>> rules_of(bool egress,
                                            const std::vector<Permission>& permissions) {
    std::vector<RequestedRule> rules;
    for (const auto& permission : permissions) {
        PILEUS_ASSIGN(const auto traffic, traffic_of(egress, permission));
        if (permission.peers.empty())
            PILEUS_TRY(rule_of(traffic, {})); // says what is missing
        for (const auto& peer : permission.peers) {
            PILEUS_ASSIGN(auto rule, rule_of(traffic, peer));
            if (std::any_of(rules.begin(), rules.end(), [&](const RequestedRule& other) {
                    return is_same(other, rule);
                }))
                return fail(codes::invalid_parameter_value,
                            "The same permission must not appear multiple times");
            rules.push_back(std::move(rule));
        }
    }
    return rules;
}

std::string permission_text(const domain::SecurityGroupRule& rule) {
    std::string peer;
    for (const auto* candidate :
         {&rule.cidr_ipv4, &rule.cidr_ipv6, &rule.prefix_list_id, &rule.referenced_group_id})
        if (!candidate->empty())
            peer = *candidate;
    if (rule.protocol == "-1")
        return fmt::format("peer: {}, ALL, ALLOW", peer);
    auto protocol = rule.protocol;
    std::transform(protocol.begin(), protocol.end(), protocol.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    if (rule.protocol == "tcp" || rule.protocol == "udp")
        return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW",
                           peer,
                           protocol,
                           rule.from_port,
                           rule.to_port);
    return fmt::format(
        "peer: {}, {}, type: {}, code: {}, ALLOW", peer, protocol, rule.from_port, rule.to_port);
}

} // namespace pileus::cloud
