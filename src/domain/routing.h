// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::domain {

struct RouteTable {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    Time created_at{};
};

// Each VPC has one main association, for the subnets that have none of their own.
struct RouteTableAssociation {
    std::string id; // rtbassoc-…
    std::string route_table_id;
    std::string vpc_id;
    std::string subnet_id; // "" in the main association
};

// The routes to the VPC's own blocks are implied and have no row.
struct Route {
    std::string route_table_id;
    std::string
        destination;       // a block of either family as EC2 writes it, or the id of a prefix list
    std::string target_id; // igw-, eigw-, nat-, eni- or pcx-; its prefix says what it is. It may be
                           // gone: a black hole
};

struct InternetGateway {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id; // "" while it is not attached
    Time created_at{};
};

struct EgressOnlyInternetGateway {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    Time created_at{};
};

enum class NatGatewayState { pending, failed, available, deleting, deleted };

struct NatGateway {
    std::string id;
    std::string account_id;
    std::string region;
    std::string vpc_id;
    std::string subnet_id;
    bool is_public = true; // connectivity type
    NatGatewayState state = NatGatewayState::pending;
    std::string failure_code;
    std::string failure_message;
    std::string network_interface_id; // its own; gone when it is deleted
    std::string allocation_id;        // of its Elastic IP; "" for a private one
    std::string association_id;
    std::string private_ip; // both stay readable after it was deleted
    std::string public_ip;
    std::string client_token;
    Time created_at{};
    std::optional<Time> deleted_at; // visible for an hour after
};

enum class PeeringState {
    initiating_request,
    pending_acceptance,
    active,
    rejected,
    failed,
    expired,
    deleted,
};

struct VpcPeeringConnection {
    std::string id;
    std::string requester_account_id;
    std::string requester_region;
    std::string requester_vpc_id;
    std::string accepter_account_id;
    std::string accepter_region;
    std::string accepter_vpc_id;
    PeeringState state = PeeringState::pending_acceptance;
    std::string message;
    bool requester_resolves_dns = false; // AllowDnsResolutionFromRemoteVpc, by side
    bool accepter_resolves_dns = false;
    Time created_at{};
    Time expires_at{}; // a request waits 7 days
    std::optional<Time>
        ended_at; // rejected, failed, expired or deleted: visible for some hours after
};

std::string_view to_string(NatGatewayState state); // EC2's words: "available"
std::optional<NatGatewayState> parse_nat_gateway_state(std::string_view text);
std::string_view to_string(PeeringState state); // "pending-acceptance"
std::optional<PeeringState> parse_peering_state(std::string_view text);

} // namespace pileus::domain
