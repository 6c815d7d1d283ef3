// SPDX-License-Identifier: Apache-2.0
#include "cloud/listing.h"
#include "cloud/vpcs.h"
#include "store/vpcs.h"

namespace pileus::cloud {

namespace {

template <bool is_ipv6, std::string domain::VpcCidrBlock::*member>
void emit_blocks(const VpcView& v, const Emit& emit) {
    for (const auto& block : v.blocks)
        if (block.is_ipv6 == is_ipv6)
            emit(block.*member);
}
// The state and the pool of each block are always these.
template <bool is_ipv6> void emit_state(const VpcView& v, const Emit& emit) {
    for (const auto& block : v.blocks)
        if (block.is_ipv6 == is_ipv6)
            emit("associated");
}
void emit_pool(const VpcView& v, const Emit& emit) {
    for (const auto& block : v.blocks)
        if (block.is_ipv6)
            emit("Amazon");
}
void emit_primary_block(const VpcView& v, const Emit& emit) {
    emit(v.vpc.cidr_block);
}
void emit_default(const VpcView& v, const Emit& emit) {
    emit(filter_bool(v.vpc.is_default));
}

using Block = domain::VpcCidrBlock;

constexpr FilterField<VpcView> vpc_filters[]{
    {"cidr", emit_primary_block},
    {"cidr-block", emit_primary_block},
    {"cidrBlock", emit_primary_block},
    {"cidr-block-association.association-id",
     [](const VpcView& v, const Emit& emit) {
         emit(v.vpc.cidr_association_id);
         emit_blocks<false, &Block::association_id>(v, emit);
     }},
    {"cidr-block-association.cidr-block",
     [](const VpcView& v, const Emit& emit) {
         emit(v.vpc.cidr_block);
         emit_blocks<false, &Block::cidr_block>(v, emit);
     }},
    {"cidr-block-association.state", [](const VpcView&, const Emit& emit) { emit("associated"); }},
    {"dhcp-options-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.dhcp_options_id); }},
    {"dhcpOptionsId", [](const VpcView& v, const Emit& emit) { emit(v.vpc.dhcp_options_id); }},
    {"ipv6-cidr-block-association.association-id", emit_blocks<true, &Block::association_id>},
    {"ipv6-cidr-block-association.ipv6-cidr-block", emit_blocks<true, &Block::cidr_block>},
    {"ipv6-cidr-block-association.ipv6-pool", emit_pool},
    {"ipv6-cidr-block-association.state", emit_state<true>},
    {"is-default", emit_default},
    {"isDefault", emit_default},
    {"owner-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.account_id); }},
    {"state", [](const VpcView&, const Emit& emit) { emit("available"); }},
    {"vpc-id", [](const VpcView& v, const Emit& emit) { emit(v.vpc.id); }},
};

constexpr ListingKind<VpcView> vpc_listing{
    "DescribeVpcs", vpc_filters, [](const VpcView& v) { return v.vpc.id; }};

} // namespace

std::vector<VpcView> view_vpcs(store::Transaction& tx, std::vector<domain::Vpc> vpcs) {
    std::vector<VpcView> views;
    for (auto& vpc : vpcs) {
        auto blocks = store::vpc_cidr_blocks::list_of_vpc(tx, vpc.id);
        views.push_back({std::move(vpc), std::move(blocks), {}});
    }
    attach_tags(tx, views, [](const VpcView& v) { return v.vpc.id; });
    return views;
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

} // namespace pileus::cloud
