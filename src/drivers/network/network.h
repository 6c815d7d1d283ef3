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

    friend bool operator==(const SubnetSpec&, const SubnetSpec&) = default;
};

struct VpcSpec {
    std::string id;
    Ipv4Cidr cidr;
    std::string dns_domain; // "ec2.internal": of private DNS names and the search list
    std::vector<SubnetSpec> subnets;

    friend bool operator==(const VpcSpec&, const VpcSpec&) = default;
};

// One permission, both directions written alike: `peer` is the source of ingress or the destination of egress.
struct TrafficRule {
    bool egress = false;
    int protocol = -1; // IANA number; -1 is all
    int from_port = -1; // ports of TCP and UDP; type of ICMP; -1 is all
    int to_port = -1;   // code of ICMP; -1 is all
    std::optional<Ipv4Cidr> peer_cidr;     // exactly one of the two peers is set
    std::string peer_security_group_id;

    friend bool operator==(const TrafficRule&, const TrafficRule&) = default;
};

struct SecurityGroupSpec {
    std::string id;
    std::string vpc_id;
    std::vector<TrafficRule> rules; // what is not allowed is dropped

    friend bool operator==(const SecurityGroupSpec&, const SecurityGroupSpec&) = default;
};

struct InterfaceSpec {
    std::string id;
    std::string vpc_id;
    std::string subnet_id;
    MacAddress mac;
    Ipv4 private_ip;
    std::string host_name; // "ip-172-31-0-10": its private DNS name without the domain
    std::vector<std::string> security_group_ids; // each known by apply_security_groups() before
    bool source_dest_check = true;
    std::optional<Ipv4> public_ip;

    friend bool operator==(const InterfaceSpec&, const InterfaceSpec&) = default;
};

// What the metadata service needs to know of a connection that came in on a listener of this driver.
struct MetadataListener {
    std::string vpc_id;
    UniqueFd socket; // listening on 169.254.169.254:80 inside the VPC
};

// The networks of VPCs. A VPC is isolated from every other and from the host; default is deny, before the first packet.
// Everything it makes carries the installation's name, so that recover() finds it and two installations do not meet.
// Any thread may call it. What it made outlives the daemon.
class Network {
  public:
    virtual ~Network() = default;

    // Finds what the last daemon left and takes it over.
    virtual Result<void> recover() = 0;

    virtual Result<void> ensure_vpc(const VpcSpec& vpc) = 0;
    virtual Result<void> remove_vpc(const std::string& vpc_id) = 0;

    // Replaces the rules of these groups (all of one VPC) in one atomic transaction, for running guests too.
    virtual Result<void> apply_security_groups(const std::vector<SecurityGroupSpec>& groups) = 0;
    virtual Result<void> remove_security_group(const std::string& vpc_id, const std::string& group_id) = 0;

    // Makes the tap, its lease, its name and its rules, or brings them up to date; the tap carries nothing before its rules are
    // in place. The public address follows the spec.
    virtual Result<void> ensure_interface(const InterfaceSpec& interface) = 0;
    virtual Result<void> remove_interface(const std::string& vpc_id, const std::string& interface_id) = 0;
    // The file descriptor of the tap, for the hypervisor.
    virtual Result<UniqueFd> open_tap(const std::string& vpc_id, const std::string& interface_id) = 0;

    // Called with each listener, from ensure_vpc() and recover(); and with the VPC's id when it is removed.
    virtual void on_metadata_listener(std::function<void(MetadataListener)> added,
                                      std::function<void(const std::string& vpc_id)> removed) = 0;
    // Which interface a connection came in on, from the mark of its accepted socket.
    virtual std::optional<std::string> interface_of_mark(const std::string& vpc_id, uint32_t mark) = 0;

    virtual Result<std::vector<std::string>> observe_interfaces() = 0;
    // Removes everything that carries the installation's name: namespaces, links, tables, processes.
    virtual Result<void> remove_all() = 0;
};

} // namespace pileus::drivers
