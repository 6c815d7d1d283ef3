// SPDX-License-Identifier: Apache-2.0
// What packets do, and what is left on the machine. Every test starts without the driver's things
// and ends without them.
#include "linux_fixture.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <poll.h>
#include <set>
#include <sys/socket.h>

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

const Ipv4 metadata = *Ipv4::parse("169.254.169.254");

TEST_F(LinuxNetworkTest, WhatIsAllowedPassesAndNothingElse) {
    ASSERT_OK(network_->apply_security_groups(
        {port_group("vpc-1", "sg-ssh", 22, "0.0.0.0/0"),
         port_group("vpc-1", "sg-web", 80, "172.31.16.0/20"),
         {"sg-silent", "vpc-1", {open_to(true, 6, 443, "0.0.0.0/0")}}}));
    const auto server = sample_interface(vpc_, 10, 0, {"sg-ssh", "sg-web"});
    const auto neighbour = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto other = sample_interface(vpc_, 12, 1, {"sg-open"});
    const auto silent = sample_interface(vpc_, 13, 0, {"sg-silent"});
    const auto a = guest(server), b = guest(neighbour), c = guest(other), d = guest(silent);
    const auto ssh = a->listen(22), web = a->listen(80), tls = b->listen(443), any = b->listen(22);

    EXPECT_TRUE(b->reaches(server.private_ip(), 22)) << "same subnet";
    EXPECT_TRUE(c->reaches(server.private_ip(), 22)) << "other subnet";
    EXPECT_TRUE(c->reaches(server.private_ip(), 80)) << "its block";
    EXPECT_TRUE(b->is_refused(server.private_ip(), 80)) << "not its block";
    EXPECT_TRUE(a->reaches(neighbour.private_ip(), 22)) << "outwards";
    EXPECT_TRUE(d->reaches(neighbour.private_ip(), 443)) << "what it may send";
    EXPECT_TRUE(d->is_refused(neighbour.private_ip(), 22)) << "what it may not send";
}

TEST_F(LinuxNetworkTest, AGroupNamedAsAPeerIsItsMembers) {
    const SecurityGroupSpec app{
        "sg-app",
        "vpc-1",
        {{false, 6, 80, 80, std::nullopt, "sg-lb"}, open_to(true, -1, -1, "0.0.0.0/0")}};
    ASSERT_OK(
        network_->apply_security_groups({app, port_group("vpc-1", "sg-lb", 1, "10.0.0.0/8")}));
    const auto server = sample_interface(vpc_, 10, 0, {"sg-app"});
    auto client = sample_interface(vpc_, 11, 1, {"sg-open"});
    const auto a = guest(server), b = guest(client);
    const auto web = a->listen(80);
    EXPECT_TRUE(b->is_refused(server.private_ip(), 80));
    client.security_group_ids = {"sg-open", "sg-lb"};
    ASSERT_OK(network_->ensure_interface(client));
    EXPECT_TRUE(b->reaches(server.private_ip(), 80)) << "it became a member";
    client.security_group_ids = {"sg-open"};
    ASSERT_OK(network_->ensure_interface(client));
    EXPECT_TRUE(b->is_refused(server.private_ip(), 80)) << "it is no member any more";
}

TEST_F(LinuxNetworkTest, AChangeOfRulesIsOneTransactionAndQuick) {
    ASSERT_OK(network_->apply_security_groups({port_group("vpc-1", "sg-1", 22, "0.0.0.0/0")}));
    const auto server = sample_interface(vpc_, 10, 0, {"sg-1"});
    const auto a = guest(server), b = guest(sample_interface(vpc_, 11, 0, {"sg-open"}));
    const auto ssh = a->listen(22), web = a->listen(80);
    ASSERT_TRUE(b->reaches(server.private_ip(), 22));

    const int runs = runner_.runs;
    const auto started = std::chrono::steady_clock::now();
    ASSERT_OK(network_->apply_security_groups({port_group("vpc-1", "sg-1", 80, "0.0.0.0/0")}));
    const auto took = std::chrono::steady_clock::now() - started;
    EXPECT_EQ(runner_.runs - runs, 1);
    EXPECT_LT(took, 100ms);
    EXPECT_TRUE(b->is_refused(server.private_ip(), 22));
    EXPECT_TRUE(b->reaches(server.private_ip(), 80));
}

