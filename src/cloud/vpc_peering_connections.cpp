// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpc_peering_connections.h"

#include "cloud/listing.h"
#include "cloud/peering_rows.h"
#include "cloud/vpc_blocks.h"
#include "cloud/vpc_work.h"
#include "cloud/vpcs.h"
#include "domain/ids.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace peerings = store::vpc_peering_connections;

namespace {

using domain::PeeringState;
using Peering = domain::VpcPeeringConnection;

constexpr auto request_lifetime = std::chrono::hours{24 * 7};
constexpr std::string_view failure =
    "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range";

bool overlap(store::Transaction& tx, const domain::Vpc& a, const domain::Vpc& b) {
    const auto ipv4_of_b = ipv4_blocks_of(tx, b);
    for (const auto& one : ipv4_blocks_of(tx, a))
        for (const auto& other : ipv4_of_b)
            if (one.overlaps(other))
                return true;
    return false;
}

// A live peering of these two VPCs, whoever asked for it.
std::optional<Peering> find_between(store::Transaction& tx,
                                    const Context& context,
                                    const std::string& vpc_id,
                                    const std::string& peer_vpc_id) {
    for (auto& row : peerings::list_of_vpc(tx, vpc_id)) {
        auto peering = settled(std::move(row), context.clock.now());
        const bool is_theirs =
            peering.requester_vpc_id == peer_vpc_id || peering.accepter_vpc_id == peer_vpc_id;
        if (is_theirs && (peering.state == PeeringState::active ||
                          peering.state == PeeringState::pending_acceptance))
            return peering;
    }
    return std::nullopt;
}

Result<void>
check_requests(store::Transaction& tx, const Context& context, const domain::Caller& caller) {
    const auto all = peerings::list(tx, scope_of(caller), {.after_id = "", .limit = 100000});
    const auto count = std::count_if(all.begin(), all.end(), [&](const Peering& row) {
        return is_requester(row, caller) &&
               settled(row, context.clock.now()).state == PeeringState::pending_acceptance;
    });
    if (count >= context.settings.limits.outstanding_peering_requests)
        return fail(codes::outstanding_peering_limit_exceeded,
                    "The maximum number of outstanding VPC peering connection requests has been "
                    "reached.");
    return {};
}

Result<void>
check_active(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    const auto active = active_peers_of(tx, vpc_id).size();
    if (active >= static_cast<size_t>(context.settings.limits.peering_connections_per_vpc))
        return fail(codes::peering_limit_exceeded,
                    fmt::format("The maximum number of active VPC peering connections of '{}' has "
                                "been reached.",
                                vpc_id));
    return {};
}

Peering
make_peering(const Context& context, const domain::Caller& caller, const PeeringCreation& request) {
    Peering p;
    p.id = domain::new_id(context.random, domain::prefix::vpc_peering_connection);
    p.requester_account_id = caller.account_id;
    p.requester_region = caller.region;
    p.requester_vpc_id = request.vpc_id;
    p.accepter_account_id =
        request.peer_owner_id.empty() ? caller.account_id : request.peer_owner_id;
    p.accepter_region = request.peer_region.empty() ? caller.region : request.peer_region;
    p.accepter_vpc_id = request.peer_vpc_id;
    p.state = PeeringState::pending_acceptance;
    p.message = fmt::format("Pending Acceptance by {}", p.accepter_account_id);
    p.created_at = context.clock.now();
    p.expires_at = p.created_at + request_lifetime;
    return p;
}

void end(Peering& peering, PeeringState state, std::string message, Time now) {
    peering.state = state;
    peering.message = std::move(message);
    peering.ended_at = now;
}

tl::unexpected<Error> bad_transition(const Peering& p, std::string_view wanted) {
    return fail(
        codes::invalid_state_transition,
        fmt::format("Invalid state transition for {}, attempted to transition from {} to {}",
                    p.id,
                    to_string(p.state),
                    wanted));
}

tl::unexpected<Error>
not_permitted(const domain::Caller& caller, const Peering& p, const char* what) {
    return fail(codes::operation_not_permitted,
                fmt::format("User ({}) cannot {} peering {}", caller.account_id, what, p.id));
}

void enqueue_both(store::Transaction& tx, const Context& context, const Peering& p) {
    enqueue_vpc(tx, context, p.requester_vpc_id);
    enqueue_vpc(tx, context, p.accepter_vpc_id);
}

// What nobody can see any more goes with the next change.
void forget_ended(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    const auto now = context.clock.now();
    for (const auto& row : peerings::list_of_vpc(tx, vpc_id))
        if (!is_visible(settled(row, now), now)) {
            store::tags::erase_all(tx, row.id);
            peerings::erase(tx, row.id);
        }
}

bool resolves_own_names(store::Transaction& tx, const std::string& vpc_id) {
    const auto vpc = store::vpcs::find(tx, vpc_id);
    return vpc && vpc->enable_dns_support && vpc->enable_dns_hostnames;
}

Result<void> check_options(store::Transaction& tx,
                           const domain::Caller& caller,
                           const Peering& p,
                           const PeeringOptions& options) {
    if (p.state != PeeringState::active)
        return fail(codes::operation_not_permitted,
                    fmt::format("Peering {} is not active. Peering options can be added only to "
                                "active peerings.",
                                p.id));
    if ((options.requester_resolves_dns && !is_requester(p, caller)) ||
        (options.accepter_resolves_dns && !is_accepter(p, caller)))
        return not_permitted(caller, p, "modify the other side's options of");
    if ((options.requester_resolves_dns == true || options.accepter_resolves_dns == true) &&
        !(resolves_own_names(tx, p.requester_vpc_id) && resolves_own_names(tx, p.accepter_vpc_id)))
        return fail(codes::operation_not_permitted,
                    fmt::format("Peering {}: both VPCs need DNS support and DNS hostnames "
                                "(ModifyVpcAttribute) for private names to resolve across it.",
                                p.id));
    return {};
}

} // namespace

