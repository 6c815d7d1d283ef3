// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pileus::drivers {

// What the operator decides about networks. Plain values.
struct LinuxNetworkOptions {
    // In the name of everything we make: [a-z][a-z0-9]*, at most 10. Two installations on one
    // machine differ in it, in run_dir, in the pool and in the transit block.
    std::string installation = "pileus";
    // Where we remember what is in the kernel; it may be lost with the kernel's state, at a restart
    // of the machine. dnsmasq reads its folders as nobody, so that every folder above must be
    // searchable by others.
    std::filesystem::path run_dir = "/run/pileus/network";
    // Addresses that the API reports as public. Inside 127.0.0.0/8: reached from this host only.
    // Any other block: of the network on `public_link`, where this host answers ARP for those that
    // are in use.
    Ipv4Cidr public_pool{Ipv4{0x7f40'0000}, 16}; // 127.64.0.0/16
    std::string public_link;                     // "": the link of the default route
    // Addresses between the host and the VPCs; no VPC may overlap it. Its lower half mirrors the
    // pool, its upper half numbers the links. The default is the block for tests of network devices
    // (RFC 2544), which VPNs and VPCs use less than 100.64.0.0/10.
    Ipv4Cidr transit{Ipv4{0xc612'0000}, 15}; // 198.18.0.0/15
    // The block that VPCs have their IPv6 blocks from. The host reaches a guest at its own IPv6
    // address; the last /64 is the link's between host and VPCs.
    Ipv6Cidr ipv6_pool{*Ipv6::parse("fd70:696c:6500::"), 40};
    // Whether guests with a public address may reach the world through the host.
    bool egress = false;
    std::vector<Ipv4> upstream_resolvers; // asked by guests' DNS when egress is on; never loopback
    int mtu = 1500;
};

Result<void> check_options(const LinuxNetworkOptions& options);

// The resolvers of this host that a VPC can ask: /etc/resolv.conf, or systemd-resolved's own list
// behind its loopback stub.
std::vector<Ipv4> resolvers_of_host();

// Which transit address is whose.
class AddressPlan {
  public:
    explicit AddressPlan(const LinuxNetworkOptions& options)
        : pool_(options.public_pool), transit_(options.transit), ipv6_pool_(options.ipv6_pool) {}

    static constexpr uint32_t first_vpc_slot = 16;
    uint32_t slots() const { return static_cast<uint32_t>(transit_.size() / 2 - 1); }

    Ipv4Cidr pool() const { return pool_; }
    Ipv4Cidr transit() const { return transit_; }
    Ipv4Cidr mirror() const { return {transit_.base, pool_.prefix}; } // of the pool
    Ipv4 host() const { return link(1); }
    Ipv4 edge() const { return link(2); }
    Ipv4 vpc(uint32_t slot) const { return link(slot); }
    Ipv6Cidr ipv6_pool() const { return ipv6_pool_; }
    bool is_loopback_pool() const { return pool_.base.value >> 24 == 127; }
    Ipv4 public_of(Ipv4 transit_ip) const {
        return pool_.at(transit_ip.value - transit_.base.value);
    }
    Ipv6 ipv6_host() const; // in the last /64 of the pool
    Ipv4 transit_of(Ipv4 public_ip) const {
        return mirror().at(public_ip.value - pool_.base.value);
    }

  private:
    Ipv4 link(uint32_t number) const { return transit_.at(transit_.size() / 2 + number); }

    Ipv4Cidr pool_;
    Ipv4Cidr transit_;
    Ipv6Cidr ipv6_pool_;
};

// Hops of IPv6 routes on links that have no addresses: permanent neighbours with a known MAC
// address. The same place has two names, by which the packet filter tells the gateways apart.
inline constexpr Ipv6 next_hop{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
inline constexpr Ipv6 egress_only_hop{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
// Every tap shows its guest the same router, so that what a guest learned stays right when its tap
// is made again; and the ends of our own links have addresses that the other end knows.
inline constexpr MacAddress router_mac{{0x02, 0x70, 0x69, 0x6c, 0x65, 0x75}};
inline constexpr MacAddress link_end_mac{{0x02, 0x70, 0x69, 0x6c, 0x65, 0x01}};

// Names of links: at most 15 characters, made of our own numbers only.
inline constexpr const char* uplink_name = "up";         // in a VPC, to the edge
inline constexpr const char* edge_to_host_name = "host"; // in the edge
std::string host_link_name(const std::string& installation);
std::string edge_to_vpc_name(uint32_t slot);
std::string gateway_link_name(uint32_t subnet_slot); // in a VPC; holds the subnet's gateway address
std::string tap_prefix(uint32_t subnet_slot);
std::string tap_name(uint32_t subnet_slot, uint32_t number);

std::string peering_link_name(uint32_t peering_slot); // in both VPCs, each with its own slot

std::string namespace_prefix(const std::string& installation);
std::string vpc_namespace_name(const std::string& installation, const std::string& vpc_id);
std::string nat_namespace_name(const std::string& installation, const std::string& interface_id);
std::string edge_namespace_name(const std::string& installation);

} // namespace pileus::drivers
