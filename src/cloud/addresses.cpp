// SPDX-License-Identifier: Apache-2.0
#include "cloud/addresses.h"

#include "base/net.h"

#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

struct ElasticAddress {}; // none exists

constexpr FilterField<ElasticAddress> address_filters[]{
    {"allocation-id", emit_nothing<ElasticAddress>},
    {"association-id", emit_nothing<ElasticAddress>},
    {"domain", emit_nothing<ElasticAddress>},
    {"instance-id", emit_nothing<ElasticAddress>},
    {"network-border-group", emit_nothing<ElasticAddress>},
    {"network-interface-id", emit_nothing<ElasticAddress>},
    {"network-interface-owner-id", emit_nothing<ElasticAddress>},
    {"private-ip-address", emit_nothing<ElasticAddress>},
    {"public-ip", emit_nothing<ElasticAddress>},
};

} // namespace

Result<void> Addresses::describe(const domain::Caller& caller,
                                 const std::vector<std::string>& public_ips,
                                 const std::vector<std::string>& allocation_ids,
                                 const Filters& filters) {
    PILEUS_TRY(check_filters<ElasticAddress>(filters, address_filters));
    for (const auto& ip : public_ips)
        if (!Ipv4::parse(ip))
            return fail(
                codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter publicIp is invalid. Invalid IPv4 address.",
                            ip));
    if (!public_ips.empty())
        return fail(codes::address_not_found,
                    fmt::format("Address '{}' not found.", fmt::join(public_ips, ", ")));
    const auto ids = fmt::format("{}", fmt::join(allocation_ids, ", "));
    if (allocation_ids.size() == 1)
        return fail(codes::allocation_not_found,
                    fmt::format("The allocation ID '{}' does not exist", ids));
    if (!allocation_ids.empty())
        return fail(codes::allocation_not_found,
                    fmt::format("The allocation IDs '{}' do not exist", ids));
    return end_if_dry_run(caller);
}

} // namespace pileus::cloud
