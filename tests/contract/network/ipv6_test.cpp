// SPDX-License-Identifier: Apache-2.0
// IPv6: advertised, leased, routed, filtered, and nobody lies in it.
#include "machine.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

const Ipv6Cidr block = *Ipv6Cidr::parse("fd70:696c:7700:100::/56");
const Ipv6 all_nodes = *Ipv6::parse("ff02::1");
const Ipv6 all_routers = *Ipv6::parse("ff02::2");
const Ipv6 dhcp_servers = *Ipv6::parse("ff02::1:2");

void add_ipv6(VpcSpec& vpc, RouteTarget way_out) {
    vpc.ipv6_cidrs = {block};
    for (size_t i = 0; i < vpc.subnets.size(); ++i)
        vpc.subnets[i].ipv6_cidr = block.block(64, i);
    vpc.route_tables[0].routes.push_back({*parse_cidr("::/0"), way_out, ""});
}

InterfaceSpec
with_ipv6(InterfaceSpec interface, const VpcSpec& vpc, size_t subnet, uint64_t number) {
    interface.ipv6_addresses = {vpc.subnets[subnet].ipv6_cidr->at(number)};
    return interface;
}

SecurityGroupSpec open_ipv6(const std::string& vpc_id, const std::string& id) {
    return {id, vpc_id, {open_to(false, -1, -1, "::/0"), open_to(true, -1, -1, "::/0")}};
}

// The guest's kernel must hear the router first.
bool reaches_in_time(const Guest& guest, const Ipv6& address, uint16_t port) {
    for (int attempt = 0; attempt < 160; ++attempt) {
        if (guest.connect(address, port, 300ms))
            return true;
        std::this_thread::sleep_for(50ms);
    }
    return false;
}

class Ipv6Test : public LinuxNetworkTest {
  protected:
    void SetUp() override {
        add_ipv6(vpc_, RouteTarget::internet_gateway);
        LinuxNetworkTest::SetUp();
        if (network_)
            ASSERT_OK(network_->apply_security_groups({open_ipv6("vpc-1", "sg-6")}));
    }
    InterfaceSpec interface(int number, size_t subnet, std::vector<std::string> groups) {
        return with_ipv6(sample_interface(vpc_, number, subnet, std::move(groups)),
                         vpc_,
                         subnet,
                         static_cast<uint64_t>(number));
    }
};

TEST_F(Ipv6Test, GuestsHearTheRouterAndReachEachOther) {
    ASSERT_OK(network_->apply_security_groups(
        {{"sg-ssh", "vpc-1", {open_to(false, 6, 22, "fd70:696c:7700:100::/56")}}}));
    const auto one = interface(10, 0, {"sg-ssh"}), two = interface(11, 1, {"sg-6"}),
               three = interface(12, 0, {"sg-6"});
    const auto a = guest(one), b = guest(two), c = guest(three);
    const auto ssh = a->listen(22), web = a->listen(80);
    EXPECT_TRUE(reaches_in_time(*b, one.ipv6_addresses[0], 22)) << "other subnet";
    EXPECT_TRUE(reaches_in_time(*c, one.ipv6_addresses[0], 22)) << "same subnet";
    EXPECT_TRUE(b->is_refused(one.ipv6_addresses[0], 80)) << "no rule";
    ASSERT_OK(network_->apply_security_groups(
        {{"sg-ssh", "vpc-1", {open_to(false, 6, 22, "10.0.0.0/8")}}}));
    EXPECT_TRUE(b->is_refused(one.ipv6_addresses[0], 22));
    ASSERT_OK(network_->apply_security_groups(
        {{"sg-ssh", "vpc-1", {{false, 6, 22, 22, std::nullopt, "sg-6"}}}}));
    EXPECT_TRUE(b->reaches(one.ipv6_addresses[0], 22)) << "the group's members";
}

TEST_F(Ipv6Test, AclsJudgeIpv6) {
    const auto one = interface(10, 0, {"sg-6"}), two = interface(11, 1, {"sg-6"});
    const auto a = guest(one), b = guest(two);
    const auto ssh = a->listen(22);
    ASSERT_TRUE(reaches_in_time(*b, one.ipv6_addresses[0], 22));
    const AclEntrySpec all4{100, false, true, -1, *parse_cidr("0.0.0.0/0"), -1, -1};
    auto all6 = all4;
    all6.number = 101;
    all6.peer = *parse_cidr("::/0");
    auto out6 = all6;
    out6.egress = true;
    vpc_.network_acls = {{"acl-1", {all4, out6}}};
    vpc_.subnets[0].network_acl_id = "acl-1";
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(b->is_refused(one.ipv6_addresses[0], 22)) << "0.0.0.0/0 says nothing of it";
    vpc_.network_acls[0].entries = {all4, all6, out6};
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(b->reaches(one.ipv6_addresses[0], 22));
}