TEST_F(LinuxNetworkTest, AnInterfaceCostsOneProcess) {
    ASSERT_OK(network_->ensure_interface(sample_interface(vpc_, 10, 0, {"sg-open"})));
    const int runs = runner_.runs, spawns = runner_.spawns;
    ASSERT_OK(network_->ensure_interface(sample_interface(vpc_, 11, 0, {"sg-open"})));
    EXPECT_EQ(runner_.runs - runs, 1);
    EXPECT_EQ(runner_.spawns - spawns, 0);
}

TEST_F(LinuxNetworkTest, LiesAreDroppedAtTheTap) {
    const auto liar = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto victim = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto third = sample_interface(vpc_, 12, 0, {"sg-open"});
    const auto tap = tap_of(liar), other = tap_of(victim), absent = tap_of(third);
    const auto router = ask_arp(tap.get(), liar, vpc_.subnets[0].cidr.at(1), 2s);
    ASSERT_TRUE(router);
    const auto packet = [&](Ipv4 from, const std::string& text) {
        return udp_packet(from, 1000, victim.private_ip(), 2000, text);
    };
    const auto arrives = [&](const std::string& frame, const char* text) {
        send_frame(tap.get(), frame);
        return receives(other.get(), text, 100ms);
    };
    const std::string tag_zero("\0\0\x08\0", 4), tag_one("\0\1\x08\0", 4);

    EXPECT_TRUE(
        arrives(ethernet(*router, liar.mac, 0x0800, packet(liar.private_ip(), "truth")), "truth"));
    EXPECT_FALSE(
        arrives(ethernet(*router, liar.mac, 0x0800, packet(third.private_ip(), "lie1")), "lie1"))
        << "the address of another guest";
    EXPECT_FALSE(arrives(
        ethernet(*router, liar.mac, 0x0800, packet(*Ipv4::parse("8.8.8.8"), "lie2")), "lie2"));
    EXPECT_FALSE(
        arrives(ethernet(*router, third.mac, 0x0800, packet(liar.private_ip(), "lie3")), "lie3"))
        << "the MAC address of another guest";
    EXPECT_FALSE(arrives(
        ethernet(*router, liar.mac, 0x8100, tag_zero + packet(liar.private_ip(), "lie4")), "lie4"))
        << "priority tag";
    EXPECT_FALSE(arrives(
        ethernet(*router, liar.mac, 0x8100, tag_one + packet(liar.private_ip(), "lie5")), "lie5"))
        << "VLAN";
    EXPECT_FALSE(arrives(
        ethernet(broadcast_mac, liar.mac, 0x0800, packet(liar.private_ip(), "lie6")), "lie6"))
        << "broadcast frames do not leave the tap";
    EXPECT_FALSE(arrives(ethernet(*router, liar.mac, 0x86dd, std::string(60, 'v')), "vvvv"))
        << "IPv6";
    EXPECT_FALSE(arrives(ethernet(broadcast_mac, liar.mac, 0x88cc, "lldplldp"), "lldp"));
    // It claims the other's address: neither the other guest nor the router hears of it.
    EXPECT_FALSE(
        arrives(ethernet(broadcast_mac,
                         liar.mac,
                         0x0806,
                         arp(2, liar.mac, third.private_ip(), victim.private_ip())),
                std::string(reinterpret_cast<const char*>(liar.mac.bytes.data()), 6).c_str()));
    send_frame(tap.get(),
               ethernet(broadcast_mac,
                        liar.mac,
                        0x0806,
                        arp(2, liar.mac, third.private_ip(), third.private_ip())));
    send_frame(other.get(),
               ethernet(*router,
                        victim.mac,
                        0x0800,
                        udp_packet(victim.private_ip(), 1, third.private_ip(), 2, "to third")));
    EXPECT_TRUE(receives(absent.get(), "to third", 1s));
    EXPECT_FALSE(receives(tap.get(), "to third", 100ms));
}

