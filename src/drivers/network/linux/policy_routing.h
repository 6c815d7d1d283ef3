// SPDX-License-Identifier: Apache-2.0
#pragma once

// The route tables of subnets in the kernel. Each subnet has a routing table of its own, which the
// packets of its interfaces ask by their mark; in a table stand the routes of its EC2 route table,
// the VPC's own blocks are passed on to the main table, which knows every interface, and what has
// no route goes nowhere. A table is never changed while it is asked: the new one is filled beside
// it, then the rule that leads to it is placed behind the old one, which then goes. So a packet
// meets all of the old routes or all of the new ones, and a crash leaves the old ones.
//
// Nothing is remembered: the kernel is asked what is there. One thread at a time: the VPC's lock.

#include "drivers/network/linux/netlink.h"

#include <cstdint>
#include <vector>

namespace pileus::drivers {

struct SubnetRoutes {
    uint32_t slot = 0;
    std::vector<IpCidr> blocks; // of the subnet: what stays inside is not routed
    std::vector<Route> routes;  // of both families; `table` is not looked at
};

// What both have alike stays, what differs goes nowhere: less than either of them lets pass.
std::vector<Route> common_routes(const std::vector<Route>& one, const std::vector<Route>& other);

class PolicyRouting {
  public:
    explicit PolicyRouting(Netlink& netlink) : netlink_(netlink) {}

    // Whether apply() would change anything.
    Result<bool> is_applied(const std::vector<SubnetRoutes>& subnets, IpFamily family);
    // Makes exactly these the subnets that have routes.
    Result<void> apply(const std::vector<SubnetRoutes>& subnets, IpFamily family);
    // As apply(), with only those routes that are there now and in `subnets` alike.
    Result<void> apply_common(const std::vector<SubnetRoutes>& subnets, IpFamily family);

  private:
    struct Found {
        std::vector<PolicyRule> rules;
        std::vector<Route> routes;
    };
    Result<Found> look(IpFamily family);
    Result<void> apply_subnet(const SubnetRoutes& subnet, IpFamily family, const Found& found);
    Result<void> remove_routes(const Found& found, uint32_t table);

    Netlink& netlink_;
};

} // namespace pileus::drivers