TEST_F(Ipv6Test, TheHostReachesAGuestThroughTheGateway) {
    const auto one = interface(10, 0, {"sg-6"});
    const auto a = guest(one), other = guest(interface(11, 1, {"sg-6"}));
    const auto ssh = a->listen(22);
    ASSERT_TRUE(reaches_in_time(*other, one.ipv6_addresses[0], 22)); // it knows its router now
    EXPECT_TRUE(connect_to(one.ipv6_addresses[0], 22, 3s));
    vpc_.route_tables[0].routes.back().target = RouteTarget::egress_only_internet_gateway;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(connect_to(one.ipv6_addresses[0], 22, 250ms)) << "egress only";
    vpc_.internet_gateway = false;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(connect_to(one.ipv6_addresses[0], 22, 250ms));
    vpc_.internet_gateway = true;
    vpc_.route_tables[0].routes.back().target = RouteTarget::internet_gateway;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_TRUE(connect_to(one.ipv6_addresses[0], 22, 3s));
}

TEST_F(Ipv6Test, ABlockCanComeLater) {
    auto bare = sample_vpc("vpc-2");
    ASSERT_OK(network_->ensure_vpc(bare));
    ASSERT_OK(network_->apply_security_groups({open_ipv6("vpc-2", "sg-later")}));
    const auto one = sample_interface(bare, 10, 0, {"sg-later"});
    const auto two = sample_interface(bare, 11, 0, {"sg-later"});
    ASSERT_OK(network_->ensure_interface(one));
    ASSERT_OK(network_->ensure_interface(two));
    add_ipv6(bare, RouteTarget::internet_gateway);
    bare.ipv6_cidrs[0] = *Ipv6Cidr::parse("fd70:696c:7700:200::/56");
    for (size_t i = 0; i < 2; ++i)
        bare.subnets[i].ipv6_cidr = bare.ipv6_cidrs[0].block(64, i);
    ASSERT_OK(network_->ensure_vpc(bare));
    const auto a = guest(with_ipv6(one, bare, 0, 10), bare);
    const auto b = guest(with_ipv6(two, bare, 0, 11), bare);
    const auto ssh = a->listen(22);
    EXPECT_TRUE(reaches_in_time(*b, bare.subnets[0].ipv6_cidr->at(10), 22));
}

std::string option(uint16_t code, const std::string& content) {
    const auto u16 = [](size_t value) {
        return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
    };
    return u16(code) + u16(content.size()) + content;
}

// RFC 8415: a client with an identifier that says nothing of its MAC address.
std::string dhcpv6_solicit() {
    const std::string client = option(1, std::string("\0\x02\0\0\xab\x11", 6) + "anything");
    return std::string("\x01\x5e\xed\x01", 4) + client + option(14, "") +
           option(8, std::string(2, '\0')) + option(3, "iaid" + std::string(8, '\0')) +
           option(6, std::string("\0\x17\0\x18", 4));
}

std::string udp6(uint16_t from, uint16_t to, const std::string& payload) {
    const auto size = payload.size() + 8;
    std::string out{static_cast<char>(from >> 8),
                    static_cast<char>(from & 0xff),
                    static_cast<char>(to >> 8),
                    static_cast<char>(to & 0xff),
                    static_cast<char>(size >> 8),
                    static_cast<char>(size & 0xff),
                    0,
                    0};
    return out + payload;
}

std::string bytes_of(const Ipv6& address) {
    return {address.bytes.begin(), address.bytes.end()};
}

const MacAddress to_all{{0x33, 0x33, 0, 0, 0, 1}};

TEST_F(Ipv6Test, TheFirstAddressIsLeased) {
    const auto one = interface(10, 0, {"sg-6"}), two = interface(11, 0, {"sg-6"});
    const auto tap = tap_of(one), other = tap_of(two);
    const auto leased = [&](const UniqueFd& from, const InterfaceSpec& self, const Ipv6& wanted) {
        for (int attempt = 0; attempt < 10; ++attempt) {
            send_frame(from.get(),
                       ethernet(to_all,
                                self.mac,
                                0x86dd,
                                ipv6_packet(link_local_of(self.mac),
                                            dhcp_servers,
                                            17,
                                            udp6(546, 547, dhcpv6_solicit()))));
            if (receives(from.get(), bytes_of(wanted), 300ms))
                return true;
        }
        return false;
    };
    EXPECT_TRUE(leased(tap, one, one.ipv6_addresses[0]));
    EXPECT_TRUE(leased(other, two, two.ipv6_addresses[0]));
}