std::vector<domain::Vpc> active_peers_of(store::Transaction& tx, const std::string& vpc_id) {
    std::vector<domain::Vpc> peers;
    for (const auto& peering : peerings::list_of_vpc(tx, vpc_id)) {
        if (peering.state != PeeringState::active)
            continue;
        const auto& other =
            peering.requester_vpc_id == vpc_id ? peering.accepter_vpc_id : peering.requester_vpc_id;
        if (auto vpc = store::vpcs::find(tx, other))
            peers.push_back(std::move(*vpc));
    }
    return peers;
}

void enqueue_active_peers(store::Transaction& tx,
                          const Context& context,
                          const std::string& vpc_id) {
    for (const auto& peer : active_peers_of(tx, vpc_id))
        enqueue_vpc(tx, context, peer.id);
}

void end_peerings_of(store::Transaction& tx,
                     const Context& context,
                     const domain::Caller& caller,
                     const std::string& vpc_id) {
    const auto now = context.clock.now();
    for (auto& row : peerings::list_of_vpc(tx, vpc_id)) {
        auto peering = settled(std::move(row), now);
        if (peering.state != PeeringState::active &&
            peering.state != PeeringState::pending_acceptance)
            continue;
        end(peering, PeeringState::deleted, fmt::format("Deleted by {}", caller.account_id), now);
        peerings::update(tx, peering);
        enqueue_both(tx, context, peering);
    }
}

