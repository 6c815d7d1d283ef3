// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>
#include <vector>

namespace pileus::domain {

// A block of a VPC beside its primary one: a secondary IPv4 block, or an IPv6 /56 of the
// installation's pool.
struct VpcCidrBlock {
    std::string association_id; // vpc-cidr-assoc-…
    std::string vpc_id;
    std::string cidr_block;
    bool is_ipv6 = false;
};

struct Vpc {
    std::string id;
    std::string account_id;
    std::string region;
    std::string cidr_block; // "172.31.0.0/16", the primary one
    std::string cidr_association_id;
    std::string dhcp_options_id; // "default": EC2's word for none
    std::string tenancy =
        "default"; // or "dedicated", which here means a host without other accounts' guests
    bool is_default = false;
    bool enable_dns_support = true;
    bool enable_dns_hostnames = false; // the default VPC has it
    bool enable_network_address_usage_metrics = false;
    Time created_at{};
};

struct Subnet {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    std::string zone;    // "us-east-1a"
    std::string zone_id; // "use1-az1"
    std::string cidr_block;
    std::string ipv6_cidr_block;          // "" or a /64 of its VPC's
    std::string ipv6_cidr_association_id; // subnet-cidr-assoc-…
    bool is_default = false;              // the default subnet of its zone
    bool map_public_ip_on_launch = false;
    bool assign_ipv6_address_on_creation = false;
    bool enable_dns64 = false;
    std::string host_name_type =
        "ip-name"; // or "resource-name": private names of instances launched here
    bool resource_name_dns_a_record = false;
    bool resource_name_dns_aaaa_record = false;
    Time created_at{};
};

// Lists are in the order in which they were given.
struct DhcpOptions {
    std::string id;
    std::string account_id;
    std::string region;
    std::string domain_name;                      // "" when not given
    std::vector<std::string> domain_name_servers; // "AmazonProvidedDNS", or addresses
    std::vector<std::string> ntp_servers;
    std::vector<std::string> netbios_name_servers;
    int netbios_node_type = 0;                    // 0 when not given
    int ipv6_address_preferred_lease_seconds = 0; // 0 when not given
    Time created_at{};
};

} // namespace pileus::domain
