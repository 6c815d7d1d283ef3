// SPDX-License-Identifier: Apache-2.0
#include "engine/network_specs.h"

#include "base/text.h"
#include "domain/ids.h"
#include "domain/private_dns.h"
#include "store/dhcp_options.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace pileus::engine {

using drivers::RouteTarget;
using store::Transaction;

namespace {

constexpr int any = -1;
constexpr std::string_view own_resolver = "AmazonProvidedDNS";
// The set that stands for "no options at all".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateDhcpOptions.html
constexpr std::string_view no_dhcp_options = "default";

bool names(const std::string& id, std::string_view prefix) {
    return id.starts_with(prefix);
}

// ---- blocks -------------------------------------------------------------------------------------

void add_blocks(Transaction& tx, const domain::Vpc& vpc, drivers::VpcSpec& spec) {
    spec.cidrs.push_back(Ipv4Cidr::parse(vpc.cidr_block).value_or(Ipv4Cidr{}));
    for (const auto& block : store::vpc_cidr_blocks::list_of_vpc(tx, vpc.id)) {
        if (block.is_ipv6) {
            if (const auto cidr = Ipv6Cidr::parse(block.cidr_block))
                spec.ipv6_cidrs.push_back(*cidr);
        } else if (const auto cidr = Ipv4Cidr::parse(block.cidr_block)) {
            spec.cidrs.push_back(*cidr);
        }
    }
}

std::vector<IpCidr> blocks_of(Transaction& tx, const domain::Vpc& vpc) {
    drivers::VpcSpec spec;
    add_blocks(tx, vpc, spec);
    std::vector<IpCidr> blocks(spec.cidrs.begin(), spec.cidrs.end());
    blocks.insert(blocks.end(), spec.ipv6_cidrs.begin(), spec.ipv6_cidrs.end());
    return blocks;
}

std::vector<IpCidr> prefix_list_blocks(Transaction& tx, const std::string& prefix_list_id) {
    std::vector<IpCidr> blocks;
    const auto list = store::prefix_lists::find(tx, prefix_list_id);
    if (!list)
        return blocks;
    for (const auto& entry :
         store::prefix_list_entries::list_of_version(tx, list->id, list->version))
        if (const auto cidr = parse_cidr(entry.cidr))
            blocks.push_back(*cidr);
    return blocks;
}

// ---- peerings -----------------------------------------------------------------------------------

std::string peer_of(const domain::VpcPeeringConnection& peering, const std::string& vpc_id) {
    return peering.requester_vpc_id == vpc_id ? peering.accepter_vpc_id : peering.requester_vpc_id;
}

std::vector<domain::VpcPeeringConnection> active_peerings(Transaction& tx,
                                                          const std::string& vpc_id) {
    auto peerings = store::vpc_peering_connections::list_of_vpc(tx, vpc_id);
    std::erase_if(peerings, [](const auto& peering) {
        return peering.state != domain::PeeringState::active;
    });
    return peerings;
}

void add_peerings(Transaction& tx, drivers::VpcSpec& spec) {
    for (const auto& peering : active_peerings(tx, spec.id))
        if (const auto peer = store::vpcs::find(tx, peer_of(peering, spec.id)))
            spec.peerings.push_back({peering.id, peer->id, blocks_of(tx, *peer)});
}

// ---- routes -------------------------------------------------------------------------------------

struct Target {
    RouteTarget kind = RouteTarget::blackhole;
    std::string id;
};

// Where a route leads now. A target that is gone, of another VPC or not ready takes no packets.
class Targets {
  public:
    Targets(Transaction& tx, const drivers::VpcSpec& vpc) : tx_(tx), vpc_(vpc) {
        if (const auto gateway = store::internet_gateways::find_of_vpc(tx, vpc.id))
            internet_gateway_id_ = gateway->id;
    }

    bool has_internet_gateway() const { return !internet_gateway_id_.empty(); }

    Target resolve(const std::string& id) const {
        namespace prefix = domain::prefix;
        if (id == internet_gateway_id_ && !id.empty())
            return {RouteTarget::internet_gateway, ""};
        if (names(id, prefix::egress_only_internet_gateway))
            return egress_only(id);
        if (names(id, prefix::nat_gateway))
            return nat_gateway(id);
        if (names(id, prefix::network_interface))
            return interface(id);
        if (names(id, prefix::vpc_peering_connection))
            return peering(id);
        return {};
    }

