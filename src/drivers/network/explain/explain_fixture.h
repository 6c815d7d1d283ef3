// SPDX-License-Identifier: Apache-2.0
#pragma once

// A VPC of two subnets with everything open, for tests to close: "a" and "b" in subnet-1, "c" in
// subnet-2.

#include "drivers/network/explain/explain.h"

#include <fmt/core.h>

namespace pileus::drivers {

inline TrafficRule permit(bool egress, int protocol, int port, const char* cidr) {
    return {egress, protocol, port, port, parse_cidr(cidr), ""};
}

inline AclEntrySpec acl_entry(int number,
                              bool egress,
                              bool allow,
                              int protocol,
                              const char* cidr,
                              int from = -1,
                              int to = -1) {
    return {number, egress, allow, protocol, *parse_cidr(cidr), from, to};
}

inline NetworkAclSpec open_acl(const std::string& id) {
    return {id,
            {acl_entry(100, false, true, -1, "0.0.0.0/0"),
             acl_entry(100, true, true, -1, "0.0.0.0/0"),
             acl_entry(101, false, true, -1, "::/0"),
             acl_entry(101, true, true, -1, "::/0")}};
}

inline InterfaceSpec
port_of(const std::string& id, const std::string& vpc, int subnet, const char* ip) {
    InterfaceSpec interface;
    interface.id = "eni-" + id;
    interface.vpc_id = vpc;
    interface.subnet_id = fmt::format("subnet-{}", subnet);
    interface.addresses = {{*Ipv4::parse(ip), std::nullopt}};
    interface.security_group_ids = {"sg-open"};
    return interface;
}

inline NetworkView sample_view() {
    VpcSpec vpc;
    vpc.id = "vpc-1";
    vpc.cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")};
    vpc.ipv6_cidrs = {*Ipv6Cidr::parse("fd00::/56")};
    vpc.internet_gateway = true;
    vpc.subnets = {{"subnet-1",
                    *Ipv4Cidr::parse("10.0.1.0/24"),
                    Ipv6Cidr::parse("fd00:0:0:1::/64"),
                    "rtb-1",
                    "acl-1"},
                   {"subnet-2",
                    *Ipv4Cidr::parse("10.0.2.0/24"),
                    Ipv6Cidr::parse("fd00:0:0:2::/64"),
                    "rtb-2",
                    "acl-2"}};
    const RouteSpec world{*parse_cidr("0.0.0.0/0"), RouteTarget::internet_gateway, ""};
    vpc.route_tables = {{"rtb-1", {world}}, {"rtb-2", {}}};
    vpc.network_acls = {open_acl("acl-1"), open_acl("acl-2")};

    NetworkView view;
    view.vpcs = {vpc};
    view.groups = {{"sg-open",
                    "vpc-1",
                    {permit(false, -1, -1, "0.0.0.0/0"),
                     permit(true, -1, -1, "0.0.0.0/0"),
                     permit(false, -1, -1, "::/0"),
                     permit(true, -1, -1, "::/0")}}};
    view.interfaces = {port_of("a", "vpc-1", 1, "10.0.1.10"),
                       port_of("b", "vpc-1", 1, "10.0.1.11"),
                       port_of("c", "vpc-1", 2, "10.0.2.10")};
    view.internet_gateways = {{"vpc-1", "igw-1"}};
    return view;
}

// A second VPC, "vpc-2" with the interface "d" of a group "sg-peer", peered with the first.
inline void add_peer(NetworkView& view) {
    VpcSpec vpc;
    vpc.id = "vpc-2";
    vpc.cidrs = {*Ipv4Cidr::parse("10.9.0.0/16")};
    vpc.subnets = {{"subnet-3", *Ipv4Cidr::parse("10.9.1.0/24"), std::nullopt, "rtb-3", "acl-3"}};
    vpc.route_tables = {{"rtb-3", {{*parse_cidr("10.0.0.0/16"), RouteTarget::peering, "pcx-1"}}}};
    vpc.network_acls = {open_acl("acl-3")};
    vpc.peerings = {{"pcx-1", "vpc-1", {*parse_cidr("10.0.0.0/16")}}};
    view.vpcs[0].peerings = {{"pcx-1", "vpc-2", {*parse_cidr("10.9.0.0/16")}}};
    for (auto& table : view.vpcs[0].route_tables)
        table.routes.push_back({*parse_cidr("10.9.0.0/16"), RouteTarget::peering, "pcx-1"});
    view.vpcs.push_back(vpc);
    view.groups.push_back(
        {"sg-peer",
         "vpc-2",
         {permit(false, -1, -1, "0.0.0.0/0"), permit(true, -1, -1, "0.0.0.0/0")}});
    auto d = port_of("d", "vpc-2", 3, "10.9.1.10");
    d.security_group_ids = {"sg-peer"};
    view.interfaces.push_back(d);
}

// "nat" in subnet-1, with the public address 198.51.100.9; subnet-2's way out.
inline void add_nat_gateway(NetworkView& view) {
    auto nat = port_of("nat", "vpc-1", 1, "10.0.1.200");
    nat.kind = InterfaceKind::nat_gateway;
    nat.security_group_ids.clear();
    nat.addresses[0].public_ip = *Ipv4::parse("198.51.100.9");
    view.interfaces.push_back(nat);
    view.vpcs[0].route_tables[1].routes = {
        {*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}};
}

} // namespace pileus::drivers
