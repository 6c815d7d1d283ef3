// SPDX-License-Identifier: Apache-2.0
// What a guest may not send, whatever its security groups say: nobody hears of it.
#include "guest.h"
#include "matrix_fixture.h"

namespace pileus::drivers {
namespace {

constexpr int udp = protocols::udp, icmpv6 = protocols::icmpv6;

struct Lie {
    const char* name;
    MacAddress to, from;
    std::string type; // the two bytes of the Ethernet type, with tags before them
    std::string packet;
};

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values)
        out += static_cast<char>(value);
    return out;
}

class Lies : public PacketTest {
  protected:
    void SetUp() override {
        PacketTest::SetUp();
        if (!fleet_)
            return;
        make_sample();
        liar_ = fleet_->interface("eni-a");
        victim_ = fleet_->interface("eni-b");
    }
    std::string packet(const IpAddress& from,
                       const IpAddress& to,
                       int protocol = udp,
                       int from_port = 999,
                       int to_port = 53) {
        ++number_;
        return write_packet({.from = from,
                             .to = to,
                             .protocol = protocol,
                             .from_port = from_port,
                             .to_port = to_port,
                             .number = number_});
    }
    std::string v4(const char* from) { return packet(*Ipv4::parse(from), victim_.private_ip()); }
    // Whether anybody got the packet with the last number.
    bool is_heard(const Lie& lie) {
        const auto frame = bytes_of(lie.to) + bytes_of(lie.from) + lie.type + lie.packet;
        fleet_->send_frame(liar_.id, frame);
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        // The last bytes of the payload: the number, whatever was done to the rest.
        const auto tail =
            lie.packet.size() > 8 ? lie.packet.substr(lie.packet.size() - 8) : lie.packet;
        int heard = 0;
        for (const auto* id : {"eni-b", "eni-c", world})
            heard += fleet_->count_frames(id, tail);
        return heard != 0;
    }
    static std::string bytes_of(const MacAddress& mac) {
        return {mac.bytes.begin(), mac.bytes.end()};
    }

    InterfaceSpec liar_, victim_;
    uint32_t number_ = 0x7f00'0000;
    const std::string ipv4_ = bytes({8, 0}), ipv6_ = bytes({0x86, 0xdd}), arp_ = bytes({8, 6});
};

TEST_F(Lies, OfIpv4AndEthernet) {
    const auto router = fleet_->router_mac();
    const auto mac = liar_.mac;
    ASSERT_TRUE(is_heard({"the truth", router, mac, ipv4_, v4("10.1.1.10")}));
    auto fragment = v4("10.1.1.10");
    fragment[6] = 0x00, fragment[7] = 0x10; // the second part of something whose first never comes
    auto spoofed_fragment = v4("10.1.2.10");
    spoofed_fragment[6] = 0x20; // the first part, more to come
    const auto dhcp =
        packet(*Ipv4::parse("10.1.1.1"), *Ipv4::parse("255.255.255.255"), udp, 67, 68);
    const auto own_dhcp = packet(liar_.private_ip(), victim_.private_ip(), udp, 67, 68);
    const std::vector<Lie> lies{
        {"another guest's MAC address", router, victim_.mac, ipv4_, v4("10.1.1.10")},
        {"the router's MAC address", victim_.mac, router, ipv4_, v4("10.1.1.10")},
        {"a group's MAC address", router, broadcast_mac, ipv4_, v4("10.1.1.10")},
        {"another guest's address", router, mac, ipv4_, v4("10.1.2.10")},
        {"the receiver's address", router, mac, ipv4_, v4("10.1.1.11")},
        {"an address outside", router, mac, ipv4_, v4("192.0.2.10")},
        {"no address", router, mac, ipv4_, v4("0.0.0.0")},
        {"loopback", router, mac, ipv4_, v4("127.0.0.1")},
        {"the metadata service's address", router, mac, ipv4_, v4("169.254.169.254")},
        {"the gateway's address", router, mac, ipv4_, v4("10.1.1.1")},
        {"its own public address", router, mac, ipv4_, v4("127.98.0.10")},
        {"everybody as the receiver",
         broadcast_mac,
         mac,
         ipv4_,
         packet(liar_.private_ip(), *Ipv4::parse("255.255.255.255"))},
        {"everybody of the subnet",
         broadcast_mac,
         mac,
         ipv4_,
         packet(liar_.private_ip(), *Ipv4::parse("10.1.1.255"))},
        {"a multicast group",
         router,
         mac,
         ipv4_,
         packet(liar_.private_ip(), *Ipv4::parse("224.0.0.251"))},
        {"a broadcast frame", broadcast_mac, mac, ipv4_, v4("10.1.1.10")},
        {"a priority tag", router, mac, bytes({0x81, 0, 0, 0, 8, 0}), v4("10.1.1.10")},
        {"a VLAN tag", router, mac, bytes({0x81, 0, 0, 1, 8, 0}), v4("10.1.1.10")},
        {"two tags", router, mac, bytes({0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0}), v4("10.1.1.10")},
        {"LLDP", broadcast_mac, mac, bytes({0x88, 0xcc}), "discover"},
        {"a part of a packet alone", router, mac, ipv4_, fragment},
        {"a part of a packet with another's address", router, mac, ipv4_, spoofed_fragment},
        {"a DHCP server's offer", broadcast_mac, mac, ipv4_, dhcp},
        {"a DHCP server's offer to one", router, mac, ipv4_, own_dhcp},
        {"ARP for another's address",
         broadcast_mac,
         mac,
         arp_,
         arp(2, mac, victim_.private_ip(), *Ipv4::parse("10.1.1.1"))},
        {"ARP with another's MAC address",
         broadcast_mac,
         mac,
         arp_,
         arp(2, victim_.mac, liar_.private_ip(), *Ipv4::parse("10.1.1.1"))},
        {"gratuitous ARP for the gateway",
         broadcast_mac,
         mac,
         arp_,
         arp(1, mac, *Ipv4::parse("10.1.1.1"), *Ipv4::parse("10.1.1.1"))},
        {"IPv6, which it does not have",
         router,
         mac,
         ipv6_,
         packet(*Ipv6::parse("fd00::1"), *Ipv6::parse("fd00::2"))},
    };
    for (const auto& lie : lies)
        EXPECT_FALSE(is_heard(lie)) << lie.name;
    EXPECT_TRUE(is_heard({"the truth", router, mac, ipv4_, v4("10.1.1.10")}));
    // Nothing that it said of others' addresses was believed.
    std::vector<Probe> probes{{between("eni-c", "eni-b", udp, 53)},
                              {between("eni-b", "eni-a", udp, 53)}};
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "after the lies"), 0);
}