  private:
    Target egress_only(const std::string& id) const {
        const auto gateway = store::egress_only_internet_gateways::find(tx_, id);
        if (!gateway || gateway->vpc_id != vpc_.id)
            return {};
        return {RouteTarget::egress_only_internet_gateway, ""};
    }

    Target nat_gateway(const std::string& id) const {
        const auto gateway = store::nat_gateways::find(tx_, id);
        if (!gateway || gateway->vpc_id != vpc_.id ||
            gateway->state != domain::NatGatewayState::available)
            return {};
        return interface(gateway->network_interface_id);
    }

    Target interface(const std::string& id) const {
        const auto row = store::network_interfaces::find(tx_, id);
        if (!row || row->vpc_id != vpc_.id)
            return {};
        return {RouteTarget::interface, id};
    }

    Target peering(const std::string& id) const {
        const bool is_active = std::any_of(vpc_.peerings.begin(),
                                           vpc_.peerings.end(),
                                           [&](const auto& peering) { return peering.id == id; });
        return is_active ? Target{RouteTarget::peering, id} : Target{};
    }

    Transaction& tx_;
    const drivers::VpcSpec& vpc_; // its peerings are there already
    std::string internet_gateway_id_;
};

drivers::RouteTableSpec
make_route_table(Transaction& tx, const std::string& table_id, const Targets& targets) {
    std::map<IpCidr, Target> routes;
    const auto rows = store::routes::list_of_table(tx, table_id);
    // A route to a block comes before one to a prefix list that has the same block.
    // https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    for (const auto& row : rows)
        if (const auto block = parse_cidr(row.destination))
            routes.emplace(*block, targets.resolve(row.target_id));
    for (const auto& row : rows)
        if (names(row.destination, domain::prefix::prefix_list))
            for (const auto& block : prefix_list_blocks(tx, row.destination))
                routes.emplace(block, targets.resolve(row.target_id));
    drivers::RouteTableSpec spec{.id = table_id, .routes = {}};
    for (auto& [block, target] : routes)
        spec.routes.push_back({block, target.kind, std::move(target.id)});
    return spec;
}

void add_routes(Transaction& tx, drivers::VpcSpec& spec) {
    const Targets targets(tx, spec);
    spec.internet_gateway = targets.has_internet_gateway();
    for (const auto& table : store::route_tables::list_of_vpc(tx, spec.id))
        spec.route_tables.push_back(make_route_table(tx, table.id, targets));
}

// ---- network ACLs -------------------------------------------------------------------------------

void add_network_acls(Transaction& tx, drivers::VpcSpec& spec) {
    for (const auto& acl : store::network_acls::list_of_vpc(tx, spec.id)) {
        drivers::NetworkAclSpec out{.id = acl.id, .entries = {}};
        for (const auto& entry : store::network_acl_entries::list_of_acl(tx, acl.id))
            if (const auto peer = parse_cidr(entry.cidr_block))
                out.entries.push_back({.number = entry.number,
                                       .egress = entry.egress,
                                       .allow = entry.allow,
                                       .protocol = entry.protocol,
                                       .peer = *peer,
                                       .from_port = entry.from_port,
                                       .to_port = entry.to_port});
        std::sort(out.entries.begin(), out.entries.end(), [](const auto& a, const auto& b) {
            return std::pair(a.egress, a.number) < std::pair(b.egress, b.number);
        });
        spec.network_acls.push_back(std::move(out));
    }
}

// ---- subnets ------------------------------------------------------------------------------------

void add_subnets(Transaction& tx, drivers::VpcSpec& spec) {
    std::string main_table;
    std::map<std::string, std::string> tables; // by subnet
    for (const auto& association : store::route_table_associations::list_of_vpc(tx, spec.id)) {
        if (association.subnet_id.empty())
            main_table = association.route_table_id;
        else
            tables[association.subnet_id] = association.route_table_id;
    }
    for (const auto& row : store::subnets::list_of_vpc(tx, spec.id)) {
        const auto table = tables.find(row.id);
        const auto acl = store::network_acl_associations::find_of_subnet(tx, row.id);
        spec.subnets.push_back(
            {.id = row.id,
             .cidr = Ipv4Cidr::parse(row.cidr_block).value_or(Ipv4Cidr{}),
             .ipv6_cidr = Ipv6Cidr::parse(row.ipv6_cidr_block),
             .route_table_id = table == tables.end() ? main_table : table->second,
             .network_acl_id = acl ? acl->network_acl_id : ""});
    }
}

// ---- DHCP ---------------------------------------------------------------------------------------

std::vector<Ipv4> addresses(const std::vector<std::string>& texts) {
    std::vector<Ipv4> out;
    for (const auto& text : texts)
        if (const auto address = Ipv4::parse(text))
            out.push_back(*address);
    return out;
}

// ---- security groups ----------------------------------------------------------------------------

// EC2 stores the common protocols by name and the rest by number.
// https://www.iana.org/assignments/protocol-numbers
int protocol_number(const std::string& protocol) {
    static constexpr std::array<std::pair<std::string_view, int>, 4> known{
        {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}}};
    for (const auto& [name, number] : known)
        if (name == protocol)
            return number;
    return static_cast<int>(parse_int(protocol).value_or(any));
}