TEST_F(LinuxNetworkTest, NothingPassesBetweenVpcsOfTheSameAddresses) {
    auto vpc2 = sample_vpc("vpc-2");
    ASSERT_OK(network_->ensure_vpc(vpc2));
    ASSERT_OK(network_->apply_security_groups({open_group("vpc-2", "sg-open")}));
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    auto two = sample_interface(vpc2, 11, 0, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    two.addresses[0].public_ip = *Ipv4::parse("127.99.0.11");
    const auto a = guest(one), b = guest(two, vpc2);
    const auto listening = b->listen(22);
    EXPECT_TRUE(a->is_refused(two.private_ip(), 22));
    EXPECT_TRUE(a->is_refused(*Ipv4::parse("100.126.0.11"), 22)) << "its transit address";
    EXPECT_TRUE(a->is_refused(*Ipv4::parse("100.127.0.1"), 22)) << "the host";
    EXPECT_TRUE(connect_to(*two.addresses[0].public_ip, 22, 3s)) << "yet the host reaches it";
}

TEST_F(LinuxNetworkTest, ThePublicAddressAnswersOnTheHost) {
    ASSERT_OK(network_->apply_security_groups({port_group("vpc-1", "sg-ssh", 22, "0.0.0.0/0")}));
    auto server = sample_interface(vpc_, 10, 0, {"sg-ssh"});
    server.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto a = guest(server);
    const auto ssh = a->listen(22), web = a->listen(80);
    EXPECT_TRUE(connect_to(*server.addresses[0].public_ip, 22, 3s));
    EXPECT_FALSE(connect_to(*server.addresses[0].public_ip, 80, 250ms))
        << "its group does not let it in";
    const auto routes = read_file("/proc/net/route");
    ASSERT_TRUE(routes);
    EXPECT_EQ(routes->find("00001FAC"), std::string::npos) << "the host does not know 172.31.0.0";
    EXPECT_FALSE(connect_to(*Ipv4::parse("127.99.0.99"), 22, 250ms)) << "it is nobody's";

    server.addresses[0].public_ip = *Ipv4::parse("127.99.0.12");
    ASSERT_OK(network_->ensure_interface(server));
    EXPECT_TRUE(connect_to(*server.addresses[0].public_ip, 22, 3s));
    EXPECT_FALSE(connect_to(*Ipv4::parse("127.99.0.10"), 22, 250ms));
}

TEST_F(LinuxNetworkTest, MetadataKnowsWhoAsksByTheInterface) {
    const auto one = sample_interface(vpc_, 10, 0, {}), two = sample_interface(vpc_, 11, 1, {});
    const auto a = guest(one), b = guest(two);
    EXPECT_TRUE(a->reaches(metadata, 80)) << "whatever its groups say";
    EXPECT_EQ(next_caller("vpc-1"), one.id);
    EXPECT_TRUE(b->reaches(metadata, 80));
    EXPECT_EQ(next_caller("vpc-1"), two.id);
    EXPECT_TRUE(a->is_refused(metadata, 22));
}

// Asks as DHCP clients do, again and again: the kernel lets the first second pass before it sends
// on a tap that was just opened.
std::optional<Ipv4> lease(const UniqueFd& tap, const MacAddress& frame, const MacAddress& client) {
    for (int attempt = 0; attempt < 10; ++attempt) {
        send_frame(
            tap.get(),
            ethernet(
                broadcast_mac,
                frame,
                0x0800,
                udp_packet({}, 68, *Ipv4::parse("255.255.255.255"), 67, dhcp_discover(client))));
        if (const auto address = leased_address(tap.get(), 200ms))
            return address;
    }
    return std::nullopt;
}

TEST_F(LinuxNetworkTest, EveryGuestGetsItsLeaseAndNoOther) {
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto two = sample_interface(vpc_, 11, 1, {"sg-open"});
    const auto tap = tap_of(one), other = tap_of(two);
    EXPECT_EQ(lease(tap, one.mac, one.mac), one.private_ip());
    EXPECT_EQ(lease(other, two.mac, two.mac), two.private_ip());
    EXPECT_EQ(lease(tap, one.mac, two.mac), std::nullopt) << "for another's MAC address";
}

TEST_F(LinuxNetworkTest, AnAddressIsLeasedToItsNextOwner) {
    const auto first = sample_interface(vpc_, 10, 0, {"sg-open"});
    ASSERT_EQ(lease(tap_of(first), first.mac, first.mac), first.private_ip());
    ASSERT_OK(network_->remove_interface("vpc-1", first.id));
    auto second = first;
    second.id = "eni-next";
    second.mac = MacAddress{{0x02, 0, 0, 0, 1, 1}};
    EXPECT_EQ(lease(tap_of(second), second.mac, second.mac), second.private_ip());
}

TEST_F(LinuxNetworkTest, GuestsKnowEachOtherByName) {
    const auto one = sample_interface(vpc_, 10, 0, {}), two = sample_interface(vpc_, 11, 1, {});
    const auto a = guest(one), b = guest(two);
    const auto name = two.host_name + ".ec2.internal";
    EXPECT_EQ(a->resolve(name, *Ipv4::parse("172.31.0.2")), two.private_ip());
    EXPECT_EQ(a->resolve(name, *Ipv4::parse("169.254.169.253")), two.private_ip());
    EXPECT_EQ(a->resolve("ip-172-31-0-99.ec2.internal", *Ipv4::parse("172.31.0.2")), Ipv4{});
}

TEST_F(LinuxNetworkTest, ARestartedDriverDisturbsNobody) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"}),
         two = sample_interface(vpc_, 11, 1, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto a = guest(one), b = guest(two);
    const auto listening = a->listen(22);
    const auto connection = b->connect(one.private_ip(), 22, 3s);
    const UniqueFd accepted(::accept(listening.get(), nullptr, nullptr));
    const auto from_host = connect_to(*one.addresses[0].public_ip, 22, 3s);
    ASSERT_TRUE(connection && from_host);
    const int spawns = runner_.spawns;

    start();
    EXPECT_EQ(runner_.spawns, spawns) << "dnsmasq was taken over";
    EXPECT_EQ(network_->observe_interfaces()->size(), 2u);
    ASSERT_EQ(::send(connection.get(), "still", 5, MSG_NOSIGNAL), 5);
    pollfd polled{accepted.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&polled, 1, 2000), 1) << "the connection lives";
    EXPECT_TRUE(b->reaches(one.private_ip(), 22)) << "and new ones are made";
    EXPECT_TRUE(connect_to(*one.addresses[0].public_ip, 22, 3s));
    EXPECT_TRUE(a->reaches(metadata, 80));
    EXPECT_EQ(next_caller("vpc-1"), one.id);
    ASSERT_OK(network_->apply_security_groups({{"sg-open", "vpc-1", {}}}));
    EXPECT_TRUE(b->is_refused(one.private_ip(), 22)) << "rules change as before";
}

