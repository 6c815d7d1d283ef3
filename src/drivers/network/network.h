// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"
#include "base/unique_fd.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

struct SubnetSpec {
    std::string id;
    Ipv4Cidr cidr;
    std::optional<Ipv6Cidr> ipv6_cidr; // a /64
    std::string route_table_id;        // "" routes inside the VPC only
    std::string network_acl_id;        // "" filters nothing

    friend bool operator==(const SubnetSpec&, const SubnetSpec&) = default;
};

enum class RouteTarget {
    internet_gateway,             // of this VPC: to and from addresses that have a public address (IPv4) or are global (IPv6)
    egress_only_internet_gateway, // IPv6: connections from inside only
    interface,                    // an interface of this VPC: an appliance's, or a NAT gateway's
    peering,                      // to the other VPC of a peering of this VPC
    blackhole,                    // the target is gone, or takes no packets
};

// The route to the VPC's own blocks is implied, and is not listed; a more specific one may be.
struct RouteSpec {
    IpCidr destination;
    RouteTarget target = RouteTarget::blackhole;
    std::string target_id; // of the interface or the peering; "" otherwise

    friend bool operator==(const RouteSpec&, const RouteSpec&) = default;
};

struct RouteTableSpec {
    std::string id;
    std::vector<RouteSpec> routes; // one for each destination; the longest prefix decides

    friend bool operator==(const RouteTableSpec&, const RouteTableSpec&) = default;
};

// Stateless, judged in the order of their numbers at the border of a subnet; what no entry matches is denied.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
struct AclEntrySpec {
    int number = 0; // ascending, one for each direction
    bool egress = false;
    bool allow = false;
    int protocol = -1; // IANA number; -1 is all
    IpCidr peer;       // source of ingress, destination of egress
    int from_port = -1; // TCP and UDP: destination ports; ICMP: type; -1 is all
    int to_port = -1;   // ICMP: code; -1 is all

    friend bool operator==(const AclEntrySpec&, const AclEntrySpec&) = default;
};

struct NetworkAclSpec {
    std::string id;
    std::vector<AclEntrySpec> entries;

    friend bool operator==(const NetworkAclSpec&, const NetworkAclSpec&) = default;
};

// An accepted peering, told to both VPCs. Packets pass once both are there, between the blocks of the two and nothing else.
struct PeeringSpec {
    std::string id;
    std::string peer_vpc_id;
    std::vector<IpCidr> peer_cidrs;

    friend bool operator==(const PeeringSpec&, const PeeringSpec&) = default;
};

// What DHCP tells the guests. RFC 2132
struct DhcpSpec {
    std::string domain_name;                // "ec2.internal", or the caller's own: search list and domain of the guest
    bool vpc_resolver = true;               // the VPC's own resolver (base + 2) is named as DNS server
    std::vector<IpCidr> domain_name_servers; // single addresses; beside the VPC's own
    std::vector<Ipv4> ntp_servers;
    std::vector<Ipv4> netbios_name_servers;
    int netbios_node_type = 0; // 0: not told

    friend bool operator==(const DhcpSpec&, const DhcpSpec&) = default;
};

// Everything of a VPC but its security groups and interfaces. Told whole each time; the driver finds what changed.
struct VpcSpec {
    std::string id;
    std::vector<Ipv4Cidr> cidrs; // the first is the primary one and never changes
    std::vector<Ipv6Cidr> ipv6_cidrs;
    std::string dns_domain;  // "ec2.internal": of private DNS names
    bool dns_support = true; // the resolver at base + 2 and 169.254.169.253 answers
    bool internet_gateway = false; // attached
    DhcpSpec dhcp;
    std::vector<SubnetSpec> subnets;
    std::vector<RouteTableSpec> route_tables;
    std::vector<NetworkAclSpec> network_acls;
    std::vector<PeeringSpec> peerings;

    friend bool operator==(const VpcSpec&, const VpcSpec&) = default;
};

// One permission, both directions written alike: `peer` is the source of ingress or the destination of egress.
struct TrafficRule {
    bool egress = false;
    int protocol = -1; // IANA number; -1 is all
    int from_port = -1; // ports of TCP and UDP; type of ICMP; -1 is all
    int to_port = -1;   // code of ICMP; -1 is all
    std::optional<IpCidr> peer_cidr; // exactly one of the two peers is set
    // A group of this VPC, or of one that is peered with it.
    std::string peer_security_group_id;

    friend bool operator==(const TrafficRule&, const TrafficRule&) = default;
};

