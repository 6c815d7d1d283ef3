// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/vpc_state.h"

#include "base/file.h"

#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::drivers {

namespace json = boost::json;

namespace {

constexpr size_t state_bytes_max = 256 * 1024 * 1024;

std::string text(const json::object& object, const char* name) {
    return std::string(object.at(name).as_string());
}
int number(const json::object& object, const char* name) {
    return static_cast<int>(object.at(name).to_number<int64_t>());
}
bool flag(const json::object& object, const char* name) {
    return object.at(name).as_bool();
}

// Lists of addresses and blocks as lists of texts.
template <class Items> json::array texts_of(const Items& items) {
    json::array out;
    for (const auto& item : items)
        out.emplace_back(item.str());
    return out;
}
json::array texts_of(const std::vector<IpCidr>& items) {
    json::array out;
    for (const auto& item : items)
        out.emplace_back(to_string(item));
    return out;
}
json::array texts_of(const std::vector<std::string>& items) {
    json::array out;
    for (const auto& item : items)
        out.emplace_back(item);
    return out;
}
template <class Item> std::vector<Item> parsed(const json::object& object, const char* name) {
    std::vector<Item> out;
    for (const auto& item : object.at(name).as_array())
        out.push_back(Item::parse(std::string_view(item.as_string())).value());
    return out;
}
std::vector<IpCidr> parsed_cidrs(const json::object& object, const char* name) {
    std::vector<IpCidr> out;
    for (const auto& item : object.at(name).as_array())
        out.push_back(parse_cidr(std::string_view(item.as_string())).value());
    return out;
}
template <class Items, class Read> auto list_of(const Items& array, Read read) {
    std::vector<decltype(read(array.front().as_object()))> out;
    for (const auto& item : array)
        out.push_back(read(item.as_object()));
    return out;
}
json::object to_json(const TrafficRule& rule);
json::object to_json(const SubnetSpec& subnet);
json::object to_json(const RouteSpec& route);
json::object to_json(const RouteTableSpec& table);
json::object to_json(const AclEntrySpec& entry);
json::object to_json(const NetworkAclSpec& acl);
json::object to_json(const PeeringSpec& peering);
json::object to_json(const AddressSpec& address);
template <class Items> json::array objects_of(const Items& items) {
    json::array out;
    for (const auto& item : items)
        out.emplace_back(to_json(item));
    return out;
}

json::object to_json(const TrafficRule& rule) {
    return {{"egress", rule.egress},
            {"protocol", rule.protocol},
            {"from_port", rule.from_port},
            {"to_port", rule.to_port},
            {"cidr", rule.peer_cidr ? to_string(*rule.peer_cidr) : ""},
            {"group", rule.peer_security_group_id}};
}
TrafficRule rule_of(const json::object& rule) {
    return {.egress = flag(rule, "egress"),
            .protocol = number(rule, "protocol"),
            .from_port = number(rule, "from_port"),
            .to_port = number(rule, "to_port"),
            .peer_cidr = parse_cidr(text(rule, "cidr")),
            .peer_security_group_id = text(rule, "group")};
}

json::object to_json(const SubnetSpec& subnet) {
    return {{"id", subnet.id},
            {"cidr", subnet.cidr.str()},
            {"ipv6_cidr", subnet.ipv6_cidr ? subnet.ipv6_cidr->str() : ""},
            {"route_table", subnet.route_table_id},
            {"network_acl", subnet.network_acl_id}};
}
SubnetSpec subnet_of(const json::object& subnet) {
    return {text(subnet, "id"),
            Ipv4Cidr::parse(text(subnet, "cidr")).value(),
            Ipv6Cidr::parse(text(subnet, "ipv6_cidr")),
            text(subnet, "route_table"),
            text(subnet, "network_acl")};
}

json::object to_json(const RouteSpec& route) {
    return {{"destination", to_string(route.destination)},
            {"target", static_cast<int>(route.target)},
            {"target_id", route.target_id}};
}
RouteSpec route_of(const json::object& route) {
    return {parse_cidr(text(route, "destination")).value(),
            static_cast<RouteTarget>(number(route, "target")),
            text(route, "target_id")};
}

json::object to_json(const RouteTableSpec& table) {
    return {{"id", table.id}, {"routes", objects_of(table.routes)}};
}
RouteTableSpec table_of(const json::object& table) {
    return {text(table, "id"), list_of(table.at("routes").as_array(), route_of)};
}

json::object to_json(const AclEntrySpec& entry) {
    return {{"number", entry.number},
            {"egress", entry.egress},
            {"allow", entry.allow},
            {"protocol", entry.protocol},
            {"peer", to_string(entry.peer)},
            {"from_port", entry.from_port},
            {"to_port", entry.to_port}};
}
AclEntrySpec entry_of(const json::object& entry) {
    return {.number = number(entry, "number"),
            .egress = flag(entry, "egress"),
            .allow = flag(entry, "allow"),
            .protocol = number(entry, "protocol"),
            .peer = parse_cidr(text(entry, "peer")).value(),
            .from_port = number(entry, "from_port"),
            .to_port = number(entry, "to_port")};
}

json::object to_json(const NetworkAclSpec& acl) {
    return {{"id", acl.id}, {"entries", objects_of(acl.entries)}};
}
NetworkAclSpec acl_of(const json::object& acl) {
    return {text(acl, "id"), list_of(acl.at("entries").as_array(), entry_of)};
}

json::object to_json(const PeeringSpec& peering) {
    return {{"id", peering.id},
            {"peer_vpc", peering.peer_vpc_id},
            {"peer_cidrs", texts_of(peering.peer_cidrs)}};
}
PeeringSpec peering_of(const json::object& peering) {
    return {text(peering, "id"), text(peering, "peer_vpc"), parsed_cidrs(peering, "peer_cidrs")};
}

json::object to_json(const DhcpSpec& dhcp) {
    return {{"domain_name", dhcp.domain_name},
            {"vpc_resolver", dhcp.vpc_resolver},
            {"name_servers", texts_of(dhcp.domain_name_servers)},
            {"ntp_servers", texts_of(dhcp.ntp_servers)},
            {"netbios_name_servers", texts_of(dhcp.netbios_name_servers)},
            {"netbios_node_type", dhcp.netbios_node_type}};
}
DhcpSpec dhcp_of(const json::object& dhcp) {
    return {text(dhcp, "domain_name"),
            flag(dhcp, "vpc_resolver"),
            parsed_cidrs(dhcp, "name_servers"),
            parsed<Ipv4>(dhcp, "ntp_servers"),
            parsed<Ipv4>(dhcp, "netbios_name_servers"),
            number(dhcp, "netbios_node_type")};
}

json::object to_json(const VpcSpec& vpc) {
    return {{"id", vpc.id},
            {"cidrs", texts_of(vpc.cidrs)},
            {"ipv6_cidrs", texts_of(vpc.ipv6_cidrs)},
            {"dns_domain", vpc.dns_domain},
            {"dns_support", vpc.dns_support},
            {"internet_gateway", vpc.internet_gateway},
            {"dhcp", to_json(vpc.dhcp)},
            {"subnets", objects_of(vpc.subnets)},
            {"route_tables", objects_of(vpc.route_tables)},
            {"network_acls", objects_of(vpc.network_acls)},
            {"peerings", objects_of(vpc.peerings)}};
}
VpcSpec vpc_of(const json::object& object) {
    VpcSpec vpc;
    vpc.id = text(object, "id");
    vpc.cidrs = parsed<Ipv4Cidr>(object, "cidrs");
    vpc.ipv6_cidrs = parsed<Ipv6Cidr>(object, "ipv6_cidrs");
    vpc.dns_domain = text(object, "dns_domain");
    vpc.dns_support = flag(object, "dns_support");
    vpc.internet_gateway = flag(object, "internet_gateway");
    vpc.dhcp = dhcp_of(object.at("dhcp").as_object());
    vpc.subnets = list_of(object.at("subnets").as_array(), subnet_of);
    vpc.route_tables = list_of(object.at("route_tables").as_array(), table_of);
    vpc.network_acls = list_of(object.at("network_acls").as_array(), acl_of);
    vpc.peerings = list_of(object.at("peerings").as_array(), peering_of);
    return vpc;
}

json::object to_json(const SecurityGroupSpec& group) {
    return {{"id", group.id}, {"rules", objects_of(group.rules)}};
}
SecurityGroupSpec group_of(const json::object& object, const std::string& vpc_id) {
    return {text(object, "id"), vpc_id, list_of(object.at("rules").as_array(), rule_of)};
}

json::object to_json(const AddressSpec& address) {
    return {{"private_ip", address.private_ip.str()},
            {"public_ip", address.public_ip ? address.public_ip->str() : ""}};
}
AddressSpec address_of(const json::object& address) {
    return {Ipv4::parse(text(address, "private_ip")).value(),
            Ipv4::parse(text(address, "public_ip"))};
}

json::object to_json(const Port& port) {
    return {{"id", port.spec.id},
            {"subnet", port.spec.subnet_id},
            {"kind", static_cast<int>(port.spec.kind)},
            {"mac", port.spec.mac.str()},
            {"addresses", objects_of(port.spec.addresses)},
            {"ipv6_addresses", texts_of(port.spec.ipv6_addresses)},
            {"host_name", port.spec.host_name},
            {"groups", texts_of(port.spec.security_group_ids)},
            {"source_dest_check", port.spec.source_dest_check},
            {"tap", port.tap},
            {"number", port.number},
            {"subnet_slot", port.subnet_slot}};
}
Port port_of(const json::object& object, const std::string& vpc_id) {
    Port port;
    port.tap = text(object, "tap");
    port.number = static_cast<uint32_t>(number(object, "number"));
    port.subnet_slot = static_cast<uint32_t>(number(object, "subnet_slot"));
    port.spec.id = text(object, "id");
    port.spec.vpc_id = vpc_id;
    port.spec.subnet_id = text(object, "subnet");
    port.spec.kind = static_cast<InterfaceKind>(number(object, "kind"));
    port.spec.mac = MacAddress::parse(text(object, "mac")).value();
    port.spec.addresses = list_of(object.at("addresses").as_array(), address_of);
    port.spec.ipv6_addresses = parsed<Ipv6>(object, "ipv6_addresses");
    port.spec.host_name = text(object, "host_name");
    for (const auto& id : object.at("groups").as_array())
        port.spec.security_group_ids.emplace_back(id.as_string());
    port.spec.source_dest_check = flag(object, "source_dest_check");
    return port;
}

json::object to_json(const std::map<std::string, uint32_t>& slots) {
    json::object out;
    for (const auto& [id, slot] : slots)
        out[id] = slot;
    return out;
}
std::map<std::string, uint32_t> slots_of(const json::object& object, const char* name) {
    std::map<std::string, uint32_t> out;
    for (const auto& [id, slot] : object.at(name).as_object())
        out[std::string(id)] = slot.to_number<uint32_t>();
    return out;
}

VpcState state_of(const json::object& object) {
    VpcState state;
    state.spec = vpc_of(object.at("spec").as_object());
    state.slot = static_cast<uint32_t>(number(object, "slot"));
    state.next_number = static_cast<uint32_t>(number(object, "next_number"));
    state.subnet_slots = slots_of(object, "subnet_slots");
    state.peering_slots = slots_of(object, "peering_slots");
    for (const auto& entry : object.at("groups").as_array()) {
        auto group = group_of(entry.as_object(), state.spec.id);
        state.groups.emplace(group.id, std::move(group));
    }
    for (const auto& entry : object.at("ports").as_array()) {
        auto port = port_of(entry.as_object(), state.spec.id);
        state.ports.emplace(port.spec.id, std::move(port));
    }
    return state;
}

} // namespace

VpcTopology VpcState::topology() const {
    VpcTopology topology{spec, groups, {}};
    for (const auto& [id, port] : ports)
        topology.interfaces.emplace(id, port.spec);
    return topology;
}

Result<void> save_state(const VpcState& state, const std::filesystem::path& path) {
    json::array groups, ports;
    for (const auto& [id, group] : state.groups)
        groups.emplace_back(to_json(group));
    for (const auto& [id, port] : state.ports)
        ports.emplace_back(to_json(port));
    const json::object object{{"spec", to_json(state.spec)},
                              {"slot", state.slot},
                              {"next_number", state.next_number},
                              {"subnet_slots", to_json(state.subnet_slots)},
                              {"peering_slots", to_json(state.peering_slots)},
                              {"groups", std::move(groups)},
                              {"ports", std::move(ports)}};
    return write_file_durably(path, json::serialize(object));
}

Result<VpcState> load_state(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const auto content, read_file(path, state_bytes_max));
    try {
        return state_of(json::parse(content).as_object());
    } catch (const std::exception& failure) {
        // We wrote it ourselves: a file that cannot be read was damaged.
        return fail(errors::invalid,
                    fmt::format("{} is damaged: {}", path.string(), failure.what()));
    }
}

} // namespace pileus::drivers
