// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/walk.h"

#include "drivers/network/explain/commands.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace pileus::drivers {

namespace {

constexpr int routers_max = 4; // NAT gateways one after the other; more is a loop

const Ipv4Cidr loopback{Ipv4{0x7f00'0000}, 8};

// Never on a VPC's network: this net, loopback, link-local, multicast and reserved.
bool is_no_destination(const IpAddress& address) {
    if (const auto* v4 = std::get_if<Ipv4>(&address)) {
        const auto first = v4->value >> 24;
        return first == 0 || first == 127 || first >= 224 || v4->value >> 16 == 0xa9fe;
    }
    const auto& bytes = std::get<Ipv6>(address).bytes;
    const bool is_tiny =
        std::all_of(bytes.begin(), bytes.begin() + 15, [](auto b) { return b == 0; }) &&
        bytes[15] <= 1;
    return is_tiny || bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

IpAddress primary_address(const InterfaceSpec& interface, bool ipv6) {
    if (ipv6 && !interface.ipv6_addresses.empty())
        return interface.ipv6_addresses.front();
    return interface.addresses.empty() ? Ipv4{} : interface.addresses.front().private_ip;
}

std::optional<IpAddress> public_address(const InterfaceSpec& interface, const IpAddress& own) {
    if (is_ipv6(own))
        return own;
    for (const auto& address : interface.addresses)
        if (IpAddress(address.private_ip) == own && address.public_ip)
            return IpAddress(*address.public_ip);
    return std::nullopt;
}

const char* words_of(RouteTarget target) {
    switch (target) {
    case RouteTarget::internet_gateway:
        return "the internet gateway";
    case RouteTarget::egress_only_internet_gateway:
        return "the egress-only internet gateway";
    case RouteTarget::interface:
        return "an interface";
    case RouteTarget::peering:
        return "a peering";
    case RouteTarget::blackhole:
        break;
    }
    return "nothing: it is a black hole";
}

} // namespace

std::string describe(const RouteChoice& choice) {
    if (choice.is_local)
        return to_string(choice.destination) + " → local";
    const auto& id = choice.route.target_id;
    return fmt::format("{} → {}",
                       to_string(choice.destination),
                       id.empty() ? words_of(choice.route.target) : id.c_str());
}

Explanation Walk::take(const Packet& packet) {
    if (!resolve(packet))
        return std::move(out_);
    out_.header = header_;
    out_.arrives = sender_ != nullptr ? from_inside(*sender_) : from_outside();
    if (!out_.arrives)
        return std::move(out_);
    out_.is_answered = is_at_appliance_ || !has_answer(out_.header) || answer();
    return std::move(out_);
}

// Fills header_ as the sender writes it.
bool Walk::resolve(const Packet& packet) {
    header_.protocol = packet.protocol;
    header_.to_port = packet.port;
    header_.code = packet.code;
    header_.from_port = packet.source_port;
    for (const auto& [party, found] :
         {std::pair(&packet.from, &sender_), std::pair(&packet.to, &receiver_)}) {
        if (party->interface_id.empty())
            continue;
        *found = find_interface(party->interface_id);
        if (*found == nullptr)
            return stop("interface", party->interface_id, "there is no such interface");
    }
    const bool ipv6 = (packet.to.address && is_ipv6(*packet.to.address)) ||
                      (packet.from.address && is_ipv6(*packet.from.address)) ||
                      packet.protocol == protocols::icmpv6;
    if (sender_ == nullptr && receiver_ == nullptr && !packet.to.address)
        return stop("destination", "", "say where the packet goes to: an interface, or an address");
    const IpAddress unspecified = ipv6 ? IpAddress(Ipv6{}) : IpAddress(Ipv4{});
    header_.from = packet.from.address.value_or(sender_ != nullptr ? primary_address(*sender_, ipv6)
                                                                   : unspecified);
    header_.to = packet.to.address.value_or(receiver_ != nullptr ? primary_address(*receiver_, ipv6)
                                                                 : unspecified);
    if (receiver_ != nullptr && sender_ == nullptr && has_address(*receiver_, header_.to)) {
        const auto seen = public_address(*receiver_, header_.to);
        if (!seen)
            return stop("interface",
                        receiver_->id,
                        fmt::format("{} of {} has no public address: nothing outside can reach it",
                                    text_of(header_.to),
                                    name(receiver_->id)),
                        commands::associate_address(receiver_->id, header_.to));
        header_.to = *seen;
    }
    if (is_ipv6(header_.from) != is_ipv6(header_.to))
        return stop("interface",
                    sender_ != nullptr ? sender_->id : "",
                    fmt::format("{} and {} are of different families",
                                text_of(header_.from),
                                text_of(header_.to)));
    if ((header_.protocol == protocols::icmp && ipv6) ||
        (header_.protocol == protocols::icmpv6 && !is_ipv6(header_.to)))
        return stop("interface", "", "icmp belongs to IPv4, icmpv6 to IPv6");
    return true;
}

bool Walk::to_service(const InterfaceSpec& sender, const VpcSpec& vpc) {
    const auto* to = std::get_if<Ipv4>(&header_.to);
    if (to == nullptr || vpc.cidrs.empty() || !has_address(sender, header_.from))
        return false;
    const bool is_metadata = to->value == 0xa9fe'a9fe;
    const bool is_resolver = to->value == 0xa9fe'a9fd || *to == vpc.cidrs.front().at(2);
    const bool is_dns = header_.to_port == 53 &&
                        (header_.protocol == protocols::tcp || header_.protocol == protocols::udp);
    const bool is_http = header_.to_port == 80 && header_.protocol == protocols::tcp;
    if (is_metadata && is_http)
        return pass(
            "service", to->str(), "the metadata service, which security groups do not filter");
    if (is_resolver && is_dns && vpc.dns_support)
        return pass(
            "service", to->str(), "the VPC's resolver, which security groups do not filter");
    return false;
}

bool Walk::from_inside(const InterfaceSpec& sender) {
    const auto* vpc = find_vpc(sender.vpc_id);
    const auto* subnet = vpc != nullptr ? find_by_id(vpc->subnets, sender.subnet_id) : nullptr;
    if (subnet == nullptr)
        return stop("interface", sender.id, "its VPC or subnet is not known");
    if (!check_sender(sender, *vpc))
        return false;
    if (to_service(sender, *vpc))
        return true;
    if (const auto* v4 = std::get_if<Ipv4>(&header_.to); v4 != nullptr && loopback.contains(*v4))
        return stop(
            "destination",
            "",
            fmt::format(
                "{} is loopback: inside a guest it is the guest itself. Use the private address",
                v4->str()));
    if (is_no_destination(header_.to))
        return stop(
            "destination", "", fmt::format("a VPC carries nothing to {}", text_of(header_.to)));
    // Where it will be judged: the address means another thing in every VPC.
    const auto* table = find_by_id(vpc->route_tables, subnet->route_table_id);
    const auto choice = choose_route(*vpc, table, header_.to);
    if (is_in(*vpc, header_.to))
        header_.to_vpc = vpc->id;
    else if (choice && !choice->is_local && choice->route.target == RouteTarget::peering)
        if (const auto* peering = find_by_id(vpc->peerings, choice->route.target_id))
            header_.to_vpc = peering->peer_vpc_id;
    if (!check_groups(sender, true))
        return false;
    last_ = &sender;
    return route(*vpc, *subnet, routers_max);
}

bool Walk::leave(const VpcSpec& vpc, const SubnetSpec& subnet) {
    crossings_.push_back({&vpc, &subnet, true, header_, {}, false});
    return check_acl(vpc, subnet, true, header_, false);
}

bool Walk::route(const VpcSpec& vpc, const SubnetSpec& subnet, int routers_left) {
    if (routers_left == 0)
        return stop("route", subnet.route_table_id, "the routes lead in a circle");
    if (is_in(subnet, header_.to)) {
        pass("route",
             subnet.id,
             fmt::format("{} is in the same subnet: no route table and no ACL is asked",
                         text_of(header_.to)));
        return deliver(vpc, &subnet, {}, true);
    }
    const auto* table = find_by_id(vpc.route_tables, subnet.route_table_id);
    const auto choice = choose_route(vpc, table, header_.to);
    if (!choice || (!choice->is_local && choice->route.target == RouteTarget::blackhole))
        return no_route(vpc, subnet, choice ? &*choice : nullptr);
    pass("route", subnet.route_table_id, describe(*choice));
    const auto& way = choice->route;
    if (choice->is_local)
        return leave(vpc, subnet) && deliver(vpc, &subnet, {}, true);
    switch (way.target) {
    case RouteTarget::internet_gateway:
        return leave(vpc, subnet) && to_internet(vpc, last_, false);
    case RouteTarget::egress_only_internet_gateway:
        return leave(vpc, subnet) && to_internet(vpc, last_, true);
    case RouteTarget::interface:
        return to_interface(vpc, subnet, way.target_id, routers_left);
    case RouteTarget::peering:
        return leave(vpc, subnet) && to_peer(vpc, way);
    case RouteTarget::blackhole:
        break;
    }
    return false;
}

// The command goes for what is most likely meant: a peering that has the address, or the internet
// gateway.
bool Walk::no_route(const VpcSpec& vpc, const SubnetSpec& subnet, const RouteChoice* hole) {
    const auto& table = subnet.route_table_id;
    auto destination = hole != nullptr       ? hole->destination
                       : is_ipv6(header_.to) ? IpCidr(Ipv6Cidr{})
                                             : IpCidr(Ipv4Cidr{});
    std::string target = "--gateway-id " + gateway_name(vpc.id);
    for (const auto& peering : vpc.peerings)
        for (const auto& block : peering.peer_cidrs)
            if (contains(block, header_.to)) {
                destination = hole != nullptr ? destination : block;
                target = "--vpc-peering-connection-id " + peering.id;
            }
    const bool is_elsewhere = receiver_ != nullptr && receiver_->vpc_id != vpc.id &&
                              target.starts_with("--g") && has_address(*receiver_, header_.to);
    if (is_elsewhere)
        return stop("route",
                    table,
                    fmt::format("{} is in {}, and {} has no route to it",
                                text_of(header_.to),
                                receiver_->vpc_id,
                                vpc.id),
                    commands::create_peering(vpc.id, receiver_->vpc_id));
    if (hole != nullptr)
        return stop("route",
                    table,
                    fmt::format("{} leads nowhere: its target is gone or not active (black hole)",
                                to_string(hole->destination)),
                    commands::replace_route(table, destination, target));
    return stop("route",
                table,
                fmt::format("no route to {}", text_of(header_.to)),
                commands::add_route(table, destination, target));
}

// To whoever has the address in this VPC. `from` is the subnet that it comes from, where that is in
// this VPC.
bool Walk::deliver(const VpcSpec& vpc,
                   const SubnetSpec* from,
                   const RouteSpec& way_back,
                   bool is_local) {
    const auto* receiver = find_address(vpc.id, header_.to);
    if (receiver == nullptr)
        return stop("destination",
                    vpc.id,
                    fmt::format("no interface of {} has {}", vpc.id, text_of(header_.to)));
    if (receiver_ != nullptr && receiver != receiver_)
        return stop("destination",
                    receiver->id,
                    fmt::format("{} is {} in {}, not {} in {}",
                                text_of(header_.to),
                                name(receiver->id),
                                vpc.id,
                                name(receiver_->id),
                                receiver_->vpc_id));
    const auto* subnet = find_by_id(vpc.subnets, receiver->subnet_id);
    if (subnet == nullptr)
        return stop("destination", receiver->id, "its subnet is not known");
    header_.to_vpc = vpc.id;
    if (subnet != from) {
        crossings_.push_back({&vpc, subnet, false, header_, way_back, is_local});
        if (!check_acl(vpc, *subnet, false, header_, false))
            return false;
    }
    return arrive(*receiver);
}

bool Walk::to_interface(const VpcSpec& vpc,
                        const SubnetSpec& from,
                        const std::string& id,
                        int routers_left) {
    const auto* router = find_interface(id);
    const auto* subnet = router != nullptr && router->vpc_id == vpc.id
                             ? find_by_id(vpc.subnets, router->subnet_id)
                             : nullptr;
    if (subnet == nullptr)
        return stop("route", id, "the route's target is not there");
    if (subnet != &from) {
        if (!leave(vpc, from))
            return false;
        crossings_.push_back({&vpc, subnet, false, header_, {}, true});
        if (!check_acl(vpc, *subnet, false, header_, false))
            return false;
    }
    return router->kind == InterfaceKind::nat_gateway ? translate(vpc, *router, routers_left)
                                                      : arrive(*router);
}

bool Walk::translate(const VpcSpec& vpc, const InterfaceSpec& gateway, int routers_left) {
    const auto* subnet = find_by_id(vpc.subnets, gateway.subnet_id);
    if (is_ipv6(header_.to))
        return stop("nat-gateway", gateway.id, "a NAT gateway translates IPv4 only");
    if (&gateway == last_)
        return stop("nat-gateway", gateway.id, "the route of its own subnet leads back to it");
    header_.from = gateway.private_ip();
    header_.from_vpc = vpc.id;
    last_ = &gateway;
    pass("nat-gateway",
         gateway.id,
         fmt::format("{} puts its own address {} for the sender's",
                     name(gateway.id),
                     text_of(header_.from)));
    return route(vpc, *subnet, routers_left - 1);
}

bool Walk::to_internet(const VpcSpec& vpc, const InterfaceSpec* sender, bool egress_only) {
    const auto kind = "internet-gateway";
    if (!egress_only && !vpc.internet_gateway)
        return stop(kind,
                    vpc.id,
                    "no internet gateway is attached",
                    commands::attach_internet_gateway(gateway_name(vpc.id), vpc.id));
    const auto seen = public_address(*sender, header_.from);
    if (!seen)
        return stop(kind,
                    sender->id,
                    fmt::format("{} of {} has no public address: the gateway drops it",
                                text_of(header_.from),
                                name(sender->id)),
                    commands::associate_address(sender->id, header_.from));
    header_.from = *seen;
    header_.from_vpc.clear();
    pass(kind,
         egress_only ? vpc.id : gateway_name(vpc.id),
         fmt::format("it leaves {} as {}", vpc.id, text_of(*seen)));
    if (find_public(header_.to) != nullptr)
        return from_internet();
    if (!view_.egress)
        return stop("destination",
                    "",
                    "this installation lets guests reach nothing outside the machine: `egress = "
                    "false` in [network] of its "
                    "configuration");
    return pass("destination", "", fmt::format("{} is outside", text_of(header_.to)));
}

bool Walk::from_outside() {
    pass("destination", "", fmt::format("outside sends {}", drivers::describe(header_)));
    return from_internet();
}

// header_.to is a public address.
bool Walk::from_internet() {
    const auto* receiver = find_public(header_.to);
    const auto* vpc = receiver != nullptr ? find_vpc(receiver->vpc_id) : nullptr;
    if (vpc == nullptr)
        return stop("destination",
                    "",
                    fmt::format("nobody here has the public address {}", text_of(header_.to)));
    if (!vpc->internet_gateway)
        return stop("internet-gateway",
                    vpc->id,
                    fmt::format("no internet gateway is attached to {}", vpc->id),
                    commands::attach_internet_gateway(gateway_name(vpc->id), vpc->id));
    for (const auto& own : receiver->addresses)
        if (own.public_ip && IpAddress(*own.public_ip) == header_.to)
            header_.to = own.private_ip;
    pass("internet-gateway",
         gateway_name(vpc->id),
         fmt::format("it comes into {} as {} → {}",
                     vpc->id,
                     text_of(header_.from),
                     text_of(header_.to)));
    return deliver(*vpc,
                   nullptr,
                   {.destination = {}, .target = RouteTarget::internet_gateway, .target_id = {}},
                   false);
}

bool Walk::to_peer(const VpcSpec& vpc, const RouteSpec& way) {
    const auto* peering = find_by_id(vpc.peerings, way.target_id);
    const auto* peer = peering != nullptr ? find_vpc(peering->peer_vpc_id) : nullptr;
    const auto holds = [&](const IpAddress& address) {
        return std::any_of(peering->peer_cidrs.begin(),
                           peering->peer_cidrs.end(),
                           [&](const auto& block) { return contains(block, address); });
    };
    if (peer == nullptr || find_by_id(peer->peerings, peering->id) == nullptr)
        return stop("peering", way.target_id, "the peering is not active on both sides");
    if (!holds(header_.to))
        return stop("peering",
                    way.target_id,
                    fmt::format("{} is in no block of {}", text_of(header_.to), peer->id));
    if (!is_in(vpc, header_.from))
        return stop("peering",
                    way.target_id,
                    fmt::format("{} is in no block of {}: a peering carries nothing for others",
                                text_of(header_.from),
                                vpc.id));
    pass("peering", peering->id, fmt::format("from {} to {}", vpc.id, peer->id));
    return deliver(*peer,
                   nullptr,
                   {.destination = {}, .target = RouteTarget::peering, .target_id = peering->id},
                   false);
}

bool Walk::arrive(const InterfaceSpec& receiver) {
    const bool is_own = has_address(receiver, header_.to);
    if (receiver.kind == InterfaceKind::nat_gateway)
        return stop("nat-gateway", receiver.id, "a NAT gateway takes no connections from others");
    if (!is_own && receiver.source_dest_check)
        return stop("source-dest-check",
                    receiver.id,
                    fmt::format("{} is no address of {}, which the route names",
                                text_of(header_.to),
                                name(receiver.id)),
                    commands::disable_source_dest_check(receiver.id));
    if (!check_groups(receiver, false))
        return false;
    if (const auto idle = view_.idle.find(receiver.id); idle != view_.idle.end())
        return stop("interface", receiver.id, "nobody is behind it: " + idle->second);
    is_at_appliance_ = !is_own;
    return pass(
        "destination",
        receiver.id,
        is_own ? fmt::format("{} gets it", name(receiver.id))
               : fmt::format("{} gets it, to route it on: what it does with it is its own matter",
                             name(receiver.id)));
}

} // namespace pileus::drivers
