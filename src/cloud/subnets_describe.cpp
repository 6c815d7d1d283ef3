// SPDX-License-Identifier: Apache-2.0
#include "cloud/listing.h"
#include "cloud/subnets.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"

#include <algorithm>

namespace pileus::cloud {

namespace {

constexpr int reserved_addresses = 5; // of each subnet: network, router, DNS, future use, broadcast

template <std::string domain::Subnet::*member>
void emit_text(const SubnetView& v, const Emit& emit) {
    if (!(v.subnet.*member).empty())
        emit(v.subnet.*member);
}
template <bool domain::Subnet::*member> void emit_bool(const SubnetView& v, const Emit& emit) {
    emit(filter_bool(v.subnet.*member));
}

using Subnet = domain::Subnet;

constexpr FilterField<SubnetView> subnet_filters[]{
    {"availability-zone", emit_text<&Subnet::zone>},
    {"availability-zone-id", emit_text<&Subnet::zone_id>},
    {"availabilityZone", emit_text<&Subnet::zone>},
    {"availabilityZoneId", emit_text<&Subnet::zone_id>},
    {"available-ip-address-count",
     [](const SubnetView& v, const Emit& emit) { emit(std::to_string(v.available_addresses)); }},
    {"cidr", emit_text<&Subnet::cidr_block>},
    {"cidr-block", emit_text<&Subnet::cidr_block>},
    {"cidrBlock", emit_text<&Subnet::cidr_block>},
    {"customer-owned-ipv4-pool", emit_nothing<SubnetView>},
    {"default-for-az", emit_bool<&Subnet::is_default>},
    {"defaultForAz", emit_bool<&Subnet::is_default>},
    {"enable-dns64", emit_bool<&Subnet::enable_dns64>},
    {"enable-lni-at-device-index", emit_nothing<SubnetView>},
    {"ipv6-cidr-block-association.association-id", emit_text<&Subnet::ipv6_cidr_association_id>},
    {"ipv6-cidr-block-association.ipv6-cidr-block", emit_text<&Subnet::ipv6_cidr_block>},
    {"ipv6-cidr-block-association.state",
     [](const SubnetView& v, const Emit& emit) {
         if (!v.subnet.ipv6_cidr_block.empty())
             emit("associated");
     }},
    {"ipv6-native", emit_false<SubnetView>},
    {"map-customer-owned-ip-on-launch", emit_false<SubnetView>},
    {"map-public-ip-on-launch", emit_bool<&Subnet::map_public_ip_on_launch>},
    {"outpost-arn", emit_nothing<SubnetView>},
    {"owner-id", emit_text<&Subnet::account_id>},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
     emit_bool<&Subnet::resource_name_dns_a_record>},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
     emit_bool<&Subnet::resource_name_dns_aaaa_record>},
    {"private-dns-name-options-on-launch.hostname-type", emit_text<&Subnet::host_name_type>},
    {"state", [](const SubnetView&, const Emit& emit) { emit("available"); }},
    {"subnet-arn",
     [](const SubnetView& v, const Emit& emit) {
         emit(resource_arn(kinds::subnet, v.subnet.region, v.subnet.account_id, v.subnet.id));
     }},
    {"subnet-id", emit_text<&Subnet::id>},
    {"vpc-id", emit_text<&Subnet::vpc_id>},
};

constexpr ListingKind<SubnetView> subnet_listing{
    "DescribeSubnets", subnet_filters, [](const SubnetView& v) { return v.subnet.id; }};

int count_available(store::Transaction& tx, const domain::Subnet& subnet) {
    const auto cidr = Ipv4Cidr::parse(subnet.cidr_block);
    const auto size = cidr ? static_cast<int>(cidr->size()) : 0;
    return std::max(
        0, size - reserved_addresses - store::network_interfaces::count_in_subnet(tx, subnet.id));
}

} // namespace

std::vector<SubnetView> view_subnets(store::Transaction& tx, std::vector<domain::Subnet> subnets) {
    std::vector<SubnetView> views;
    for (auto& subnet : subnets) {
        const int available = count_available(tx, subnet);
        views.push_back({std::move(subnet), available, {}});
    }
    attach_tags(tx, views, [](const SubnetView& v) { return v.subnet.id; });
    return views;
}

Result<Listing<SubnetView>> Subnets::describe(const domain::Caller& caller,
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
