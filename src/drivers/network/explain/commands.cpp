// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/commands.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr int acl_number_max = 32766;
constexpr int first_ephemeral_port = 1024;

std::string protocol_name(int protocol) {
    switch (protocol) {
    case protocols::icmp:
        return "icmp";
    case protocols::tcp:
        return "tcp";
    case protocols::udp:
        return "udp";
    case protocols::icmpv6:
        return "icmpv6";
    default:
        return fmt::format("protocol {}", protocol);
    }
}

bool is_icmp(int protocol) {
    return protocol == protocols::icmp || protocol == protocols::icmpv6;
}

bool has_ports(int protocol) {
    return protocol == protocols::tcp || protocol == protocols::udp;
}

// The number of a new entry that is judged before `blocking`; 0 when there is none left.
int free_number(const NetworkAclSpec& acl, bool egress, const AclEntrySpec* blocking) {
    const auto is_taken = [&](int number) {
        return std::any_of(acl.entries.begin(), acl.entries.end(), [&](const auto& entry) {
            return entry.egress == egress && entry.number == number;
        });
    };
    if (blocking == nullptr) {
        for (int number = 100; number <= acl_number_max; number += 10)
            if (!is_taken(number))
                return number;
        return 0;
    }
    int number = blocking->number - 1;
    while (number > 0 && is_taken(number))
        --number;
    return number;
}

} // namespace

std::string describe_protocol(int protocol, int from_port, int to_port) {
    if (protocol == -1)
        return "everything";
    const auto name = protocol_name(protocol);
    if (from_port == -1 || (!is_icmp(protocol) && !has_ports(protocol)))
        return name;
    if (is_icmp(protocol))
        return to_port == -1 ? fmt::format("{} type {}", name, from_port)
                             : fmt::format("{} type {} code {}", name, from_port, to_port);
    return from_port == to_port ? fmt::format("{} {}", name, from_port)
                                : fmt::format("{} {}-{}", name, from_port, to_port);
}

std::string describe(const TrafficRule& rule) {
    return fmt::format("{} {} {}",
                       describe_protocol(rule.protocol, rule.from_port, rule.to_port),
                       rule.egress ? "to" : "from",
                       rule.peer_cidr ? to_string(*rule.peer_cidr) : rule.peer_security_group_id);
}

std::string describe(const AclEntrySpec& entry) {
    return fmt::format("{} ({} {} {} {})",
                       entry.number,
                       entry.allow ? "allow" : "deny",
                       describe_protocol(entry.protocol, entry.from_port, entry.to_port),
                       entry.egress ? "to" : "from",
                       to_string(entry.peer));
}

std::string describe(const Header& header) {
    const auto ends = fmt::format("{} → {}", text_of(header.from), text_of(header.to));
    const auto name = protocol_name(header.protocol);
    if (is_icmp(header.protocol))
        return fmt::format("{} {} type {} code {}", name, ends, header.to_port, header.code);
    return has_ports(header.protocol) ? fmt::format("{} {} port {}", name, ends, header.to_port)
                                      : fmt::format("{} {}", name, ends);
}

namespace commands {

std::string authorize(const std::string& group_id, bool egress, const Header& header) {
    const auto& peer = egress ? header.to : header.from;
    const auto protocol = has_ports(header.protocol) || is_icmp(header.protocol)
                              ? protocol_name(header.protocol)
                              : std::to_string(header.protocol);
    std::string ports;
    if (has_ports(header.protocol))
        ports = fmt::format("FromPort={0},ToPort={0},", header.to_port);
    else if (is_icmp(header.protocol))
        ports = fmt::format("FromPort={},ToPort=-1,", header.to_port);
    const auto range = is_ipv6(peer) ? "Ipv6Ranges=[{CidrIpv6=" : "IpRanges=[{CidrIp=";
    return fmt::format("aws ec2 authorize-security-group-{} --group-id {} --ip-permissions "
                       "'IpProtocol={},{}{}{}}}]'",
                       egress ? "egress" : "ingress",
                       group_id,
                       protocol,
                       ports,
                       range,
                       to_string(single_address(peer)));
}

std::string allow_in_acl(const NetworkAclSpec& acl,
                         bool egress,
                         const Header& header,
                         const AclEntrySpec* blocking) {
    const auto& peer = egress ? header.to : header.from;
    const int number = free_number(acl, egress, blocking);
    std::string ports;
    if (has_ports(header.protocol)) // a client's port is another one each time
        ports = header.to_port < first_ephemeral_port
                    ? fmt::format(" --port-range From={0},To={0}", header.to_port)
                : header.from_port < first_ephemeral_port || header.to_port >= 32768
                    ? fmt::format(" --port-range From={},To=65535", first_ephemeral_port)
                    : fmt::format(" --port-range From={0},To={0}", header.to_port);
    else if (is_icmp(header.protocol))
        ports = fmt::format(" --icmp-type-code Type={},Code=-1", header.to_port);
    return fmt::format(
        "aws ec2 {}-network-acl-entry --network-acl-id {} --{} --rule-number {} --protocol {}{} "
        "--{} {} --rule-action allow",
        number == 0 ? "replace" : "create",
        acl.id,
        egress ? "egress" : "ingress",
        number == 0 && blocking != nullptr ? blocking->number : number,
        header.protocol,
        ports,
        is_ipv6(peer) ? "ipv6-cidr-block" : "cidr-block",
        to_string(single_address(peer)));
}

namespace {

std::string route_command(const char* verb,
                          const std::string& table_id,
                          const IpCidr& destination,
                          const std::string& target) {
    return fmt::format("aws ec2 {}-route --route-table-id {} --destination-{} {} {}",
                       verb,
                       table_id.empty() ? "<rtb-…>" : table_id,
                       is_ipv6(destination) ? "ipv6-cidr-block" : "cidr-block",
                       to_string(destination),
                       target);
}

} // namespace

std::string
add_route(const std::string& table_id, const IpCidr& destination, const std::string& target) {
    return route_command("create", table_id, destination, target);
}

std::string
replace_route(const std::string& table_id, const IpCidr& destination, const std::string& target) {
    return route_command("replace", table_id, destination, target);
}

std::string disable_source_dest_check(const std::string& interface_id) {
    return fmt::format("aws ec2 modify-network-interface-attribute --network-interface-id {} "
                       "--no-source-dest-check",
                       interface_id);
}

std::string associate_address(const std::string& interface_id, const IpAddress& private_ip) {
    return fmt::format(
        "aws ec2 associate-address --allocation-id <eipalloc-…> --network-interface-id {} "
        "--private-ip-address {}",
        interface_id,
        text_of(private_ip));
}

std::string attach_internet_gateway(const std::string& gateway_id, const std::string& vpc_id) {
    return fmt::format(
        "aws ec2 attach-internet-gateway --internet-gateway-id {} --vpc-id {}", gateway_id, vpc_id);
}

std::string create_peering(const std::string& vpc_id, const std::string& peer_vpc_id) {
    return fmt::format(
        "aws ec2 create-vpc-peering-connection --vpc-id {} --peer-vpc-id {}", vpc_id, peer_vpc_id);
}

} // namespace commands

} // namespace pileus::drivers
