// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpcs.h"

#include "cloud/listing.h"
#include "cloud/security_groups.h"
#include "domain/ids.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
constexpr std::string_view default_vpc_cidr = "172.31.0.0/16";
constexpr int default_subnet_prefix = 20;
constexpr int reserved_addresses = 5; // of each subnet: network, router, DNS, future use, broadcast

constexpr FilterField<VpcView> vpc_filters[]{
    {"cidr", [](const VpcView& v, const Emit& emit) { emit(v.vpc.cidr_block); }},
    {"cidr-block", [](const VpcView& v, const Emit& emit) { emit(v.vpc.cidr_block); }},
    {"cidr-block-association.association-id",
     [](const VpcView& v, const Emit& emit) { emit(v.vpc.cidr_association_id); }},
    {"cidr-block-association.cidr-block",
     [](const VpcView& v, const Emit& emit) { emit(v.vpc.cidr_block); }},
    {"cidr-block-association.state", [](const VpcView&, const Emit& emit) { emit("associated"); }},
    {"dhcp-options-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.dhcp_options_id); }},
    {"ipv6-cidr-block-association.association-id", emit_nothing<VpcView>},
    {"ipv6-cidr-block-association.ipv6-cidr-block", emit_nothing<VpcView>},
    {"ipv6-cidr-block-association.ipv6-pool", emit_nothing<VpcView>},
    {"ipv6-cidr-block-association.state", emit_nothing<VpcView>},
    {"is-default", [](const VpcView& v, const Emit& emit) { emit(filter_bool(v.vpc.is_default)); }},
    {"isDefault", [](const VpcView& v, const Emit& emit) { emit(filter_bool(v.vpc.is_default)); }},
    {"owner-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.account_id); }},
    {"state", [](const VpcView&, const Emit& emit) { emit("available"); }},
    {"vpc-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.id); }},
};

constexpr ListingKind<VpcView> vpc_listing{
    "DescribeVpcs", vpc_filters, [](const VpcView& v) { return v.vpc.id; }};

void emit_zone(const SubnetView& v, const Emit& emit) {
    emit(v.subnet.zone);
}
void emit_zone_id(const SubnetView& v, const Emit& emit) {
    emit(v.subnet.zone_id);
}
void emit_cidr(const SubnetView& v, const Emit& emit) {
    emit(v.subnet.cidr_block);
}
void emit_default(const SubnetView& v, const Emit& emit) {
    emit(filter_bool(v.subnet.is_default));
}

constexpr FilterField<SubnetView> subnet_filters[]{
    {"availability-zone", emit_zone},
    {"availability-zone-id", emit_zone_id},
    {"availabilityZone", emit_zone},
    {"availabilityZoneId", emit_zone_id},
    {"available-ip-address-count",
     [](const SubnetView& v, const Emit& emit) { emit(std::to_string(v.available_addresses)); }},
    {"cidr", emit_cidr},
    {"cidr-block", emit_cidr},
    {"cidrBlock", emit_cidr},
    {"customer-owned-ipv4-pool", emit_nothing<SubnetView>},
    {"default-for-az", emit_default},
    {"defaultForAz", emit_default},
    {"enable-dns64", emit_false<SubnetView>},
    {"enable-lni-at-device-index", emit_nothing<SubnetView>},
    {"ipv6-cidr-block-association.association-id", emit_nothing<SubnetView>},
    {"ipv6-cidr-block-association.ipv6-cidr-block", emit_nothing<SubnetView>},
    {"ipv6-cidr-block-association.state", emit_nothing<SubnetView>},
    {"ipv6-native", emit_false<SubnetView>},
    {"map-customer-owned-ip-on-launch", emit_false<SubnetView>},
    {"map-public-ip-on-launch",
     [](const SubnetView& v, const Emit& emit) {
         emit(filter_bool(v.subnet.map_public_ip_on_launch));
     }},
    {"outpost-arn", emit_nothing<SubnetView>},
    {"owner-id", [](const SubnetView& v, const Emit& emit) { emit(v.subnet.account_id); }},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
     emit_false<SubnetView>},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
     emit_false<SubnetView>},
    {"private-dns-name-options-on-launch.hostname-type",
     [](const SubnetView&, const Emit& emit) { emit("ip-name"); }},
    {"state", [](const SubnetView&, const Emit& emit) { emit("available"); }},
    {"subnet-arn",
     [](const SubnetView& v, const Emit& emit) {
         emit(resource_arn(kinds::subnet, v.subnet.region, v.subnet.account_id, v.subnet.id));
     }},
    {"subnet-id", [](const SubnetView& v, const Emit& emit) { emit(v.subnet.id); }},
    {"vpc-id", [](const SubnetView& v, const Emit& emit) { emit(v.subnet.vpc_id); }},
};

constexpr ListingKind<SubnetView> subnet_listing{
    "DescribeSubnets", subnet_filters, [](const SubnetView& v) { return v.subnet.id; }};

std::vector<VpcView> view_vpcs(store::Transaction& tx, std::vector<domain::Vpc> vpcs) {
    std::vector<VpcView> views;
    for (auto& vpc : vpcs)
        views.push_back({std::move(vpc), {}});
    attach_tags(tx, views, [](const VpcView& v) { return v.vpc.id; });
    return views;
}

int count_available(store::Transaction& tx, const domain::Subnet& subnet) {
    const auto cidr = Ipv4Cidr::parse(subnet.cidr_block);
    const auto size = cidr ? static_cast<int>(cidr->size()) : 0;
    return std::max(
        0, size - reserved_addresses - store::network_interfaces::count_in_subnet(tx, subnet.id));
}

std::vector<SubnetView> view_subnets(store::Transaction& tx, std::vector<domain::Subnet> subnets) {
    std::vector<SubnetView> views;
    for (auto& subnet : subnets) {
        const int available = count_available(tx, subnet);
        views.push_back({std::move(subnet), available, {}});
    }
    attach_tags(tx, views, [](const SubnetView& v) { return v.subnet.id; });
    return views;
}

domain::Vpc make_default_vpc(const Context& context, const store::Scope& scope) {
    domain::Vpc vpc;
    vpc.id = domain::new_id(context.random, domain::prefix::vpc);
    vpc.account_id = scope.account_id;
    vpc.region = scope.region;
    vpc.cidr_block = default_vpc_cidr;
    vpc.cidr_association_id = domain::new_id(context.random, domain::prefix::vpc_cidr_association);
    vpc.dhcp_options_id = domain::new_id(context.random, domain::prefix::dhcp_options);
    vpc.is_default = true;
    vpc.created_at = context.clock.now();
    return vpc;
}

// The n-th default subnet of a default VPC: 172.31.0.0/20, 172.31.16.0/20 …
domain::Subnet make_default_subnet(const Context& context,
                                   const domain::Vpc& vpc,
                                   const Zone& zone,
                                   size_t index) {
    const auto block = Ipv4Cidr::parse(vpc.cidr_block).value();
    const uint64_t size = Ipv4Cidr{{}, default_subnet_prefix}.size();
    domain::Subnet subnet;
    subnet.id = domain::new_id(context.random, domain::prefix::subnet);
    subnet.account_id = vpc.account_id;
    subnet.region = vpc.region;
    subnet.vpc_id = vpc.id;
    subnet.zone = zone.name;
    subnet.zone_id = zone.id;
    subnet.cidr_block = Ipv4Cidr{block.at(index * size), default_subnet_prefix}.str();
    subnet.is_default = true;
    subnet.map_public_ip_on_launch = true;
    subnet.created_at = vpc.created_at;
    return subnet;
}

} // namespace

