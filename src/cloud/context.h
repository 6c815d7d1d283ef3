// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "cloud/host.h"
#include "domain/caller.h"
#include "domain/error_codes.h"
#include "store/scope.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct Zone {
    std::string name; // "us-east-1a"
    std::string id;   // "use1-az1"
};
struct Region {
    std::string name; // "us-east-1"
    std::vector<Zone> zones;
};

// EC2's default quotas and limits; each can be configured.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html and
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
struct Limits {
    int running_vcpus = 1152; // a region, on-demand standard families
    int instances_per_launch = 1000;
    int key_pairs = 5000;
    int security_groups = 2500;        // a region
    int rules_per_security_group = 60; // each direction, IPv4 and IPv6 apart
    int security_groups_per_interface = 5;
    int network_interfaces = 5000; // a region
    int elastic_addresses = 5;     // a region
    int vpcs = 5;                  // a region
    int ipv4_blocks_per_vpc = 5;   // the primary one counts
    int ipv6_blocks_per_vpc = 5;
    int subnets_per_vpc = 200;
    int dhcp_options = 1000; // sets, a region
    int route_tables_per_vpc = 200;
    int routes_per_route_table = 500;      // IPv4 and IPv6 apart, without the local ones
    int internet_gateways = 5;             // a region
    int egress_only_internet_gateways = 5; // a region
    int nat_gateways_per_zone = 5;
    int network_acls_per_vpc = 200;
    int entries_per_network_acl = 20;      // each direction, IPv4 and IPv6 apart
    int peering_connections_per_vpc = 50;  // active ones
    int outstanding_peering_requests = 25; // of a region's requesters
    int prefix_lists = 100;                // a region
    int entries_per_prefix_list = 1000;    // what MaxEntries may ask for
    int versions_per_prefix_list = 1000;   // older ones are forgotten
    int volume_storage_tib = 50;           // of each type but io2, a region
    int io2_storage_tib = 20;              // a region
    int io1_iops = 300000;                 // provisioned, a region
    int io2_iops = 100000;                 // provisioned, a region
    int attachments_per_instance = 28;     // volumes and interfaces together
    int snapshots = 100000;                // a region
    int images = 50000;                    // a region
    int tags_per_resource = 50;
    int user_data_bytes = 16384;
};

struct HostCapacity {
    std::string host_id;
    int cpus = 1;
    int64_t memory_mib = 0;      // what guests may have together
    double cpu_overcommit = 4.0; // vCPUs promised together, as a multiple of `cpus`
};

struct Settings {
    std::vector<Region> regions; // the first is the default
    std::string shipped_images_account =
        "136693071363";   // owner of the images built here: Debian's own account on EC2
    Ipv4Cidr public_pool; // addresses given to instances
    // IPv6 blocks of VPCs (/56 each): addresses of the installation's own, which are not routed on
    // the Internet unless the operator has such a block.
    Ipv6Cidr ipv6_pool = Ipv6Cidr::parse("fd70:696c:6500::/40").value();
    std::vector<Ipv4Cidr> reserved_blocks; // this machine needs them: no VPC may have them
    // What ImportImage and ImportSnapshot read, and ExportImage writes. "" until the daemon has set
    // them: folders of its data.
    std::string import_folder;
    std::string export_folder;
    std::vector<std::string> import_url_prefixes; // "https://images.example.org/": allowed sources
    HostCapacity host;
    Limits limits;
    Duration stop_timeout =
        std::chrono::minutes{2}; // how long a guest may take to shut down before it is cut off
};

// What every class of this folder stands on. Owned by the daemon's root, outlives them all;
// immutable but for what the store holds.
struct Context {
    store::Store& store;
    Clock& clock;
    Random& random;
    const catalog::Catalog& catalog;
    Host& host;
    const Settings& settings;
    std::string page_key; // seals page tokens: 32 bytes, the same after a restart
};

inline store::Scope scope_of(const domain::Caller& caller) {
    return {caller.account_id, caller.region};
}

const Region* find_region(const Settings& settings, const std::string& name);

// "use1-az1" for "us-east-1a"; "" for a zone that is not configured.
std::string zone_id(const Settings& settings, const std::string& zone);

// The last check of every operation, after validation and before the first effect.
Result<void> end_if_dry_run(const domain::Caller& caller);

} // namespace pileus::cloud