TEST_F(LinuxNetworkTest, RemovedInterfacesLeaveNothing) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto tap = tap_of(one);
    const auto space = NetworkNamespace::open("ptest-vpc-1");
    const auto count = [&] {
        return space->run([]() -> Result<size_t> {
            PILEUS_ASSIGN(auto links, Netlink::open());
            PILEUS_ASSIGN(const auto all, links.links());
            return all.size();
        });
    };
    const auto with = *count();
    ASSERT_OK(network_->remove_interface("vpc-1", one.id));
    EXPECT_EQ(*count(), with - 1);
    EXPECT_FALSE(receive_frame(tap.get(), 10ms));
    EXPECT_FALSE(connect_to(*one.addresses[0].public_ip, 22, 250ms));
}

// A guest that is still running when everything is removed loses its network at once.
TEST_F(LinuxNetworkTest, ATapThatIsHeldDoesNotKeepTheNetworkAlive) {
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"}),
               two = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto a = guest(one), b = guest(two);
    const auto listening = a->listen(22);
    ASSERT_TRUE(b->reaches(one.private_ip(), 22));
    ASSERT_OK(network_->remove_all());
    EXPECT_TRUE(b->is_refused(one.private_ip(), 22));
}

TEST_F(LinuxNetworkTest, ANameServerThatDiesIsStartedAgain) {
    const auto one = sample_interface(vpc_, 10, 0, {});
    const auto a = guest(one);
    const auto space = NetworkNamespace::open("ptest-vpc-1");
    const auto before = processes_in(*space, "dnsmasq");
    ASSERT_EQ(before.size(), 1u);
    ::kill(before[0], SIGKILL);
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    Ipv4 answer;
    while (answer == Ipv4{} && std::chrono::steady_clock::now() < deadline)
        answer = a->resolve(one.host_name + ".ec2.internal", *Ipv4::parse("172.31.0.2"));
    EXPECT_EQ(answer, one.private_ip());
}

} // namespace
} // namespace pileus::drivers
