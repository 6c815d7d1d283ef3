// SPDX-License-Identifier: Apache-2.0
#pragma once

// The network interfaces of a launch: those that the request describes one by one, or the one that
// follows from its subnet, groups and addresses.

#include "cloud/instances.h"
#include "cloud/interface_request.h"
#include "domain/vpc.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

// What one entry of the request has been resolved to.
struct ResolvedInterface {
    LaunchInterface request;
    int device_index = 0;
    domain::Subnet subnet;
    std::vector<std::string> security_group_ids;
    bool wants_public_ip = false;
    std::optional<domain::NetworkInterface> existing;
};

// Of one instance, in the order of their device indexes; not written yet.
using LaunchedInterfaces = std::vector<domain::NetworkInterface>;

// What can be said without the store.
Result<void> check_launch_interfaces(const LaunchRequest& request);
// In the order of their device indexes, the first of which is 0.
Result<std::vector<ResolvedInterface>> resolve_launch_interfaces(store::Transaction& tx,
                                                                 const Context& context,
                                                                 const domain::Caller& caller,
                                                                 const LaunchRequest& request);
// Whether instances of the type have as many.
Result<void> check_launch_interfaces(const domain::InstanceType& type,
                                     const std::vector<ResolvedInterface>& interfaces);
// Chooses addresses for `count` instances.
Result<std::vector<LaunchedInterfaces>>
plan_launch_interfaces(store::Transaction& tx,
                       const Context& context,
                       const domain::InstanceType& type,
                       const std::vector<ResolvedInterface>& interfaces,
                       size_t count);

} // namespace pileus::cloud
