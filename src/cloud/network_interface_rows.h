// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the files of NetworkInterfaces share with those of Addresses and Instances: finding
// interfaces with EC2's errors, and putting together all that an answer says about them.

#include "cloud/network_interfaces.h"
#include "domain/instance.h"

namespace pileus::cloud {

// InvalidNetworkInterfaceID.NotFound or InvalidNetworkInterfaceId.Malformed.
Result<domain::NetworkInterface>
find_network_interface(store::Transaction& tx, const domain::Caller& caller, const std::string& id);
// OperationNotPermitted besides, when the interface is a NAT gateway's.
Result<domain::NetworkInterface>
find_own_interface(store::Transaction& tx, const domain::Caller& caller, const std::string& id);

std::vector<NetworkInterfaceView> view_network_interfaces(
    store::Transaction& tx, const Context& context, std::vector<domain::NetworkInterface> rows);

// NetworkInterfaceLimitExceeded when the account would have more in the region than its quota.
Result<void> check_interface_quota(store::Transaction& tx,
                                   const Context& context,
                                   const store::Scope& scope,
                                   size_t new_interfaces);

// Whether the interface can be put into one of the type's instances: AttachmentLimitExceeded,
// PrivateIpAddressLimitExceeded. `count` interfaces are there already.
Result<void> check_fits_type(const domain::InstanceType& type,
                             const domain::NetworkInterface& interface,
                             size_t count);

// The only interface of the instance; InvalidInstanceID when it has several.
Result<domain::NetworkInterface> only_interface(store::Transaction& tx,
                                                const domain::Instance& instance);

// Gives the instance's own address back to it: after an Elastic IP has left its only interface, and
// at each start. EC2 gives none to an instance with several interfaces, nor to one whose secondary
// addresses have an Elastic IP.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html
Result<void> restore_automatic_address(store::Transaction& tx,
                                       const Context& context,
                                       const domain::Instance& instance);

} // namespace pileus::cloud
