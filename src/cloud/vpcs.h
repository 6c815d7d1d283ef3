// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/tag.h"
#include "domain/vpc.h"

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pileus::cloud {

struct VpcView {
    domain::Vpc vpc;
    std::vector<domain::VpcCidrBlock> blocks; // beside the primary one, of both families
    domain::Tags tags;
};

struct VpcCreation {
    std::string cidr_block;
    std::string tenancy; // "" for "default"
    bool with_ipv6_block = false;
    std::string unsupported_parameter; // "Ipv6Pool": what Pileus has not got, to be named
    std::vector<TagSpecification> tag_specifications;
};

// Exactly one of both.
struct BlockAssociation {
    std::string cidr_block;
    bool with_ipv6_block = false;
    std::string unsupported_parameter;
};

// A block that came or went, and of which VPC.
struct BlockChange {
    std::string vpc_id;
    domain::VpcCidrBlock block;
};

// One of them, as EC2 takes them.
struct VpcAttributes {
    std::optional<bool> enable_dns_support;
    std::optional<bool> enable_dns_hostnames;
    std::optional<bool> enable_network_address_usage_metrics;
};

// VPCs, their blocks and attributes. A VPC has from its creation a main route table, a default
// network ACL and a default security group; the default one also an internet gateway, the way to it
// and a subnet a zone. Every change enqueues work, by which the engine brings it to the kernel.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
class Vpcs {
  public:
    explicit Vpcs(const Context& context) : context_(context) {}

    // Makes what an account finds when it comes to a region for the first time: a set of DHCP
    // options and the default VPC. Never again after that, whatever becomes of them. Cheap once it
    // is known to be there.
    Result<void> ensure_default(const domain::Caller& caller);
    Result<VpcView> create_default(const domain::Caller& caller);

    Result<VpcView> create(const domain::Caller& caller, const VpcCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& vpc_id);
    Result<Listing<VpcView>> describe(const domain::Caller& caller,
                                      const std::vector<std::string>& ids,
                                      const Filters& filters,
                                      const PageRequest& page);

    Result<domain::Vpc> find(const domain::Caller& caller, const std::string& vpc_id);
    Result<void> modify_attributes(const domain::Caller& caller,
                                   const std::string& vpc_id,
                                   const VpcAttributes& attributes);
    Result<void> modify_tenancy(const domain::Caller& caller,
                                const std::string& vpc_id,
                                const std::string& tenancy);

    Result<BlockChange> associate_block(const domain::Caller& caller,
                                        const std::string& vpc_id,
                                        const BlockAssociation& request);
    Result<BlockChange> disassociate_block(const domain::Caller& caller,
                                           const std::string& association_id);

  private:
    const Context& context_;
    std::mutex mutex_;
    std::set<std::pair<std::string, std::string>>
        known_; // (account, region) whose default VPC was made
};

// The caller's, or InvalidVpcID.NotFound and its kin.
Result<domain::Vpc>
find_vpc(store::Transaction& tx, const domain::Caller& caller, const std::string& vpc_id);
std::vector<VpcView> view_vpcs(store::Transaction& tx, std::vector<domain::Vpc> vpcs);

// Writes the VPC and all that it has from its creation.
void insert_vpc(store::Transaction& tx, const Context& context, const domain::Vpc& vpc);
// For a new VPC: the set that the region has for the account, or "default" when that is gone.
std::string default_dhcp_options_id(store::Transaction& tx, const store::Scope& scope);

} // namespace pileus::cloud
