// SPDX-License-Identifier: Apache-2.0
#include "cloud/listing.h"
#include "cloud/peering_rows.h"
#include "cloud/vpc_blocks.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

namespace pileus::cloud {

namespace peerings = store::vpc_peering_connections;

namespace {

using domain::PeeringState;
using Peering = domain::VpcPeeringConnection;

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
constexpr auto visible_after_end = std::chrono::hours{2};
constexpr auto visible_after_expiry = std::chrono::hours{24 * 2};

PeeringSide view_side(store::Transaction& tx,
                      const std::string& account_id,
                      const std::string& region,
                      const std::string& vpc_id,
                      bool with_blocks) {
    PeeringSide side{account_id, region, vpc_id, "", {}, {}, false};
    const auto vpc =
        with_blocks ? store::vpcs::find(tx, {account_id, region}, vpc_id) : std::nullopt;
    if (!vpc)
        return side;
    side.cidr_block = vpc->cidr_block;
    for (const auto& block : ipv4_blocks_of(tx, *vpc))
        side.cidr_blocks.push_back(block.str());
    for (const auto& block : ipv6_blocks_of(tx, vpc_id))
        side.ipv6_cidr_blocks.push_back(block.str());
    return side;
}

template <PeeringSide PeeringView::*side> void emit_blocks(const PeeringView& v, const Emit& emit) {
    for (const auto& block : (v.*side).cidr_blocks)
        emit(block);
}
template <PeeringSide PeeringView::*side, std::string PeeringSide::*member>
void emit_side(const PeeringView& v, const Emit& emit) {
    emit(v.*side.*member);
}

constexpr FilterField<PeeringView> peering_filters[]{
    {"accepter-vpc-info.cidr-block", emit_blocks<&PeeringView::accepter>},
    {"accepter-vpc-info.owner-id", emit_side<&PeeringView::accepter, &PeeringSide::account_id>},
    {"accepter-vpc-info.vpc-id", emit_side<&PeeringView::accepter, &PeeringSide::vpc_id>},
    {"expiration-time",
     [](const PeeringView& v, const Emit& emit) { emit(format_iso8601(v.peering.expires_at)); }},
    {"requester-vpc-info.cidr-block", emit_blocks<&PeeringView::requester>},
    {"requester-vpc-info.owner-id", emit_side<&PeeringView::requester, &PeeringSide::account_id>},
    {"requester-vpc-info.vpc-id", emit_side<&PeeringView::requester, &PeeringSide::vpc_id>},
    {"status-code",
     [](const PeeringView& v, const Emit& emit) { emit(to_string(v.peering.state)); }},
    {"status-message", [](const PeeringView& v, const Emit& emit) { emit(v.peering.message); }},
    {"vpc-peering-connection-id",
     [](const PeeringView& v, const Emit& emit) { emit(v.peering.id); }},
};

constexpr ListingKind<PeeringView> peering_listing{
    "DescribeVpcPeeringConnections", peering_filters, [](const PeeringView& v) {
        return v.peering.id;
    }};

} // namespace

bool is_requester(const Peering& p, const domain::Caller& caller) {
    return p.requester_account_id == caller.account_id && p.requester_region == caller.region;
}
bool is_accepter(const Peering& p, const domain::Caller& caller) {
    return p.accepter_account_id == caller.account_id && p.accepter_region == caller.region;
}

domain::VpcPeeringConnection settled(domain::VpcPeeringConnection peering, Time now) {
    if (peering.state == PeeringState::pending_acceptance && now >= peering.expires_at) {
        peering.state = PeeringState::expired;
        peering.message = "Expired";
        peering.ended_at = peering.expires_at;
    }
    return peering;
}

bool is_visible(const domain::VpcPeeringConnection& peering, Time now) {
    if (!peering.ended_at)
        return true;
    const auto visible = peering.state == PeeringState::expired ? Duration{visible_after_expiry}
                                                                : Duration{visible_after_end};
    return now < *peering.ended_at + visible;
}

namespace {

// A request that failed never reached whom it named.
bool concerns(const Peering& peering, const domain::Caller& caller) {
    return peering.state != PeeringState::failed || is_requester(peering, caller);
}

} // namespace

Result<Peering> find_peering(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const std::string& id) {
    const auto now = context.clock.now();
    if (const auto row = peerings::find(tx, scope_of(caller), id)) {
        auto peering = settled(*row, now);
        if (is_visible(peering, now) && concerns(peering, caller))
            return peering;
    }
    return fail(missing_error(kinds::vpc_peering_connection, id));
}

PeeringView view_peering(store::Transaction& tx, const domain::Caller& caller, const Peering& p) {
    const bool is_accepted = p.state == PeeringState::active;
    PeeringView view{p, {}, {}, {}};
    view.requester = view_side(tx,
                               p.requester_account_id,
                               p.requester_region,
                               p.requester_vpc_id,
                               is_accepted || p.state == PeeringState::pending_acceptance ||
                                   is_requester(p, caller));
    view.accepter = view_side(tx,
                              p.accepter_account_id,
                              p.accepter_region,
                              p.accepter_vpc_id,
                              is_accepted || p.accepter_account_id == caller.account_id);
    view.requester.resolves_dns = p.requester_resolves_dns;
    view.accepter.resolves_dns = p.accepter_resolves_dns;
    view.tags = store::tags::list_of(tx, scope_of(caller), p.id);
    return view;
}

Result<Listing<PeeringView>> VpcPeeringConnections::describe(const domain::Caller& caller,
                                                             const std::vector<std::string>& ids,
                                                             const Filters& filters,
                                                             const PageRequest& page) {
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        std::optional<PeeringView> view;
        if (const auto peering = find_peering(tx, context_, caller, id))
            view = view_peering(tx, caller, *peering);
        return view;
    };
    // Filled up when rows are left out that nobody may see any more: a short batch is the last.
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        const auto now = context_.clock.now();
        std::vector<PeeringView> views;
        store::Page next = rows;
        while (static_cast<int>(views.size()) < rows.limit) {
            next.limit = rows.limit - static_cast<int>(views.size());
            auto more = peerings::list(tx, scope_of(caller), next);
            for (auto& row : more) {
                next.after_id = row.id;
                const auto peering = settled(std::move(row), now);
                if (is_visible(peering, now) && concerns(peering, caller))
                    views.push_back(view_peering(tx, caller, peering));
            }
            if (static_cast<int>(more.size()) < next.limit)
                break;
        }
        return views;
    };
    if (!ids.empty())
        return list_named(context_,
                          caller,
                          peering_listing,
                          kinds::vpc_peering_connection,
                          ids,
                          filters,
                          page,
                          find);
    return list_matching(context_, caller, peering_listing, filters, page, batch);
}

} // namespace pileus::cloud