Result<PeeringView> VpcPeeringConnections::create(const domain::Caller& caller,
                                                  const PeeringCreation& request) {
    if (request.peer_vpc_id.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter peerVpcId");
    PILEUS_TRY(check_tag_specifications(
        context_, request.tag_specifications, {kinds::vpc_peering_connection.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<PeeringView> {
        PILEUS_ASSIGN(const auto vpc, find_vpc(tx, caller, request.vpc_id));
        auto peering = make_peering(context_, caller, request);
        const auto peer = store::vpcs::find(
            tx, {peering.accepter_account_id, peering.accepter_region}, request.peer_vpc_id);
        if (const auto earlier = peer ? find_between(tx, context_, vpc.id, peer->id) : std::nullopt)
            return fail(codes::peering_already_exists,
                        fmt::format("A VPC peering connection between {} and {} already exists: {}",
                                    vpc.id,
                                    peer->id,
                                    earlier->id));
        PILEUS_TRY(check_requests(tx, context_, caller));
        PILEUS_TRY(end_if_dry_run(caller));
        // Whether it is another account's VPC that is not there or one that overlaps is not said.
        if (!peer || overlap(tx, vpc, *peer))
            end(peering, PeeringState::failed, std::string(failure), context_.clock.now());
        forget_ended(tx, context_, vpc.id);
        peerings::insert(tx, peering);
        write_tags(
            tx, caller, request.tag_specifications, kinds::vpc_peering_connection.type, peering.id);
        return view_peering(tx, caller, peering);
    });
}

Result<PeeringView> VpcPeeringConnections::accept(const domain::Caller& caller,
                                                  const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<PeeringView> {
        PILEUS_ASSIGN(auto peering, find_peering(tx, context_, caller, id));
        if (!is_accepter(peering, caller))
            return not_permitted(caller, peering, "accept");
        if (peering.state != PeeringState::pending_acceptance)
            return bad_transition(peering, "active");
        const auto requester = store::vpcs::find(tx, peering.requester_vpc_id);
        const auto accepter = store::vpcs::find(tx, peering.accepter_vpc_id);
        if (!requester || !accepter)
            return bad_transition(peering, "active");
        PILEUS_TRY(check_active(tx, context_, peering.requester_vpc_id));
        PILEUS_TRY(check_active(tx, context_, peering.accepter_vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        if (overlap(tx, *requester, *accepter)) { // a block came in the meantime
            end(peering, PeeringState::failed, std::string(failure), context_.clock.now());
        } else {
            peering.state = PeeringState::active;
            peering.message = "Active";
        }
        peerings::update(tx, peering);
        enqueue_both(tx, context_, peering);
        return view_peering(tx, caller, peering);
    });
}

Result<void> VpcPeeringConnections::reject(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto peering, find_peering(tx, context_, caller, id));
        if (!is_accepter(peering, caller))
            return not_permitted(caller, peering, "reject");
        if (peering.state != PeeringState::pending_acceptance)
            return bad_transition(peering, "rejected");
        PILEUS_TRY(end_if_dry_run(caller));
        end(peering,
            PeeringState::rejected,
            fmt::format("Rejected by {}", caller.account_id),
            context_.clock.now());
        peerings::update(tx, peering);
        return {};
    });
}

Result<void> VpcPeeringConnections::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto peering, find_peering(tx, context_, caller, id));
        if (peering.state == PeeringState::pending_acceptance && !is_requester(peering, caller))
            return not_permitted(caller, peering, "delete");
        if (peering.state != PeeringState::active &&
            peering.state != PeeringState::pending_acceptance)
            return bad_transition(peering, "deleting");
        PILEUS_TRY(end_if_dry_run(caller));
        end(peering,
            PeeringState::deleted,
            fmt::format("Deleted by {}", caller.account_id),
            context_.clock.now());
        peerings::update(tx, peering);
        enqueue_both(tx, context_, peering);
        return {};
    });
}

Result<Peering> VpcPeeringConnections::modify_options(const domain::Caller& caller,
                                                      const std::string& id,
                                                      const PeeringOptions& options) {
    if (!options.unsupported_option.empty())
        return fail(codes::unsupported_operation,
                    fmt::format("The option {} is not supported by Pileus: it has no ClassicLink.",
                                options.unsupported_option));
    if (!options.requester_resolves_dns && !options.accepter_resolves_dns)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter accepterPeeringConnectionOptions or "
                    "requesterPeeringConnectionOptions");
    return context_.store.write([&](store::Transaction& tx) -> Result<Peering> {
        PILEUS_ASSIGN(auto peering, find_peering(tx, context_, caller, id));
        PILEUS_TRY(check_options(tx, caller, peering, options));
        PILEUS_TRY(end_if_dry_run(caller));
        peering.requester_resolves_dns =
            options.requester_resolves_dns.value_or(peering.requester_resolves_dns);
        peering.accepter_resolves_dns =
            options.accepter_resolves_dns.value_or(peering.accepter_resolves_dns);
        peerings::update(tx, peering);
        enqueue_both(tx, context_, peering);
        return peering;
    });
}

} // namespace pileus::cloud
