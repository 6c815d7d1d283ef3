// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/packets.h"

#include "base/text.h"
#include "domain/error_codes.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::api::pileus_service {

namespace json = boost::json;
namespace codes = domain::codes;
using drivers::NetworkView;
using drivers::Party;

namespace {

constexpr std::string_view outside = "outside";
constexpr int echo_request = 8, echo_request_v6 = 128;

std::string text(const json::object& arguments, std::string_view name) {
    const auto* value = arguments.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

Result<int> number(const json::object& arguments, std::string_view name, int most, int otherwise) {
    const auto* value = arguments.if_contains(name);
    if (value == nullptr)
        return otherwise;
    if (!value->is_int64() || value->as_int64() < 0 || value->as_int64() > most)
        return fail(codes::invalid_parameter_value,
                    fmt::format("'{}' must be a number from 0 to {}.", name, most));
    return static_cast<int>(value->as_int64());
}

const drivers::InterfaceSpec* find_by_private_address(const NetworkView& view,
                                                      const drivers::IpAddress& address) {
    const drivers::InterfaceSpec* found = nullptr;
    for (const auto& interface : view.interfaces) {
        const bool has_v4 = std::any_of(
            interface.addresses.begin(), interface.addresses.end(), [&](const auto& own) {
                return drivers::IpAddress(own.private_ip) == address;
            });
        const auto& v6 = interface.ipv6_addresses;
        const bool has_v6 = std::any_of(v6.begin(), v6.end(), [&](const auto& own) {
            return drivers::IpAddress(own) == address;
        });
        if (!has_v4 && !has_v6)
            continue;
        if (found != nullptr)
            return nullptr; // several VPCs have it
        found = &interface;
    }
    return found;
}

Result<Party>
instance_party(const domain::Caller& caller, const std::string& id, cloud::Cloud& cloud) {
    PILEUS_ASSIGN(const auto view, cloud.instances.describe_one(caller, id));
    if (view.interfaces.empty())
        return fail(codes::incorrect_instance_state,
                    fmt::format("The instance '{}' has no network interface any more.", id));
    const auto primary = std::min_element(
        view.interfaces.begin(), view.interfaces.end(), [](const auto& a, const auto& b) {
            return a.device_index < b.device_index;
        });
    return Party{primary->id, std::nullopt};
}

Result<Party> read_party(const domain::Caller& caller,
                         const json::object& arguments,
                         std::string_view name,
                         cloud::Cloud& cloud,
                         const NetworkView& view) {
    const auto word = text(arguments, name);
    if (word == outside)
        return Party{};
    if (word.starts_with("i-"))
        return instance_party(caller, word, cloud);
    if (word.starts_with("eni-")) {
        for (const auto& interface : view.interfaces)
            if (interface.id == word && !view.foreign_vpcs.contains(interface.vpc_id))
                return Party{word, std::nullopt};
        return fail(codes::interface_not_found,
                    fmt::format("The networkInterface ID '{}' does not exist", word));
    }
    const auto address = drivers::parse_address(word);
    if (!address)
        return fail(
            codes::invalid_parameter_value,
            fmt::format(
                "'{}' must be the id of an instance or of a network interface, an IP address, or "
                "'outside'.",
                name));
    return Party{"", address};
}

// An address without a family of its own takes the protocol's name from the address.
Result<int> read_protocol(const std::string& word, bool ipv6) {
    if (word.empty() || word == "tcp")
        return drivers::protocols::tcp;
    if (word == "udp")
        return drivers::protocols::udp;
    if (word == "icmp" || word == "icmpv6")
        return ipv6 || word == "icmpv6" ? drivers::protocols::icmpv6 : drivers::protocols::icmp;
    const auto number = parse_int(word);
    if (!number || *number < 0 || *number > 255)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("'{}' is no protocol: tcp, udp, icmp, or a number from 0 to 255.", word));
    return static_cast<int>(*number);
}

std::set<std::string> foreign_ids(const NetworkView& view) {
    std::set<std::string> ids;
    for (const auto& vpc : view.vpcs) {
        if (!view.foreign_vpcs.contains(vpc.id))
            continue;
        for (const auto& table : vpc.route_tables)
            ids.insert(table.id);
        for (const auto& acl : vpc.network_acls)
            ids.insert(acl.id);
    }
    for (const auto& group : view.groups)
        if (view.foreign_vpcs.contains(group.vpc_id))
            ids.insert(group.id);
    for (const auto& interface : view.interfaces)
        if (view.foreign_vpcs.contains(interface.vpc_id))
            ids.insert(interface.id);
    return ids;
}

json::object write(const drivers::Hop& hop, const std::set<std::string>& foreign) {
    const bool is_foreign = foreign.contains(hop.id);
    json::object out{{"kind", hop.kind},
                     {"id", is_foreign ? "" : hop.id},
                     {"direction", hop.is_answer ? "back" : "there"},
                     {"passes", hop.passes},
                     {"text", is_foreign ? "decided in the peer's account" : hop.text}};
    if (!hop.command.empty() && !is_foreign)
        out["command"] = hop.command;
    return out;
}

} // namespace

Result<json::object> explain_packet(const domain::Caller& caller,
                                    const json::object& arguments,
                                    cloud::Cloud& cloud,
                                    const NetworkView& view) {
    drivers::Packet packet;
    PILEUS_ASSIGN(packet.from, read_party(caller, arguments, "from", cloud, view));
    PILEUS_ASSIGN(packet.to, read_party(caller, arguments, "to", cloud, view));
    // A private address as the sender is the interface that has it; as the receiver it is looked up
    // on the way.
    if (packet.from.address)
        if (const auto* sender = find_by_private_address(view, *packet.from.address))
            packet.from.interface_id = sender->id;
    if (packet.from.interface_id.empty() && packet.to.interface_id.empty() && !packet.to.address)
        return fail(codes::invalid_parameter_combination,
                    "One end must be inside: 'from' and 'to' are both outside.");
    if (!packet.from.interface_id.empty() && packet.to.interface_id.empty() && !packet.to.address)
        return fail(codes::invalid_parameter_value,
                    "To go outside a packet needs an address: say which one, for example 8.8.8.8.");
    const bool ipv6 = (packet.from.address && drivers::is_ipv6(*packet.from.address)) ||
                      (packet.to.address && drivers::is_ipv6(*packet.to.address));
    PILEUS_ASSIGN(packet.protocol, read_protocol(text(arguments, "protocol"), ipv6));
    const bool is_icmp = packet.protocol == drivers::protocols::icmp ||
                         packet.protocol == drivers::protocols::icmpv6;
    const bool has_ports =
        packet.protocol == drivers::protocols::tcp || packet.protocol == drivers::protocols::udp;
    if (has_ports && arguments.if_contains("port") == nullptr)
        return fail(codes::missing_parameter, "The request must contain the number 'port'.");
    const int echo = packet.protocol == drivers::protocols::icmp ? echo_request : echo_request_v6;
    PILEUS_ASSIGN(
        packet.port,
        number(arguments, is_icmp ? "type" : "port", is_icmp ? 255 : 65535, is_icmp ? echo : 0));
    PILEUS_ASSIGN(packet.code, number(arguments, "code", 255, 0));

    const auto found = drivers::explain(view, packet);
    json::array hops;
    const auto foreign = foreign_ids(view);
    for (const auto& hop : found.hops)
        hops.push_back(write(hop, foreign));
    return json::object{
        {"arrives", found.arrives}, {"answered", found.is_answered}, {"hops", std::move(hops)}};
}

} // namespace pileus::api::pileus_service
