// SPDX-License-Identifier: Apache-2.0
#include "cloud/account.h"

#include "cloud/listing.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr FilterField<RegionView> region_filters[]{
    {"endpoint", [](const RegionView& r, const Emit& emit) { emit(r.endpoint); }},
    {"opt-in-status", [](const RegionView& r, const Emit& emit) { emit(r.opt_in_status); }},
    {"region-name", [](const RegionView& r, const Emit& emit) { emit(r.name); }},
};

constexpr ListingKind<RegionView> region_listing{
    "DescribeRegions", region_filters, [](const RegionView& r) { return r.name; }};

void emit_zone_state(const ZoneView& z, const Emit& emit) {
    emit(z.state);
}

constexpr FilterField<ZoneView> zone_filters[]{
    {"group-long-name", [](const ZoneView& z, const Emit& emit) { emit(z.region); }},
    {"group-name", [](const ZoneView& z, const Emit& emit) { emit(z.group_name); }},
    {"message", emit_nothing<ZoneView>},
    {"opt-in-status", [](const ZoneView& z, const Emit& emit) { emit(z.opt_in_status); }},
    {"parent-zone-id", emit_nothing<ZoneView>},
    {"parent-zone-name", emit_nothing<ZoneView>},
    {"parentZoneID", emit_nothing<ZoneView>},
    {"parentZoneName", emit_nothing<ZoneView>},
    {"region-name", [](const ZoneView& z, const Emit& emit) { emit(z.region); }},
    {"state", emit_zone_state},
    {"zone-id", [](const ZoneView& z, const Emit& emit) { emit(z.id); }},
    {"zone-name", [](const ZoneView& z, const Emit& emit) { emit(z.name); }},
    {"zone-state", emit_zone_state},
    {"zone-type", [](const ZoneView& z, const Emit& emit) { emit(z.type); }},
};

constexpr ListingKind<ZoneView> zone_listing{
    "DescribeAvailabilityZones", zone_filters, [](const ZoneView& z) { return z.name; }};

// Keeps what is named; an error tells which names are nobody's.
template <class Item, class Name>
Result<void> keep_named(std::vector<Item>& items,
                        const std::vector<std::string>& wanted,
                        Name name,
                        std::string_view what) {
    if (wanted.empty())
        return {};
    std::vector<std::string> unknown;
    for (const auto& one : wanted)
        if (std::none_of(
                items.begin(), items.end(), [&](const Item& item) { return name(item) == one; }))
            unknown.push_back(one);
    if (!unknown.empty())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid {}: [{}]", what, fmt::join(unknown, ", ")));
    std::erase_if(items, [&](const Item& item) {
        return std::find(wanted.begin(), wanted.end(), name(item)) == wanted.end();
    });
    return {};
}

template <class Item>
Result<std::vector<Item>> choose(const Context& context,
                                 const domain::Caller& caller,
                                 const ListingKind<Item>& kind,
                                 const Filters& filters,
                                 std::vector<Item> items) {
    PILEUS_ASSIGN(auto listing,
                  list_in_memory(context, caller, kind, filters, {}, std::move(items)));
    return std::move(listing.items);
}

} // namespace

Result<std::vector<RegionView>> Account::describe_regions(const domain::Caller& caller,
                                                          const std::vector<std::string>& names,
                                                          const Filters& filters) {
    std::vector<RegionView> regions;
    for (const auto& region : context_.settings.regions)
        regions.push_back({region.name, fmt::format("ec2.{}.amazonaws.com", region.name)});
    PILEUS_TRY(keep_named(
        regions, names, [](const RegionView& r) { return r.name; }, "region"));
    return choose(context_, caller, region_listing, filters, std::move(regions));
}

Result<std::vector<ZoneView>> Account::describe_zones(const domain::Caller& caller,
                                                      const ZoneQuery& query) {
    std::vector<ZoneView> zones;
    if (const auto* region = find_region(context_.settings, caller.region))
        for (const auto& zone : region->zones)
            zones.push_back({zone.name, zone.id, region->name, region->name + "-zg-1"});
    PILEUS_TRY(keep_named(
        zones, query.names, [](const ZoneView& z) { return z.name; }, "availability zone"));
    PILEUS_TRY(keep_named(
        zones, query.ids, [](const ZoneView& z) { return z.id; }, "availability zone-id"));
    return choose(context_, caller, zone_listing, query.filters, std::move(zones));
}

Result<std::vector<AccountAttribute>>
Account::describe_attributes(const domain::Caller& caller, const std::vector<std::string>& names) {
    const auto vpc = context_.store.read(
        [&](store::Transaction& tx) { return store::vpcs::find_default(tx, scope_of(caller)); });
    const auto& limits = context_.settings.limits;
    std::vector<AccountAttribute> attributes{
        {"supported-platforms", {"VPC"}},
        {"default-vpc", {vpc ? vpc->id : "none"}},
        {"max-instances", {std::to_string(limits.instances_per_launch)}},
        {"vpc-max-security-groups-per-interface",
         {std::to_string(limits.security_groups_per_interface)}},
        {"max-elastic-ips", {std::to_string(limits.elastic_addresses)}},
        {"vpc-max-elastic-ips", {std::to_string(limits.elastic_addresses)}},
    };
    PILEUS_TRY(keep_named(
        attributes, names, [](const AccountAttribute& a) { return a.name; }, "account attribute"));
    PILEUS_TRY(end_if_dry_run(caller));
    return attributes;
}

} // namespace pileus::cloud