struct SecurityGroupSpec {
    std::string id;
    std::string vpc_id;
    std::vector<TrafficRule> rules; // what is not allowed is dropped

    friend bool operator==(const SecurityGroupSpec&, const SecurityGroupSpec&) = default;
};

enum class InterfaceKind {
    guest,       // a tap, which open_tap() gives to a hypervisor
    nat_gateway, // the driver itself is behind it: it forwards to the Internet what is routed to it, from its own private address
};

// A private IPv4 address, and the public one that is translated to it while an internet gateway is attached.
struct AddressSpec {
    Ipv4 private_ip;
    std::optional<Ipv4> public_ip;

    friend bool operator==(const AddressSpec&, const AddressSpec&) = default;
};

struct InterfaceSpec {
    std::string id;
    std::string vpc_id;
    std::string subnet_id;
    InterfaceKind kind = InterfaceKind::guest;
    MacAddress mac;
    std::vector<AddressSpec> addresses; // the first is the primary one: it is leased by DHCP, has the name, and never changes
    std::vector<Ipv6> ipv6_addresses;   // the first is leased by DHCPv6
    std::string host_name; // "ip-172-31-0-10": its private DNS name without the domain
    std::vector<std::string> security_group_ids; // each known by apply_security_groups() before; none for a NAT gateway
    bool source_dest_check = true;

    Ipv4 private_ip() const { return addresses.front().private_ip; }
    friend bool operator==(const InterfaceSpec&, const InterfaceSpec&) = default;
};

// What the metadata service needs to know of a connection that came in on a listener of this driver.
struct MetadataListener {
    std::string vpc_id;
    UniqueFd socket; // listening on 169.254.169.254:80 inside the VPC
};

// What passed an interface since it was made; it does not go back while the interface exists, over restarts of the daemon too.
struct InterfaceCounters {
    uint64_t bytes_in = 0;  // to the interface
    uint64_t bytes_out = 0; // from it
    uint64_t packets_in = 0;
    uint64_t packets_out = 0;
};

// The networks of VPCs. A VPC is isolated from every other and from the host; default is deny, before the first packet.
// Everything it makes carries the installation's name, so that recover() finds it and two installations do not meet.
// Any thread may call it. What it made outlives the daemon.
class Network {
  public:
    virtual ~Network() = default;

    // Finds what the last daemon left and takes it over.
    virtual Result<void> recover() = 0;

    // Makes the VPC, or brings what differs up to date, without disturbing connections that are allowed before and after. A route
    // whose target the driver does not know (an interface that is not there, a peering whose other VPC is not) is a black hole
    // until it does.
    virtual Result<void> ensure_vpc(const VpcSpec& vpc) = 0;
    virtual Result<void> remove_vpc(const std::string& vpc_id) = 0;

    // Replaces the rules of these groups (all of one VPC) in one atomic transaction, for running guests too.
    virtual Result<void> apply_security_groups(const std::vector<SecurityGroupSpec>& groups) = 0;
    virtual Result<void> remove_security_group(const std::string& vpc_id, const std::string& group_id) = 0;

    // Makes the tap, its lease, its name and its rules, or brings them up to date; the tap carries nothing before its rules are
    // in place. Public addresses follow the spec.
    virtual Result<void> ensure_interface(const InterfaceSpec& interface) = 0;
    virtual Result<void> remove_interface(const std::string& vpc_id, const std::string& interface_id) = 0;
    // The file descriptor of the tap, for the hypervisor.
    virtual Result<UniqueFd> open_tap(const std::string& vpc_id, const std::string& interface_id) = 0;
    virtual Result<InterfaceCounters> read_counters(const std::string& vpc_id, const std::string& interface_id) = 0;

    // Called with each listener, from ensure_vpc() and recover(); and with the VPC's id when it is removed.
    virtual void on_metadata_listener(std::function<void(MetadataListener)> added,
                                      std::function<void(const std::string& vpc_id)> removed) = 0;
    // Which interface a connection came in on, from the mark of its accepted socket.
    virtual std::optional<std::string> interface_of_mark(const std::string& vpc_id, uint32_t mark) = 0;

    virtual Result<std::vector<std::string>> observe_vpcs() = 0;
    virtual Result<std::vector<std::string>> observe_interfaces() = 0;
    // Removes everything that carries the installation's name: namespaces, links, tables, processes.
    virtual Result<void> remove_all() = 0;
};

} // namespace pileus::drivers