Result<void> Vpcs::ensure_default(const domain::Caller& caller) {
    const std::pair key{caller.account_id, caller.region};
    {
        const std::lock_guard lock(mutex_);
        if (known_.contains(key))
            return {};
    }
    const auto* region = find_region(context_.settings, caller.region);
    if (region == nullptr)
        return fail(codes::auth_failure,
                    fmt::format("This installation has no region '{}'.", caller.region));
    const auto scope = scope_of(caller);
    const bool is_there = context_.store.read(
        [&](store::Transaction& tx) { return store::vpcs::find_default(tx, scope).has_value(); });
    if (!is_there)
        PILEUS_TRY(context_.store.write([&](store::Transaction& tx) -> Result<void> {
            if (store::vpcs::find_default(tx, scope))
                return {}; // another thread was quicker
            const auto vpc = make_default_vpc(context_, scope);
            store::vpcs::insert(tx, vpc);
            for (size_t i = 0; i < region->zones.size(); ++i)
                store::subnets::insert(tx, make_default_subnet(context_, vpc, region->zones[i], i));
            create_default_group(tx, context_, vpc);
            return {};
        }));
    const std::lock_guard lock(mutex_);
    known_.insert(key);
    return {};
}

Result<Listing<VpcView>> Vpcs::describe(const domain::Caller& caller,
                                        const std::vector<std::string>& ids,
                                        const Filters& filters,
                                        const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, store::vpcs::find(tx, scope, id), view_vpcs);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_vpcs(tx, store::vpcs::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(context_, caller, vpc_listing, kinds::vpc, ids, filters, page, find);
    return list_matching(context_, caller, vpc_listing, filters, page, batch);
}

Result<Listing<SubnetView>> Vpcs::describe_subnets(const domain::Caller& caller,
                                                   const std::vector<std::string>& ids,
                                                   const Filters& filters,
                                                   const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, store::subnets::find(tx, scope, id), view_subnets);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_subnets(tx, store::subnets::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, subnet_listing, kinds::subnet, ids, filters, page, find);
    return list_matching(context_, caller, subnet_listing, filters, page, batch);
}

} // namespace pileus::cloud
