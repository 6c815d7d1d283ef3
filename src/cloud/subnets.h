// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/tag.h"
#include "domain/vpc.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct SubnetView {
    domain::Subnet subnet;
    int available_addresses = 0; // without the five that EC2 reserves
    domain::Tags tags;
};

struct SubnetCreation {
    std::string vpc_id;
    std::string zone;    // by name or by id;
    std::string zone_id; // neither: the region's first
    std::string cidr_block;
    std::string ipv6_cidr_block;
    std::string unsupported_parameter; // "OutpostArn": what Pileus has not got, to be named
    std::vector<TagSpecification> tag_specifications;
};

struct DefaultSubnetCreation {
    std::string zone;
    std::string zone_id;
    bool is_ipv6_native = false;
};

// One of them, as EC2 takes them.
struct SubnetAttributes {
    std::optional<bool> assign_ipv6_address_on_creation;
    std::optional<bool> map_public_ip_on_launch;
    std::optional<bool> enable_dns64;
    std::string host_name_type;
    std::optional<bool> resource_name_dns_a_record;
    std::optional<bool> resource_name_dns_aaaa_record;
    std::string unsupported_attribute; // "CustomerOwnedIpv4Pool", to be refused by its name
};

// Subnets: ranges of addresses in one zone of a VPC. Every change enqueues work for the VPC.
// https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html
class Subnets {
  public:
    explicit Subnets(const Context& context) : context_(context) {}

    Result<SubnetView> create(const domain::Caller& caller, const SubnetCreation& request);
    Result<SubnetView> create_default(const domain::Caller& caller,
                                      const DefaultSubnetCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& subnet_id);
    Result<void> modify(const domain::Caller& caller,
                        const std::string& subnet_id,
                        const SubnetAttributes& attributes);

    // Both return the subnet with the block in it, as it was or as it is.
    Result<domain::Subnet> associate_block(const domain::Caller& caller,
                                           const std::string& subnet_id,
                                           const std::string& ipv6_cidr_block);
    Result<domain::Subnet> disassociate_block(const domain::Caller& caller,
                                              const std::string& association_id);

    Result<Listing<SubnetView>> describe(const domain::Caller& caller,
                                         const std::vector<std::string>& ids,
                                         const Filters& filters,
                                         const PageRequest& page);

  private:
    const Context& context_;
};

// The next free /20 of the default VPC; nullopt when there is none.
std::optional<domain::Subnet> insert_default_subnet(store::Transaction& tx,
                                                    const Context& context,
                                                    const domain::Vpc& vpc,
                                                    const Zone& zone);
// The caller's, or InvalidSubnetID.NotFound and its kin.
Result<domain::Subnet>
find_subnet(store::Transaction& tx, const domain::Caller& caller, const std::string& subnet_id);
std::vector<SubnetView> view_subnets(store::Transaction& tx, std::vector<domain::Subnet> subnets);

} // namespace pileus::cloud
