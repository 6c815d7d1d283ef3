// SPDX-License-Identifier: Apache-2.0
#include "engine/vpc_network.h"

#include "base/text.h"
#include "domain/private_dns.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/vpcs.h"

#include <array>
#include <set>

namespace pileus::engine {

namespace {

constexpr int any = -1;

// EC2 stores the common protocols by name and the rest by number.
// https://www.iana.org/assignments/protocol-numbers
int protocol_number(const std::string& protocol) {
    static constexpr std::array<std::pair<std::string_view, int>, 4> names{
        {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}}};
    for (const auto& [name, number] : names)
        if (name == protocol)
            return number;
    return static_cast<int>(parse_int(protocol).value_or(any));
}

// Rules whose peer the network cannot carry yet (IPv6, prefix lists) allow nothing: the guests have
// no such addresses.
std::vector<drivers::TrafficRule>
traffic_rules(const std::vector<domain::SecurityGroupRule>& rules) {
    std::vector<drivers::TrafficRule> out;
    for (const auto& rule : rules) {
        drivers::TrafficRule traffic{.egress = rule.egress,
                                     .protocol = protocol_number(rule.protocol),
                                     .from_port = rule.from_port,
                                     .to_port = rule.to_port,
                                     .peer_cidr = Ipv4Cidr::parse(rule.cidr_ipv4),
                                     .peer_security_group_id = rule.referenced_group_id};
        if (traffic.peer_cidr || !traffic.peer_security_group_id.empty())
            out.push_back(std::move(traffic));
    }
    return out;
}

drivers::InterfaceSpec interface_spec(const domain::NetworkInterface& row) {
    drivers::InterfaceSpec spec;
    spec.id = row.id;
    spec.vpc_id = row.vpc_id;
    spec.subnet_id = row.subnet_id;
    spec.mac = MacAddress::parse(row.mac).value_or(MacAddress{});
    spec.private_ip = Ipv4::parse(row.private_ip).value_or(Ipv4{});
    spec.host_name = domain::private_host_name(row.private_ip);
    spec.security_group_ids = row.security_group_ids;
    spec.source_dest_check = row.source_dest_check;
    spec.public_ip = Ipv4::parse(row.public_ip);
    return spec;
}

} // namespace

Result<void> VpcNetwork::ensure_vpc(const std::string& vpc_id) {
    auto spec = store_.read([&](store::Transaction& tx) -> Result<drivers::VpcSpec> {
        const auto vpc = store::vpcs::find(tx, vpc_id);
        if (!vpc)
            return fail(errors::not_found, "there is no row for " + vpc_id);
        drivers::VpcSpec out{.id = vpc->id,
                             .cidr = Ipv4Cidr::parse(vpc->cidr_block).value_or(Ipv4Cidr{}),
                             .dns_domain = domain::private_dns_domain(vpc->region),
                             .subnets = {}};
        for (const auto& subnet : store::subnets::list_of_vpc(tx, vpc_id))
            out.subnets.push_back(
                {subnet.id, Ipv4Cidr::parse(subnet.cidr_block).value_or(Ipv4Cidr{})});
        return out;
    });
    if (!spec)
        return fail(spec.error());
    return network_.ensure_vpc(*spec);
}

Result<void> VpcNetwork::apply_groups(const std::vector<std::string>& group_ids) {
    const auto specs = store_.read([&](store::Transaction& tx) {
        std::vector<drivers::SecurityGroupSpec> out;
        std::set<std::string> wanted(group_ids.begin(), group_ids.end());
        std::set<std::string> seen;
        while (!wanted.empty()) {
            const auto id = *wanted.begin();
            wanted.erase(wanted.begin());
            const auto group = store::security_groups::find(tx, id);
            if (!group || !seen.insert(id).second)
                continue;
            const auto rules = store::security_groups::list_rules(tx, id);
            for (const auto& rule : rules)
                if (!rule.referenced_group_id.empty() && seen.count(rule.referenced_group_id) == 0)
                    wanted.insert(rule.referenced_group_id);
            out.push_back({.id = id, .vpc_id = group->vpc_id, .rules = traffic_rules(rules)});
        }
        return out;
    });
    return specs.empty() ? Result<void>{} : network_.apply_security_groups(specs);
}

Result<void> VpcNetwork::ensure_interface(const std::string& interface_id) {
    const auto row = store_.read(
        [&](store::Transaction& tx) { return store::network_interfaces::find(tx, interface_id); });
    if (!row)
        return fail(errors::not_found, "there is no row for " + interface_id);
    PILEUS_TRY(ensure_vpc(row->vpc_id));
    PILEUS_TRY(apply_groups(row->security_group_ids));
    return network_.ensure_interface(interface_spec(*row));
}

Result<void> VpcNetwork::apply_security_group(const std::string& group_id) {
    const auto group = store_.read(
        [&](store::Transaction& tx) { return store::security_groups::find(tx, group_id); });
    if (group) {
        const auto applied = apply_groups({group_id});
        // A VPC that the driver does not know has no guest here.
        const bool is_elsewhere = !applied && applied.error().code == errors::not_found;
        return is_elsewhere ? Result<void>{} : applied;
    }
    // The group is gone, and with it the word of whose it was: no VPC here has it any more.
    const auto vpcs = store_.read([](store::Transaction& tx) { return store::vpcs::list_all(tx); });
    for (const auto& vpc : vpcs)
        PILEUS_TRY(network_.remove_security_group(vpc.id, group_id));
    return {};
}

} // namespace pileus::engine
