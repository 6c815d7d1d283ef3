// SPDX-License-Identifier: Apache-2.0
// Several addresses on one interface, names, and what DHCP tells.
#include "linux_fixture.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

class AddressesTest : public LinuxNetworkTest {};

TEST_F(AddressesTest, EveryAddressOfAnInterfaceWorks) {
    auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto second = *Ipv4::parse("172.31.0.50");
    one.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    one.addresses.push_back({second, *Ipv4::parse("127.99.0.50")});
    const auto two = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto a = guest(one), b = guest(two);
    const auto ssh = a->listen(22), other = b->listen(22);
    EXPECT_TRUE(b->reaches(one.private_ip(), 22));
    EXPECT_TRUE(b->reaches(second, 22));
    EXPECT_TRUE(a->reaches_from(second, two.private_ip(), 22));
    EXPECT_EQ(Guest::peer_of(other), IpAddress(second));
    EXPECT_TRUE(connect_to(*one.addresses[0].public_ip, 22, 3s));
    EXPECT_TRUE(connect_to(*one.addresses[1].public_ip, 22, 3s));

    one.addresses.pop_back();
    ASSERT_OK(network_->ensure_interface(one));
    EXPECT_TRUE(b->is_refused(second, 22));
    EXPECT_FALSE(connect_to(*Ipv4::parse("127.99.0.50"), 22, 250ms));
    EXPECT_TRUE(b->reaches(one.private_ip(), 22));
}

TEST_F(AddressesTest, ASecondaryAddressIsAMemberToo) {
    ASSERT_OK(network_->apply_security_groups(
        {{"sg-app",
          "vpc-1",
          {{false, 6, 80, 80, std::nullopt, "sg-lb"}, open_to(true, -1, -1, "0.0.0.0/0")}},
         port_group("vpc-1", "sg-lb", 1, "10.0.0.0/8")}));
    const auto server = sample_interface(vpc_, 10, 0, {"sg-app"});
    auto client = sample_interface(vpc_, 11, 1, {"sg-lb"});
    const auto second = *Ipv4::parse("172.31.16.50");
    client.addresses.push_back({second, std::nullopt});
    const auto a = guest(server), b = guest(client);
    const auto web = a->listen(80);
    EXPECT_TRUE(b->reaches_from(second, server.private_ip(), 80));
}

TEST_F(AddressesTest, AnAddressHasItsName) {
    const auto one = sample_interface(vpc_, 10, 0, {});
    const auto a = guest(one);
    EXPECT_EQ(a->resolve_name(one.private_ip(), *Ipv4::parse("172.31.0.2")),
              one.host_name + ".ec2.internal");
    EXPECT_EQ(a->resolve_name(*Ipv4::parse("172.31.0.99"), *Ipv4::parse("172.31.0.2")), "");
}

TEST_F(AddressesTest, DhcpTellsWhatItWasToldTo) {
    vpc_.dhcp.domain_name = "corp.example";
    vpc_.dhcp.vpc_resolver = false;
    vpc_.dhcp.domain_name_servers = {*parse_cidr("10.9.8.7/32")};
    vpc_.dhcp.ntp_servers = {*Ipv4::parse("169.254.169.123")};
    vpc_.dhcp.netbios_name_servers = {*Ipv4::parse("10.9.8.6")};
    vpc_.dhcp.netbios_node_type = 2;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    const auto one = sample_interface(vpc_, 10, 0, {});
    const auto tap = tap_of(one);
    std::map<int, std::string> options;
    for (int attempt = 0; attempt < 10 && options.empty(); ++attempt) {
        send_frame(
            tap.get(),
            ethernet(
                broadcast_mac,
                one.mac,
                0x0800,
                udp_packet({}, 68, *Ipv4::parse("255.255.255.255"), 67, dhcp_discover(one.mac))));
        options = leased_options(tap.get(), 300ms);
    }
    EXPECT_EQ(options[6], "\x0a\x09\x08\x07");
    EXPECT_EQ(options[15], "corp.example");
    EXPECT_EQ(options[42], "\xa9\xfe\xa9\x7b");
    EXPECT_EQ(options[44], "\x0a\x09\x08\x06");
    EXPECT_EQ(options[46], "\x02");
    EXPECT_EQ(options[3], "\xac\x1f" + std::string("\0\x01", 2)) << "the router";
    EXPECT_EQ(options[26], "\x05\xdc") << "the MTU";
}

TEST_F(AddressesTest, WithoutDnsSupportNobodyAnswers) {
    const auto one = sample_interface(vpc_, 10, 0, {});
    const auto a = guest(one);
    const auto name = one.host_name + ".ec2.internal";
    EXPECT_EQ(a->resolve(name, *Ipv4::parse("172.31.0.2")), one.private_ip());
    vpc_.dns_support = false;
    ASSERT_OK(network_->ensure_vpc(vpc_));
    EXPECT_EQ(a->resolve(name, *Ipv4::parse("172.31.0.2")), Ipv4{});
    EXPECT_EQ(a->resolve(name, *Ipv4::parse("169.254.169.253")), Ipv4{});
}

TEST_F(AddressesTest, CountersCountBothWaysAndOutliveTheDriver) {
    const auto one = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto two = sample_interface(vpc_, 11, 1, {"sg-open"});
    const auto a = guest(one), b = guest(two);
    const auto listening = a->listen(22);
    ASSERT_TRUE(b->reaches(one.private_ip(), 22));
    const auto first = network_->read_counters("vpc-1", one.id);
    ASSERT_OK(first);
    EXPECT_GT(first->bytes_in, 0u);
    EXPECT_GT(first->packets_out, 0u);
    start();
    ASSERT_TRUE(b->reaches(one.private_ip(), 22));
    const auto second = network_->read_counters("vpc-1", one.id);
    ASSERT_OK(second);
    EXPECT_GT(second->packets_in, first->packets_in);
    EXPECT_GT(second->bytes_out, first->bytes_out);
    EXPECT_EQ(network_->read_counters("vpc-1", "eni-no").error().code, errors::not_found);
}

} // namespace
} // namespace pileus::drivers