std::vector<IpCidr> peer_blocks(Transaction& tx, const domain::SecurityGroupRule& rule) {
    if (!rule.prefix_list_id.empty())
        return prefix_list_blocks(tx, rule.prefix_list_id);
    const auto cidr = parse_cidr(rule.cidr_ipv4.empty() ? rule.cidr_ipv6 : rule.cidr_ipv4);
    return cidr ? std::vector<IpCidr>{*cidr} : std::vector<IpCidr>{};
}

class GroupReader {
  public:
    explicit GroupReader(Transaction& tx) : tx_(tx) {}

    void read(const std::string& group_id) {
        if (!seen_.insert(group_id).second)
            return;
        const auto group = store::security_groups::find(tx_, group_id);
        if (!group)
            return;
        drivers::SecurityGroupSpec spec{.id = group_id, .vpc_id = group->vpc_id, .rules = {}};
        for (const auto& rule : store::security_groups::list_rules(tx_, group_id))
            add_rule(rule, spec);
        by_vpc_[spec.vpc_id].push_back(std::move(spec));
    }

    std::vector<drivers::SecurityGroupSpec> take(const std::string& last_vpc) {
        std::vector<drivers::SecurityGroupSpec> out;
        const auto append = [&](auto& groups) {
            std::move(groups.begin(), groups.end(), std::back_inserter(out));
        };
        for (auto& [vpc_id, groups] : by_vpc_)
            if (vpc_id != last_vpc)
                append(groups);
        append(by_vpc_[last_vpc]);
        return out;
    }

  private:
    void add_rule(const domain::SecurityGroupRule& rule, drivers::SecurityGroupSpec& spec) {
        drivers::TrafficRule traffic{.egress = rule.egress,
                                     .protocol = protocol_number(rule.protocol),
                                     .from_port = rule.from_port,
                                     .to_port = rule.to_port};
        for (const auto& block : peer_blocks(tx_, rule)) {
            traffic.peer_cidr = block;
            spec.rules.push_back(traffic);
        }
        if (!may_name(spec.vpc_id, rule.referenced_group_id))
            return;
        traffic.peer_cidr.reset();
        traffic.peer_security_group_id = rule.referenced_group_id;
        spec.rules.push_back(std::move(traffic));
        read(rule.referenced_group_id);
    }

    bool may_name(const std::string& vpc_id, const std::string& group_id) {
        const auto group =
            group_id.empty() ? std::nullopt : store::security_groups::find(tx_, group_id);
        return group && (group->vpc_id == vpc_id || peers(vpc_id).contains(group->vpc_id));
    }

    const std::set<std::string>& peers(const std::string& vpc_id) {
        const auto [entry, is_new] = peers_.try_emplace(vpc_id);
        if (is_new)
            for (const auto& peering : active_peerings(tx_, vpc_id))
                entry->second.insert(peer_of(peering, vpc_id));
        return entry->second;
    }

    Transaction& tx_;
    std::set<std::string> seen_;
    std::map<std::string, std::set<std::string>> peers_;
    std::map<std::string, std::vector<drivers::SecurityGroupSpec>> by_vpc_;
};

} // namespace

std::optional<drivers::VpcSpec> make_vpc_spec(Transaction& tx, const std::string& vpc_id) {
    const auto vpc = store::vpcs::find(tx, vpc_id);
    if (!vpc)
        return std::nullopt;
    drivers::VpcSpec spec;
    spec.id = vpc->id;
    spec.dns_domain = domain::private_dns_domain(vpc->region);
    spec.dns_support = vpc->enable_dns_support;
    spec.dhcp = make_dhcp_spec(tx, *vpc);
    add_blocks(tx, *vpc, spec);
    add_peerings(tx, spec);
    add_routes(tx, spec);
    add_network_acls(tx, spec);
    add_subnets(tx, spec);
    return spec;
}