TEST_F(Lies, OfIpv6) {
    vpc_.ipv6_cidrs = {*Ipv6Cidr::parse("fd70:696c:6501::/56")};
    vpc_.subnets[0].ipv6_cidr = Ipv6Cidr::parse("fd70:696c:6501:1::/64");
    vpc_.subnets[1].ipv6_cidr = Ipv6Cidr::parse("fd70:696c:6501:2::/64");
    fleet_->ensure_vpc(vpc_);
    for (const auto& [id, address] : {std::pair{"eni-a", "fd70:696c:6501:1::a"},
                                      std::pair{"eni-b", "fd70:696c:6501:1::b"},
                                      std::pair{"eni-c", "fd70:696c:6501:2::c"}}) {
        auto interface = fleet_->interface(id);
        interface.ipv6_addresses = {*Ipv6::parse(address)};
        fleet_->ensure_interface(interface);
    }
    const auto own = *Ipv6::parse("fd70:696c:6501:1::a"),
               other = *Ipv6::parse("fd70:696c:6501:1::b");
    const auto all_nodes = *Ipv6::parse("ff02::1");
    const MacAddress all_nodes_mac{{0x33, 0x33, 0, 0, 0, 1}};
    const auto router = fleet_->router_mac();
    const auto mac = liar_.mac;
    auto inside = between("eni-a", "eni-b", udp, 53);
    inside.to.address = other;
    wait_until_answered(inside);
    ASSERT_TRUE(is_heard({"the truth", router, mac, ipv6_, packet(own, other)}));
    const auto nd = [&](const IpAddress& from, const IpAddress& to, int type) {
        return packet(from, to, icmpv6, 0, type);
    };
    const std::vector<Lie> lies{
        {"another guest's address",
         router,
         mac,
         ipv6_,
         packet(*Ipv6::parse("fd70:696c:6501:2::c"), other)},
        {"an address outside", router, mac, ipv6_, packet(*Ipv6::parse("2001:db8::1"), other)},
        {"no address", router, mac, ipv6_, packet(Ipv6{}, other)},
        {"another's link-local address",
         router,
         mac,
         ipv6_,
         packet(*Ipv6::parse("fe80::1"), other)},
        {"another guest's MAC address", router, victim_.mac, ipv6_, packet(own, other)},
        {"a router's advertisement to all", all_nodes_mac, mac, ipv6_, nd(own, all_nodes, 134)},
        {"a router's advertisement to one", router, mac, ipv6_, nd(own, other, 134)},
        {"a redirect", router, mac, ipv6_, nd(own, other, 137)},
        {"a neighbour's advertisement for another",
         all_nodes_mac,
         mac,
         ipv6_,
         nd(other, all_nodes, 136)},
        {"a neighbour's advertisement to one", router, mac, ipv6_, nd(own, other, 136)},
        {"a DHCPv6 server's answer", router, mac, ipv6_, packet(own, other, udp, 547, 546)},
        {"everybody as the receiver", all_nodes_mac, mac, ipv6_, packet(own, all_nodes)},
        {"a VLAN tag", router, mac, bytes({0x81, 0, 0, 1, 0x86, 0xdd}), packet(own, other)},
    };
    for (const auto& lie : lies)
        EXPECT_FALSE(is_heard(lie)) << lie.name;
    EXPECT_TRUE(is_heard({"the truth", router, mac, ipv6_, packet(own, other)}));
    auto back = between("eni-c", "eni-b", udp, 53);
    back.to.address = other;
    EXPECT_EQ(expect_as_explained(*fleet_, {{inside}, {back}}, "after the lies"), 0);
}

} // namespace
} // namespace pileus::drivers
