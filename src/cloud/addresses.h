// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/address.h"
#include "domain/tag.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// AllocateAddress.
struct AddressAllocation {
    std::string address; // to recover that one; "" for any
    std::string network_border_group;
    std::string public_pool;
    std::vector<TagSpecification> tag_specifications;
};

// One of the two: older clients name the address itself.
struct AddressReference {
    std::string allocation_id;
    std::string public_ip;
};

// AssociateAddress.
struct AddressAssociation {
    AddressReference address;
    std::string instance_id; // one of the two
    std::string network_interface_id;
    std::string private_ip; // "" is the primary one
    bool allow_reassociation = true;
};

struct AddressView {
    domain::Address address;
    std::string instance_id; // whose interface it stands for; "" when none
    std::string subnet_id;
    std::string interface_owner_id;
    domain::Tags tags;
};

// Elastic IP addresses. The addresses that instances get by themselves are no elastic ones, and EC2
// does not list them here either. A NAT gateway's is managed through the gateway.
class Addresses {
  public:
    explicit Addresses(const Context& context) : context_(context) {}

    Result<domain::Address> allocate(const domain::Caller& caller,
                                     const AddressAllocation& request);
    // The id of the association. To associate again what is associated so changes nothing.
    Result<std::string> associate(const domain::Caller& caller, const AddressAssociation& request);
    // `association_id`, or the address for older clients.
    Result<void> disassociate(const domain::Caller& caller,
                              const std::string& association_id,
                              const std::string& public_ip);
    Result<void> release(const domain::Caller& caller,
                         const AddressReference& reference,
                         const std::string& network_border_group);

    // In one piece: this operation of EC2's has no pages.
    Result<std::vector<AddressView>> describe(const domain::Caller& caller,
                                              const std::vector<std::string>& public_ips,
                                              const std::vector<std::string>& allocation_ids,
                                              const Filters& filters);
    // DescribeAddressesAttribute, in pages.
    Result<Listing<AddressView>> describe_attribute(const domain::Caller& caller,
                                                    const std::vector<std::string>& allocation_ids,
                                                    const PageRequest& page);
    Result<domain::Address> find(const domain::Caller& caller, const std::string& allocation_id);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
