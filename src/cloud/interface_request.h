// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a request says of a new interface, and what it becomes: the same for CreateNetworkInterface
// and for the interfaces of RunInstances.

#include "cloud/address_allocation.h"
#include "domain/instance_type.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct PrivateAddressRequest {
    std::string address;
    bool is_primary = false;
};

// The addresses that an interface is to have; what is not said is chosen here.
struct InterfaceAddresses {
    std::string private_ip; // the primary one
    std::vector<PrivateAddressRequest> private_addresses;
    std::optional<int> secondary_count;
    std::vector<std::string> ipv6_addresses;
    std::optional<int> ipv6_count;

    // Whether they can be had only once.
    bool names_any() const {
        return !private_ip.empty() || !private_addresses.empty() || !ipv6_addresses.empty();
    }
};

// InvalidParameterCombination and InvalidParameterValue, without the store.
Result<void> check_interface_addresses(const InterfaceAddresses& request);

// Gives the interface the addresses that were asked for; the subnet's own wish for an IPv6 address
// is heeded where the request does not speak of any.
Result<void> assign_addresses(SubnetAddresses& addresses,
                              const domain::Subnet& subnet,
                              const InterfaceAddresses& request,
                              domain::NetworkInterface& interface);

// PrivateIpAddressLimitExceeded when the type's interfaces hold fewer addresses of a family.
Result<void> check_address_limit(const domain::InstanceType& type,
                                 const domain::NetworkInterface& interface);
// The most that any type's interface holds: for those that are not attached.
inline constexpr size_t addresses_per_interface_max = 50;
Result<void> check_address_limit(const domain::NetworkInterface& interface);

// The groups that were asked for, each once, or the default one of the VPC.
Result<std::vector<std::string>> resolve_groups(store::Transaction& tx,
                                                const Context& context,
                                                const domain::Caller& caller,
                                                const std::string& vpc_id,
                                                const std::vector<std::string>& ids);

Result<void> check_interface_description(const std::string& description);

// Asks the engine to look at the interface again.
void enqueue_interface(store::Transaction& tx,
                       const Context& context,
                       const domain::NetworkInterface& interface);

} // namespace pileus::cloud
