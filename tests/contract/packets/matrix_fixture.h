// SPDX-License-Identifier: Apache-2.0
#pragma once

// A VPC with everything open to begin with: "eni-a" and "eni-b" in subnet-1, "eni-c" in subnet-2;
// "eni-a" and "eni-c" have public addresses.

#include "fleet.h"

#include <gtest/gtest.h>

namespace pileus::drivers {

inline LinuxNetworkOptions packet_options() {
    LinuxNetworkOptions options;
    options.installation = "ppack";
    options.public_pool = *Ipv4Cidr::parse("127.98.0.0/16");
    options.transit = *Ipv4Cidr::parse("100.124.0.0/15");
    options.egress = true;
    return options;
}

inline Ipv4 host_caller() { // as what callers on this machine are seen
    return AddressPlan(packet_options()).host();
}

inline NetworkAclSpec open_acl(const std::string& id) {
    NetworkAclSpec acl{id, {}};
    for (const bool egress : {false, true})
        for (const auto& [number, cidr] : {std::pair{100, "0.0.0.0/0"}, std::pair{101, "::/0"}})
            acl.entries.push_back({number, egress, true, -1, *parse_cidr(cidr), -1, -1});
    return acl;
}

// Two subnets, x.1.0/24 and x.2.0/24, each with an ACL and a route table of its own.
inline VpcSpec packet_vpc(const std::string& id, const std::string& prefix) {
    VpcSpec vpc;
    vpc.id = "vpc-" + id;
    vpc.cidrs = {*Ipv4Cidr::parse(prefix + ".0.0/16")};
    vpc.dns_domain = "ec2.internal";
    vpc.dhcp.domain_name = "ec2.internal";
    vpc.internet_gateway = true;
    const RouteSpec out{*parse_cidr("0.0.0.0/0"), RouteTarget::internet_gateway, ""};
    for (const auto* number : {"1", "2"}) {
        vpc.subnets.push_back({fmt::format("subnet-{}{}", id, number),
                               *Ipv4Cidr::parse(fmt::format("{}.{}.0/24", prefix, number)),
                               std::nullopt,
                               fmt::format("rtb-{}{}", id, number),
                               fmt::format("acl-{}{}", id, number)});
        vpc.route_tables.push_back({fmt::format("rtb-{}{}", id, number), {out}});
        vpc.network_acls.push_back(open_acl(fmt::format("acl-{}{}", id, number)));
    }
    return vpc;
}

inline InterfaceSpec
packet_interface(const VpcSpec& vpc, const std::string& id, size_t subnet, int number) {
    InterfaceSpec interface;
    interface.id = "eni-" + id;
    interface.vpc_id = vpc.id;
    interface.subnet_id = vpc.subnets[subnet].id;
    interface.mac = MacAddress{{0x02,
                                0,
                                0,
                                static_cast<uint8_t>(vpc.id.back()),
                                static_cast<uint8_t>(subnet),
                                static_cast<uint8_t>(number)}};
    interface.addresses = {
        {vpc.subnets[subnet].cidr.at(static_cast<uint64_t>(number)), std::nullopt}};
    interface.host_name = fmt::format("host-{}", id);
    interface.security_group_ids = {"sg-open" + vpc.id.substr(4)};
    return interface;
}

inline TrafficRule rule_of(
    bool egress, int protocol, int from, int to, const char* cidr, const std::string& group = "") {
    return {egress, protocol, from, to, group.empty() ? parse_cidr(cidr) : std::nullopt, group};
}

inline SecurityGroupSpec open_packet_group(const VpcSpec& vpc) {
    return {"sg-open" + vpc.id.substr(4),
            vpc.id,
            {rule_of(false, -1, -1, -1, "0.0.0.0/0"),
             rule_of(true, -1, -1, -1, "0.0.0.0/0"),
             rule_of(false, -1, -1, -1, "::/0"),
             rule_of(true, -1, -1, -1, "::/0")}};
}

inline Packet between(const std::string& from, const std::string& to, int protocol, int port) {
    Packet packet;
    packet.from.interface_id = from;
    packet.to.interface_id = to;
    packet.protocol = protocol;
    packet.port = port;
    return packet;
}

inline Packet to_world(const std::string& from, int protocol, int port) {
    auto packet = between(from, "", protocol, port);
    packet.to.address = *Ipv4::parse("192.0.2.10");
    return packet;
}

// UDP only.
inline Packet from_host(const Fleet& fleet, const std::string& to, int port) {
    Packet packet;
    packet.from.address = host_caller();
    packet.protocol = protocols::udp;
    packet.port = port;
    for (const auto& address : fleet.interface(to).addresses)
        if (address.public_ip)
            packet.to.address = *address.public_ip;
    return packet;
}

inline std::string told(const Explanation& explanation) {
    std::string text;
    for (const auto& hop : explanation.hops)
        text += fmt::format("    {} {}{} {}: {}\n",
                            hop.passes ? "+" : "-",
                            hop.is_answer ? "answer " : "",
                            hop.kind,
                            hop.id,
                            hop.text);
    return text;
}

// What the kernel did is what explain() says. Returns the number of probes on which they differ.
inline int expect_as_explained(Fleet& fleet, std::vector<Probe> probes, const std::string& where) {
    fleet.send_all(probes);
    int differ = 0;
    for (auto& probe : probes) {
        const auto expected = explain(fleet.view(), probe.packet);
        const auto* last = expected.hops.empty() ? nullptr : &expected.hops.back();
        std::set<std::string> places;
        for (const auto& hop : expected.hops)
            if (expected.arrives && hop.kind == "destination" && !hop.is_answer &&
                &hop != &expected.hops.front())
                places = {hop.id.empty() ? world : hop.id};
        const bool needs_answer = has_answer(expected.header);
        const bool is_same =
            probe.arrived == places && (!needs_answer || probe.is_answered == expected.is_answered);
        if (is_same)
            continue;
        ++differ;
        std::string arrived;
        for (const auto& place : probe.arrived)
            arrived += place + " ";
        ADD_FAILURE() << where << ": protocol " << probe.packet.protocol << " port "
                      << probe.packet.port << " source port " << probe.packet.source_port
                      << ": the kernel brought it to [" << arrived << "] and "
                      << (probe.is_answered ? "an" : "no") << " answer came back; explain says\n"
                      << told(expected) << (last == nullptr ? "nothing" : "");
    }
    return differ;
}

class PacketTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "the real network needs root";
        enter_own_network();
        fleet_ = std::make_unique<Fleet>(packet_options());
    }
    void TearDown() override {
        if (fleet_)
            EXPECT_EQ(fleet_->late(), std::vector<std::string>{});
        fleet_.reset();
    }

    void make_sample() {
        vpc_ = packet_vpc("m", "10.1");
        fleet_->ensure_vpc(vpc_);
        fleet_->apply_groups({open_packet_group(vpc_)});
        auto a = packet_interface(vpc_, "a", 0, 10), b = packet_interface(vpc_, "b", 0, 11);
        auto c = packet_interface(vpc_, "c", 1, 10);
        a.addresses[0].public_ip = *Ipv4::parse("127.98.0.10");
        c.addresses[0].public_ip = *Ipv4::parse("127.98.0.12");
        for (const auto& interface : {a, b, c})
            fleet_->ensure_interface(interface);
        wait_until_ready("eni-a", "eni-b");
    }
    // The kernel lets the first second pass before it sends on a link that just came up; what waits
    // there meets the rules of then.
    void wait_until_ready(const std::string& from, const std::string& to) {
        wait_until_answered(between(from, to, protocols::udp, 9));
        wait_until_answered(between(to, from, protocols::udp, 9));
    }
    void wait_until_answered(const Packet& packet) {
        for (int attempt = 0; attempt < 10; ++attempt) {
            std::vector<Probe> probes{{packet}};
            fleet_->send_all(probes);
            if (probes[0].is_answered)
                return;
        }
        FAIL() << "nothing passes:\n" << told(explain(fleet_->view(), packet));
    }

    std::unique_ptr<Fleet> fleet_;
    VpcSpec vpc_;
};

} // namespace pileus::drivers
