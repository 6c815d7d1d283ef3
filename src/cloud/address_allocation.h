// SPDX-License-Identifier: Apache-2.0
#pragma once

// Free addresses: private ones of a subnet, public ones of the installation's pool. For everything
// that makes interfaces (launches, CreateNetworkInterface, NAT gateways). One transaction owns a
// SubnetAddresses; what it gave is not given again, though no row says so yet. Nothing is written
// but the pool's cursor.

#include "cloud/context.h"
#include "domain/network_interface.h"
#include "domain/vpc.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pileus::cloud {

// The first four addresses of a subnet and the last are EC2's: network, router, DNS, future use,
// broadcast. https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
inline constexpr uint64_t reserved_first_addresses = 4;
inline constexpr uint64_t reserved_last_addresses = 1;

class SubnetAddresses {
  public:
    SubnetAddresses(store::Transaction& tx, const Context& context, const domain::Subnet& subnet);

    // The address that the caller wants: InvalidParameterValue when it is not one of the subnet,
    // InvalidIPAddress.InUse when another has it.
    Result<std::string> take_ipv4(const std::string& wanted);
    // At random, as EC2's are; InsufficientFreeAddressesInSubnet when there are too few.
    Result<std::vector<std::string>> take_free_ipv4(size_t count);
    // `wanted` when given, else a free one.
    Result<std::string> take_one_ipv4(const std::string& wanted);

    // In RFC 5952's spelling. InvalidParameterValue too when the subnet has no IPv6 block.
    Result<std::string> take_ipv6(const std::string& wanted);
    Result<std::vector<std::string>> take_free_ipv6(size_t count);

  private:
    bool is_taken(const std::string& address) const;

    store::Transaction& tx_;
    const Context& context_;
    std::string subnet_id_;
    Ipv4Cidr cidr_;
    std::optional<Ipv6Cidr> ipv6_cidr_;
    std::set<std::string> given_;
    size_t ipv4_given_ = 0;
};

// The next free public address of the pool, going round so that an address rests before it is given
// out again. InsufficientAddressCapacity.
Result<std::string> take_public_ip(store::Transaction& tx, const Context& context);

// Whether an address may be handed out from the pool.
bool is_in_public_pool(const Context& context, Ipv4 address);

std::string new_mac(Random& random);

// An interface in the subnet, with an id and a MAC and nothing else of its own: no addresses, no
// groups, no attachment. Not written yet.
domain::NetworkInterface make_network_interface(const Context& context,
                                                const domain::Subnet& subnet);

} // namespace pileus::cloud
