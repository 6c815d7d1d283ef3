// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/vpc_state.h"

#include "base/file.h"

#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::drivers {

namespace json = boost::json;

namespace {

constexpr size_t state_bytes_max = 256 * 1024 * 1024;

json::object to_json(const TrafficRule& rule) {
    return {{"egress", rule.egress},
            {"protocol", rule.protocol},
            {"from_port", rule.from_port},
            {"to_port", rule.to_port},
            {"cidr", rule.peer_cidr ? rule.peer_cidr->str() : ""},
            {"group", rule.peer_security_group_id}};
}

json::object to_json(const SecurityGroupSpec& group) {
    json::array rules;
    for (const auto& rule : group.rules)
        rules.emplace_back(to_json(rule));
    return {{"id", group.id}, {"rules", std::move(rules)}};
}

json::object to_json(const Port& port) {
    json::array groups;
    for (const auto& id : port.spec.security_group_ids)
        groups.emplace_back(id);
    return {{"id", port.spec.id},
            {"subnet", port.spec.subnet_id},
            {"mac", port.spec.mac.str()},
            {"private_ip", port.spec.private_ip.str()},
            {"public_ip", port.spec.public_ip ? port.spec.public_ip->str() : ""},
            {"transit_ip", port.transit_ip ? port.transit_ip->str() : ""},
            {"host_name", port.spec.host_name},
            {"groups", std::move(groups)},
            {"source_dest_check", port.spec.source_dest_check},
            {"tap", port.tap},
            {"number", port.number}};
}

std::string text(const json::object& object, const char* name) {
    return std::string(object.at(name).as_string());
}
int number(const json::object& object, const char* name) {
    return static_cast<int>(object.at(name).to_number<int64_t>());
}

SecurityGroupSpec group_of(const json::object& object, const std::string& vpc_id) {
    SecurityGroupSpec group{text(object, "id"), vpc_id, {}};
    for (const auto& entry : object.at("rules").as_array()) {
        const auto& rule = entry.as_object();
        group.rules.push_back({.egress = rule.at("egress").as_bool(),
                               .protocol = number(rule, "protocol"),
                               .from_port = number(rule, "from_port"),
                               .to_port = number(rule, "to_port"),
                               .peer_cidr = Ipv4Cidr::parse(text(rule, "cidr")),
                               .peer_security_group_id = text(rule, "group")});
    }
    return group;
}

Port port_of(const json::object& object, const std::string& vpc_id) {
    Port port;
    port.tap = text(object, "tap");
    port.number = static_cast<uint32_t>(number(object, "number"));
    port.transit_ip = Ipv4::parse(text(object, "transit_ip"));
    port.spec.id = text(object, "id");
    port.spec.vpc_id = vpc_id;
    port.spec.subnet_id = text(object, "subnet");
    port.spec.mac = MacAddress::parse(text(object, "mac")).value();
    port.spec.private_ip = Ipv4::parse(text(object, "private_ip")).value();
    port.spec.public_ip = Ipv4::parse(text(object, "public_ip"));
    port.spec.host_name = text(object, "host_name");
    port.spec.source_dest_check = object.at("source_dest_check").as_bool();
    for (const auto& id : object.at("groups").as_array())
        port.spec.security_group_ids.emplace_back(id.as_string());
    return port;
}

VpcState state_of(const json::object& object) {
    VpcState state;
    state.spec.id = text(object, "id");
    state.spec.cidr = Ipv4Cidr::parse(text(object, "cidr")).value();
    state.spec.dns_domain = text(object, "dns_domain");
    state.slot = static_cast<uint32_t>(number(object, "slot"));
    state.next_subnet_slot = static_cast<uint32_t>(number(object, "next_subnet_slot"));
    state.next_number = static_cast<uint32_t>(number(object, "next_number"));
    for (const auto& entry : object.at("subnets").as_array()) {
        const auto& subnet = entry.as_object();
        state.spec.subnets.push_back(
            {text(subnet, "id"), Ipv4Cidr::parse(text(subnet, "cidr")).value()});
        state.subnet_slots[text(subnet, "id")] = static_cast<uint32_t>(number(subnet, "slot"));
    }
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
    json::array subnets, groups, ports;
    for (const auto& subnet : state.spec.subnets)
        subnets.emplace_back(json::object{{"id", subnet.id},
                                          {"cidr", subnet.cidr.str()},
                                          {"slot", state.subnet_slots.at(subnet.id)}});
    for (const auto& [id, group] : state.groups)
        groups.emplace_back(to_json(group));
    for (const auto& [id, port] : state.ports)
        ports.emplace_back(to_json(port));
    const json::object object{{"id", state.spec.id},
                              {"cidr", state.spec.cidr.str()},
                              {"dns_domain", state.spec.dns_domain},
                              {"slot", state.slot},
                              {"next_subnet_slot", state.next_subnet_slot},
                              {"next_number", state.next_number},
                              {"subnets", std::move(subnets)},
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
