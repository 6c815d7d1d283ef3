// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/network_acl.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct NetworkAclView {
    domain::NetworkAcl acl;
    std::vector<domain::NetworkAclEntry> entries; // by direction and number, the implied ones last
    std::vector<domain::NetworkAclAssociation> associations;
    domain::Tags tags;
};

struct NetworkAclCreation {
    std::string vpc_id;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

struct NetworkAclEntryRequest {
    std::string network_acl_id;
    int number = 0;
    bool egress = false;
    bool allow = false;
    std::string protocol;
    std::string cidr_block; // one of both
    std::string ipv6_cidr_block;
    std::optional<int> from_port; // of TCP and UDP
    std::optional<int> to_port;
    std::optional<int> icmp_type; // of ICMP
    std::optional<int> icmp_code;
};

// Network ACLs, their entries, and which subnet has which. Every change of what a packet may do
// enqueues work for the VPC.
class NetworkAcls {
  public:
    explicit NetworkAcls(const Context& context) : context_(context) {}

    Result<NetworkAclView> create(const domain::Caller& caller, const NetworkAclCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<NetworkAclView>> describe(const domain::Caller& caller,
                                             const std::vector<std::string>& ids,
                                             const Filters& filters,
                                             const PageRequest& page);

    Result<void> create_entry(const domain::Caller& caller, const NetworkAclEntryRequest& request);
    Result<void> replace_entry(const domain::Caller& caller, const NetworkAclEntryRequest& request);
    Result<void> erase_entry(const domain::Caller& caller,
                             const std::string& network_acl_id,
                             bool egress,
                             int number);
    // Another ACL for the subnet of that association, which gets a new id.
    Result<domain::NetworkAclAssociation> replace_association(const domain::Caller& caller,
                                                              const std::string& association_id,
                                                              const std::string& network_acl_id);

  private:
    const Context& context_;
};

// As the store keeps it: names of protocols as numbers, host bits cleared, ports checked and -1
// where they mean nothing.
Result<domain::NetworkAclEntry> entry_of(const NetworkAclEntryRequest& request);

} // namespace pileus::cloud