drivers::DhcpSpec make_dhcp_spec(Transaction& tx, const domain::Vpc& vpc) {
    drivers::DhcpSpec spec;
    if (vpc.dhcp_options_id == no_dhcp_options) {
        spec.vpc_resolver = false;
        return spec;
    }
    const auto options = store::dhcp_options::find(tx, vpc.dhcp_options_id);
    if (!options) { // as the set that every region has
        spec.domain_name = domain::private_dns_domain(vpc.region);
        return spec;
    }
    spec.domain_name = options->domain_name;
    spec.vpc_resolver = false;
    for (const auto& server : options->domain_name_servers) {
        if (server == own_resolver)
            spec.vpc_resolver = true;
        else if (const auto v4 = Ipv4::parse(server))
            spec.domain_name_servers.emplace_back(Ipv4Cidr{*v4, 32});
        else if (const auto v6 = Ipv6::parse(server))
            spec.domain_name_servers.emplace_back(Ipv6Cidr{*v6, 128});
    }
    spec.ntp_servers = addresses(options->ntp_servers);
    spec.netbios_name_servers = addresses(options->netbios_name_servers);
    spec.netbios_node_type = options->netbios_node_type;
    return spec;
}

drivers::InterfaceSpec make_interface_spec(const domain::NetworkInterface& row) {
    drivers::InterfaceSpec spec;
    spec.id = row.id;
    spec.vpc_id = row.vpc_id;
    spec.subnet_id = row.subnet_id;
    spec.kind = row.kind == domain::NetworkInterfaceKind::nat_gateway
                    ? drivers::InterfaceKind::nat_gateway
                    : drivers::InterfaceKind::guest;
    spec.mac = MacAddress::parse(row.mac).value_or(MacAddress{});
    spec.addresses.push_back(
        {Ipv4::parse(row.private_ip).value_or(Ipv4{}), Ipv4::parse(row.public_ip)});
    for (const auto& address : row.secondary_addresses)
        if (const auto private_ip = Ipv4::parse(address.private_ip))
            spec.addresses.push_back({*private_ip, Ipv4::parse(address.public_ip)});
    for (const auto& text : row.ipv6_addresses)
        if (const auto address = Ipv6::parse(text))
            spec.ipv6_addresses.push_back(*address);
    spec.host_name = domain::private_host_name(row.private_ip);
    if (spec.kind == drivers::InterfaceKind::guest)
        spec.security_group_ids = row.security_group_ids;
    spec.source_dest_check = row.source_dest_check;
    return spec;
}

std::vector<drivers::SecurityGroupSpec>
make_security_group_specs(Transaction& tx, const std::vector<std::string>& group_ids) {
    GroupReader reader(tx);
    std::string vpc_id;
    for (const auto& id : group_ids) {
        reader.read(id);
        if (const auto group = store::security_groups::find(tx, id); group && vpc_id.empty())
            vpc_id = group->vpc_id;
    }
    return reader.take(vpc_id);
}

std::vector<std::string> groups_across_peerings(Transaction& tx, const std::string& vpc_id) {
    if (store::vpc_peering_connections::list_of_vpc(tx, vpc_id).empty())
        return {};
    std::set<std::string> ids;
    for (const auto& row : store::network_interfaces::list_of_vpc(tx, vpc_id))
        if (is_in_use(tx, row))
            ids.insert(row.security_group_ids.begin(), row.security_group_ids.end());
    return {ids.begin(), ids.end()};
}

bool is_in_use(Transaction& tx, const domain::NetworkInterface& row) {
    if (row.kind == domain::NetworkInterfaceKind::nat_gateway) {
        const auto gateways = store::nat_gateways::list_of_vpc(tx, row.vpc_id);
        return std::any_of(gateways.begin(), gateways.end(), [&](const auto& gateway) {
            return gateway.network_interface_id == row.id &&
                   (gateway.state == domain::NatGatewayState::pending ||
                    gateway.state == domain::NatGatewayState::available);
        });
    }
    if (row.instance_id.empty())
        return false;
    const auto instance = store::instances::find(tx, row.instance_id);
    return instance && instance->has_guest();
}

bool is_vpc_in_use(Transaction& tx, const std::string& vpc_id, const std::string& host_id) {
    const auto rows = store::network_interfaces::list_of_vpc(tx, vpc_id);
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
        return row.host_id == host_id && is_in_use(tx, row);
    });
}

} // namespace pileus::engine
