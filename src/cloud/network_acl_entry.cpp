// SPDX-License-Identifier: Apache-2.0
//
// From what a request says about an entry of a network ACL to the one form in which store and
// engine know it. Pure functions; any thread.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html

#include "base/net.h"
#include "cloud/network_acls.h"
#include "cloud/protocol.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr int number_max = 32766;
constexpr int port_max = 65535;
constexpr int icmp_max = 255;
constexpr int everything = -1;

Result<std::string> block_of(const NetworkAclEntryRequest& request) {
    const auto& ipv4 = request.cidr_block;
    const auto& ipv6 = request.ipv6_cidr_block;
    if (ipv4.empty() == ipv6.empty())
        return fail(ipv4.empty() ? codes::missing_parameter : codes::invalid_parameter_combination,
                    "The request must contain exactly one of cidrBlock and ipv6CidrBlock");
    const auto block = parse_cidr(ipv4.empty() ? ipv6 : ipv4);
    if (!block || is_ipv6(*block) != ipv4.empty())
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter {} is invalid. This is not a valid CIDR block.",
                        ipv4.empty() ? ipv6 : ipv4,
                        ipv4.empty() ? "ipv6CidrBlock" : "cidrBlock"));
    return to_string(*block);
}

Result<void> set_ports(domain::NetworkAclEntry& entry, const NetworkAclEntryRequest& request) {
    if (!request.from_port || !request.to_port)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter portRange with TCP and UDP");
    for (const int port : {*request.from_port, *request.to_port})
        if (port < 0 || port > port_max)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Value ({}) for parameter portRange is invalid. TCP and UDP "
                                    "ports are 0 to {}.",
                                    port,
                                    port_max));
    if (*request.from_port > *request.to_port)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}-{}) for parameter portRange is invalid. The first port "
                                "is after the last.",
                                *request.from_port,
                                *request.to_port));
    entry.from_port = *request.from_port;
    entry.to_port = *request.to_port;
    return {};
}

// The "ports" of ICMP are its type and its code.
Result<void> set_icmp(domain::NetworkAclEntry& entry, const NetworkAclEntryRequest& request) {
    if (!request.icmp_type)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter icmpTypeCode with ICMP");
    entry.from_port = *request.icmp_type;
    entry.to_port = request.icmp_code.value_or(everything);
    for (const int number : {entry.from_port, entry.to_port})
        if (number < everything || number > icmp_max)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Value ({}) for parameter icmpTypeCode is invalid. Types and "
                                    "codes are 0 to {}, or -1 for all.",
                                    number,
                                    icmp_max));
    if (entry.from_port == everything && entry.to_port != everything)
        return fail(codes::invalid_parameter_value,
                    "Value (-1) for parameter icmpTypeCode is invalid. A code needs its type.");
    return {};
}

} // namespace

Result<domain::NetworkAclEntry> entry_of(const NetworkAclEntryRequest& request) {
    if (request.number < 1 || request.number > number_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter ruleNumber is invalid. Rule numbers are "
                                "1 to {}.",
                                request.number,
                                number_max));
    const auto number = parse_protocol(request.protocol);
    if (!number)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", request.protocol));
    domain::NetworkAclEntry entry;
    entry.network_acl_id = request.network_acl_id;
    entry.egress = request.egress;
    entry.number = request.number;
    entry.allow = request.allow;
    entry.protocol = *number;
    PILEUS_ASSIGN(entry.cidr_block, block_of(request));
    if (*number == protocol::tcp || *number == protocol::udp)
        PILEUS_TRY(set_ports(entry, request));
    if (*number == protocol::icmp || *number == protocol::icmpv6)
        PILEUS_TRY(set_icmp(entry, request));
    if (*number == protocol::icmpv6 && request.ipv6_cidr_block.empty())
        return fail(codes::invalid_parameter_value,
                    "Protocol 58 (ICMPv6) needs an IPv6 CIDR block.");
    return entry; // other protocols have no ports: EC2 takes and ignores them
}

} // namespace pileus::cloud
