// SPDX-License-Identifier: Apache-2.0
//
// CreateInternetGateway … DescribeInternetGateways, and the egress-only ones: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/attach_internet_gateway.h"
#include "model/ec2/create_egress_only_internet_gateway.h"
#include "model/ec2/create_internet_gateway.h"
#include "model/ec2/delete_egress_only_internet_gateway.h"
#include "model/ec2/delete_internet_gateway.h"
#include "model/ec2/describe_egress_only_internet_gateways.h"
#include "model/ec2/describe_internet_gateways.h"
#include "model/ec2/detach_internet_gateway.h"

namespace pileus::api::ec2 {

namespace {

void write_gateway(const cloud::InternetGatewayView& view, model::InternetGateway out) {
    out.set_internet_gateway_id(view.gateway.id)
        .set_owner_id(view.gateway.account_id)
        .touch_attachments();
    if (!view.gateway.vpc_id.empty()) // EC2 calls it "available", not "attached"
        out.add_attachments().set_vpc_id(view.gateway.vpc_id).set_state("available");
    write_tags(view.tags, out);
}

void write_egress_only(const cloud::EgressOnlyInternetGatewayView& view,
                       model::EgressOnlyInternetGateway out) {
    out.set_egress_only_internet_gateway_id(view.gateway.id);
    out.add_attachments().set_vpc_id(view.gateway.vpc_id).set_state("attached");
    write_tags(view.tags, out);
}

Result<void> create_internet_gateway(Call& call,
                                     model::CreateInternetGatewayRequest in,
                                     model::CreateInternetGatewayResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.internet_gateways.create(call.caller, tag_specifications_of(in)));
    write_gateway(view, out.set_internet_gateway());
    return {};
}

Result<void>
delete_internet_gateway(Call& call, model::DeleteInternetGatewayRequest in, model::Unit) {
    return call.cloud.internet_gateways.erase(call.caller, text(in.internet_gateway_id()));
}

Result<void>
attach_internet_gateway(Call& call, model::AttachInternetGatewayRequest in, model::Unit) {
    return call.cloud.internet_gateways.attach(
        call.caller, text(in.internet_gateway_id()), text(in.vpc_id()));
}

Result<void>
detach_internet_gateway(Call& call, model::DetachInternetGatewayRequest in, model::Unit) {
    return call.cloud.internet_gateways.detach(
        call.caller, text(in.internet_gateway_id()), text(in.vpc_id()));
}

Result<void> describe_internet_gateways(Call& call,
                                        model::DescribeInternetGatewaysRequest in,
                                        model::DescribeInternetGatewaysResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.internet_gateways.describe(
                      call.caller, texts(in.internet_gateway_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_gateway(view, out.add_internet_gateways());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> create_egress_only_internet_gateway(Call& call,
                                                 model::CreateEgressOnlyInternetGatewayRequest in,
                                                 model::CreateEgressOnlyInternetGatewayResult out) {
    PILEUS_ASSIGN(const auto view,
                  call.cloud.egress_only_internet_gateways.create(
                      call.caller,
                      {text(in.vpc_id()), tag_specifications_of(in), client_token_of(call, in)}));
    write_egress_only(view, out.set_egress_only_internet_gateway());
    if (in.client_token())
        out.set_client_token(text(in.client_token()));
    return {};
}

Result<void> delete_egress_only_internet_gateway(Call& call,
                                                 model::DeleteEgressOnlyInternetGatewayRequest in,
                                                 model::DeleteEgressOnlyInternetGatewayResult out) {
    PILEUS_TRY(call.cloud.egress_only_internet_gateways.erase(
        call.caller, text(in.egress_only_internet_gateway_id())));
    out.set_return_code(true);
    return {};
}

Result<void>
describe_egress_only_internet_gateways(Call& call,
                                       model::DescribeEgressOnlyInternetGatewaysRequest in,
                                       model::DescribeEgressOnlyInternetGatewaysResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.egress_only_internet_gateways.describe(
                      call.caller,
                      texts(in.egress_only_internet_gateway_ids()),
                      filters_of(in),
                      page_of(in)));
    for (const auto& view : listing.items)
        write_egress_only(view, out.add_egress_only_internet_gateways());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_internet_gateways(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateInternetGateway>(create_internet_gateway);
    registry.add<operations::DeleteInternetGateway>(delete_internet_gateway);
    registry.add<operations::AttachInternetGateway>(attach_internet_gateway);
    registry.add<operations::DetachInternetGateway>(detach_internet_gateway);
    registry.add<operations::DescribeInternetGateways>(describe_internet_gateways);
    registry.add<operations::CreateEgressOnlyInternetGateway>(create_egress_only_internet_gateway);
    registry.add<operations::DeleteEgressOnlyInternetGateway>(delete_egress_only_internet_gateway);
    registry.add<operations::DescribeEgressOnlyInternetGateways>(
        describe_egress_only_internet_gateways);
}

} // namespace pileus::api::ec2
