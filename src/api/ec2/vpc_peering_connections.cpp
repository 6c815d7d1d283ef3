// SPDX-License-Identifier: Apache-2.0
//
// CreateVpcPeeringConnection, AcceptVpcPeeringConnection, RejectVpcPeeringConnection,
// DeleteVpcPeeringConnection, DescribeVpcPeeringConnections, ModifyVpcPeeringConnectionOptions:
// wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/accept_vpc_peering_connection.h"
#include "model/ec2/create_vpc_peering_connection.h"
#include "model/ec2/delete_vpc_peering_connection.h"
#include "model/ec2/describe_vpc_peering_connections.h"
#include "model/ec2/modify_vpc_peering_connection_options.h"
#include "model/ec2/reject_vpc_peering_connection.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace {

void write_side(const cloud::PeeringSide& side,
                bool with_options,
                model::VpcPeeringConnectionVpcInfo out) {
    out.set_owner_id(side.account_id).set_vpc_id(side.vpc_id).set_region(side.region);
    if (!side.cidr_block.empty())
        out.set_cidr_block(side.cidr_block);
    for (const auto& block : side.cidr_blocks)
        out.add_cidr_block_set().set_cidr_block(block);
    for (const auto& block : side.ipv6_cidr_blocks)
        out.add_ipv6_cidr_block_set().set_ipv6_cidr_block(block);
    if (with_options)
        out.set_peering_options()
            .set_allow_dns_resolution_from_remote_vpc(side.resolves_dns)
            .set_allow_egress_from_local_classic_link_to_remote_vpc(false)
            .set_allow_egress_from_local_vpc_to_remote_classic_link(false);
}

void write_peering(const cloud::PeeringView& view, model::VpcPeeringConnection out) {
    const auto& peering = view.peering;
    const bool is_active = peering.state == domain::PeeringState::active;
    out.set_vpc_peering_connection_id(peering.id);
    write_side(view.requester, is_active, out.set_requester_vpc_info());
    write_side(view.accepter, is_active, out.set_accepter_vpc_info());
    out.set_status().set_code(to_string(peering.state)).set_message(peering.message);
    if (peering.state == domain::PeeringState::pending_acceptance)
        out.set_expiration_time(peering.expires_at);
    write_tags(view.tags, out);
}

Result<void> create_peering(Call& call,
                            model::CreateVpcPeeringConnectionRequest in,
                            model::CreateVpcPeeringConnectionResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.vpc_peering_connections.create(call.caller,
                                                            {text(in.vpc_id()),
                                                             text(in.peer_vpc_id()),
                                                             text(in.peer_owner_id()),
                                                             text(in.peer_region()),
                                                             tag_specifications_of(in)}));
    // EC2 does not say yet what becomes of the request.
    auto written = out.set_vpc_peering_connection();
    write_peering(view, written);
    written.set_expiration_time(view.peering.expires_at);
    written.set_status()
        .set_code("initiating-request")
        .set_message(fmt::format("Initiating Request to {}", view.accepter.account_id));
    return {};
}

Result<void> accept_peering(Call& call,
                            model::AcceptVpcPeeringConnectionRequest in,
                            model::AcceptVpcPeeringConnectionResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.vpc_peering_connections.accept(call.caller,
                                                            text(in.vpc_peering_connection_id())));
    write_peering(view, out.set_vpc_peering_connection());
    return {};
}

Result<void> reject_peering(Call& call,
                            model::RejectVpcPeeringConnectionRequest in,
                            model::RejectVpcPeeringConnectionResult out) {
    PILEUS_TRY(call.cloud.vpc_peering_connections.reject(call.caller,
                                                         text(in.vpc_peering_connection_id())));
    out.set_return_(true);
    return {};
}

Result<void> delete_peering(Call& call,
                            model::DeleteVpcPeeringConnectionRequest in,
                            model::DeleteVpcPeeringConnectionResult out) {
    PILEUS_TRY(call.cloud.vpc_peering_connections.erase(call.caller,
                                                        text(in.vpc_peering_connection_id())));
    out.set_return_(true);
    return {};
}

Result<void> describe_peerings(Call& call,
                               model::DescribeVpcPeeringConnectionsRequest in,
                               model::DescribeVpcPeeringConnectionsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.vpc_peering_connections.describe(
            call.caller, texts(in.vpc_peering_connection_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_peering(view, out.add_vpc_peering_connections());
    write_next_token(listing.next_token, out);
    return {};
}

std::string unsupported_option(const model::PeeringConnectionOptionsRequest& side) {
    if (side.allow_egress_from_local_classic_link_to_remote_vpc().value_or(false))
        return "AllowEgressFromLocalClassicLinkToRemoteVpc";
    if (side.allow_egress_from_local_vpc_to_remote_classic_link().value_or(false))
        return "AllowEgressFromLocalVpcToRemoteClassicLink";
    return "";
}

void write_options(bool resolves_dns, model::PeeringConnectionOptions out) {
    out.set_allow_dns_resolution_from_remote_vpc(resolves_dns)
        .set_allow_egress_from_local_classic_link_to_remote_vpc(false)
        .set_allow_egress_from_local_vpc_to_remote_classic_link(false);
}

Result<void> modify_peering_options(Call& call,
                                    model::ModifyVpcPeeringConnectionOptionsRequest in,
                                    model::ModifyVpcPeeringConnectionOptionsResult out) {
    const auto requester = in.requester_peering_connection_options();
    const auto accepter = in.accepter_peering_connection_options();
    cloud::PeeringOptions options;
    options.requester_resolves_dns = requester.allow_dns_resolution_from_remote_vpc();
    options.accepter_resolves_dns = accepter.allow_dns_resolution_from_remote_vpc();
    options.unsupported_option = unsupported_option(requester) + unsupported_option(accepter);
    PILEUS_ASSIGN(const auto peering,
                  call.cloud.vpc_peering_connections.modify_options(
                      call.caller, text(in.vpc_peering_connection_id()), options));
    if (requester)
        write_options(peering.requester_resolves_dns,
                      out.set_requester_peering_connection_options());
    if (accepter)
        write_options(peering.accepter_resolves_dns, out.set_accepter_peering_connection_options());
    return {};
}

} // namespace

void register_vpc_peering_connections(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateVpcPeeringConnection>(create_peering);
    registry.add<operations::AcceptVpcPeeringConnection>(accept_peering);
    registry.add<operations::RejectVpcPeeringConnection>(reject_peering);
    registry.add<operations::DeleteVpcPeeringConnection>(delete_peering);
    registry.add<operations::DescribeVpcPeeringConnections>(describe_peerings);
    registry.add<operations::ModifyVpcPeeringConnectionOptions>(modify_peering_options);
}

} // namespace pileus::api::ec2