TEST_F(Ipv6Test, LiesAreDroppedAtTheTap) {
    const auto liar = interface(10, 0, {"sg-6"}), victim = interface(11, 0, {"sg-6"});
    const auto third = interface(12, 0, {"sg-6"});
    const auto tap = tap_of(liar), other = tap_of(victim);
    ASSERT_OK(network_->ensure_interface(third));
    const auto own = liar.ipv6_addresses[0], target = victim.ipv6_addresses[0];
    const auto arrives = [&](const std::string& packet, const std::string& text) {
        send_frame(tap.get(), ethernet(router_mac, liar.mac, 0x86dd, packet));
        return receives(other.get(), text, 100ms);
    };
    const auto said = [&](const Ipv6& from, const char* text) {
        return arrives(ipv6_packet(from, target, 17, udp6(1000, 2000, text), 64), text);
    };
    EXPECT_TRUE(said(own, "truth"));
    EXPECT_FALSE(said(third.ipv6_addresses[0], "lie-of-a-neighbour"));
    EXPECT_FALSE(said(*Ipv6::parse("2001:db8::1"), "lie-of-a-stranger"));
    EXPECT_FALSE(said(Ipv6{}, "lie-of-nobody"));
    EXPECT_FALSE(said(link_local_of(liar.mac), "lie-of-the-link"));
    EXPECT_FALSE(
        arrives(ipv6_packet(own, target, 17, udp6(547, 546, "lease-lie"), 64), "lease-lie"))
        << "it is no DHCP server";
    // A router's advertisement, a redirect, and advertisements of what is another's.
    const auto icmp = [&](char type, const Ipv6& from, const Ipv6& to, const std::string& body) {
        return ipv6_packet(from, to, 58, std::string{type, 0, 0, 0} + body);
    };
    const auto link_local = link_local_of(liar.mac);
    const auto advert = [&](const Ipv6& of) {
        return std::string("\x20\0\0\0", 4) + bytes_of(of) + std::string("\x02\x01", 2) +
               std::string(liar.mac.bytes.begin(), liar.mac.bytes.end());
    };
    EXPECT_FALSE(arrives(icmp('\x86', link_local, all_nodes, "route-lie!!!"), "route-lie!!!"));
    EXPECT_FALSE(arrives(icmp('\x89', link_local, target, "redirect-lie"), "redirect-lie"));
    for (const auto& from : {link_local, own, third.ipv6_addresses[0]})
        (void)arrives(icmp('\x88', from, all_nodes, advert(third.ipv6_addresses[0])), "nothing");
    const auto space = NetworkNamespace::open("ptest-vpc-1");
    ASSERT_OK(space);
    SystemProcessRunner runner;
    const auto neighbours = space->run([&]() -> Result<std::string> {
        PILEUS_ASSIGN(auto out, runner.run({.argv = {"ip", "-6", "neigh"}}));
        return out.out;
    });
    const auto line = neighbours->find(third.ipv6_addresses[0].str() + " ");
    ASSERT_NE(line, std::string::npos);
    EXPECT_NE(neighbours->substr(line, 100).find(third.mac.str()), std::string::npos)
        << *neighbours;
}

class Ipv6OutwardTest : public MachineTest {
  protected:
    // Whether the machine sees a packet from the address that came out of the VPCs.
    bool seen_on_the_machine(const Ipv6& from, const std::function<void()>& send) {
        const UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IPV6)));
        send();
        const auto deadline = std::chrono::steady_clock::now() + 500ms;
        while (std::chrono::steady_clock::now() < deadline) {
            pollfd polled{fd.get(), POLLIN, 0};
            if (::poll(&polled, 1, 50) <= 0)
                continue;
            std::array<char, 2000> buffer;
            const auto size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
            if (size >= 40 && std::string(buffer.data() + 8, 16) == bytes_of(from))
                return true;
        }
        return false;
    }
};

TEST_F(Ipv6OutwardTest, EgressOnlyGatewaysLetOut) {
    add_ipv6(vpc_, RouteTarget::egress_only_internet_gateway);
    vpc_.internet_gateway = false;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    ASSERT_OK(network_->apply_security_groups({open_ipv6("vpc-1", "sg-6")}));
    const auto one = with_ipv6(sample_interface(vpc_, 10, 0, {"sg-6"}), vpc_, 0, 10);
    const auto two = with_ipv6(sample_interface(vpc_, 11, 0, {"sg-6"}), vpc_, 0, 11);
    const auto a = guest(one), b = guest(two);
    const auto ssh = b->listen(22);
    ASSERT_TRUE(reaches_in_time(*a, two.ipv6_addresses[0], 22));
    const auto call = [&] { (void)a->connect(*Ipv6::parse("2001:db8::1"), 80, 100ms); };
    EXPECT_TRUE(seen_on_the_machine(one.ipv6_addresses[0], call));
    vpc_.route_tables[0].routes.pop_back();
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_FALSE(seen_on_the_machine(one.ipv6_addresses[0], call)) << "without a route";
}

} // namespace
} // namespace pileus::drivers
