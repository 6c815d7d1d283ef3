// SPDX-License-Identifier: Apache-2.0
#include "placement/placement.h"

#include <algorithm>

namespace pileus::placement {

namespace {

int64_t free_memory_mib(const HostLoad& host) {
    return host.memory_mib - host.memory_used_mib;
}

bool fits(const HostLoad& host, const Demand& demand) {
    const auto vcpus_promised = static_cast<double>(host.vcpus_used + demand.vcpus);
    return demand.vcpus <= host.cpus && vcpus_promised <= host.cpus * host.cpu_overcommit &&
           demand.memory_mib <= free_memory_mib(host);
}

Shortage why(const std::vector<HostLoad>& hosts, const Demand& demand) {
    const auto none_has = [&](auto has) { return std::none_of(hosts.begin(), hosts.end(), has); };
    if (none_has([&](const HostLoad& h) { return demand.vcpus <= h.cpus; }))
        return Shortage::instance_has_too_many_vcpus;
    if (none_has([&](const HostLoad& h) { return demand.memory_mib <= h.memory_mib; }))
        return Shortage::instance_has_too_much_memory;
    return Shortage::hosts_are_full;
}

} // namespace

Placement place(std::vector<HostLoad> hosts, const Demand& demand) {
    Placement placement;
    while (static_cast<int>(placement.host_ids.size()) < demand.maximum_count) {
        HostLoad* best = nullptr;
        for (auto& host : hosts)
            if (fits(host, demand) && (!best || free_memory_mib(host) < free_memory_mib(*best)))
                best = &host;
        if (!best)
            break;
        best->vcpus_used += demand.vcpus;
        best->memory_used_mib += demand.memory_mib;
        placement.host_ids.push_back(best->host_id);
    }
    if (static_cast<int>(placement.host_ids.size()) < demand.minimum_count)
        return {{}, why(hosts, demand)};
    return placement;
}

} // namespace pileus::placement
