// SPDX-License-Identifier: Apache-2.0
//
// Elastic IP addresses: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/allocate_address.h"
#include "model/ec2/associate_address.h"
#include "model/ec2/describe_addresses.h"
#include "model/ec2/describe_addresses_attribute.h"
#include "model/ec2/disassociate_address.h"
#include "model/ec2/modify_address_attribute.h"
#include "model/ec2/release_address.h"
#include "model/ec2/reset_address_attribute.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

constexpr std::string_view only_attribute = "domain-name";

Result<void>
allocate_address(Call& call, model::AllocateAddressRequest in, model::AllocateAddressResult out) {
    const auto refuse = [](std::string_view what) {
        return fail(codes::unsupported_operation,
                    fmt::format("AllocateAddress: {} is not supported: leave it out.", what));
    };
    if (in.domain().value_or("vpc") != "vpc")
        return refuse("Domain other than vpc");
    if (in.customer_owned_ipv4_pool())
        return refuse("CustomerOwnedIpv4Pool");
    if (in.ipam_pool_id())
        return refuse("IpamPoolId");
    PILEUS_ASSIGN(const auto address,
                  call.cloud.addresses.allocate(call.caller,
                                                {text(in.address()),
                                                 text(in.network_border_group()),
                                                 text(in.public_ipv4_pool()),
                                                 tag_specifications_of(in)}));
    out.set_public_ip(address.public_ip)
        .set_allocation_id(address.allocation_id)
        .set_public_ipv4_pool("amazon")
        .set_network_border_group(address.region)
        .set_domain("vpc");
    return {};
}

Result<void> associate_address(Call& call,
                               model::AssociateAddressRequest in,
                               model::AssociateAddressResult out) {
    cloud::AddressAssociation request;
    request.address = {text(in.allocation_id()), text(in.public_ip())};
    request.instance_id = text(in.instance_id());
    request.network_interface_id = text(in.network_interface_id());
    request.private_ip = text(in.private_ip_address());
    request.allow_reassociation = in.allow_reassociation().value_or(true);
    PILEUS_ASSIGN(const auto id, call.cloud.addresses.associate(call.caller, request));
    out.set_association_id(id);
    return {};
}

Result<void> disassociate_address(Call& call, model::DisassociateAddressRequest in, model::Unit) {
    return call.cloud.addresses.disassociate(
        call.caller, text(in.association_id()), text(in.public_ip()));
}

Result<void> release_address(Call& call, model::ReleaseAddressRequest in, model::Unit) {
    return call.cloud.addresses.release(call.caller,
                                        {text(in.allocation_id()), text(in.public_ip())},
                                        text(in.network_border_group()));
}

void write_address(const cloud::AddressView& view, model::Address out) {
    const auto& address = view.address;
    out.set_public_ip(address.public_ip)
        .set_allocation_id(address.allocation_id)
        .set_public_ipv4_pool("amazon")
        .set_network_border_group(address.region)
        .set_domain("vpc");
    write_tags(view.tags, out);
    out.set_instance_id(view.instance_id); // empty when there is none, as EC2 has it
    if (address.association_id.empty())
        return;
    out.set_association_id(address.association_id)
        .set_network_interface_id(address.network_interface_id)
        .set_network_interface_owner_id(view.interface_owner_id)
        .set_private_ip_address(address.private_ip)
        .set_subnet_id(view.subnet_id);
}

Result<void> describe_addresses(Call& call,
                                model::DescribeAddressesRequest in,
                                model::DescribeAddressesResult out) {
    PILEUS_ASSIGN(
        const auto views,
        call.cloud.addresses.describe(
            call.caller, texts(in.public_ips()), texts(in.allocation_ids()), filters_of(in)));
    for (const auto& view : views)
        write_address(view, out.add_addresses());
    return {};
}

void write_attribute(const domain::Address& address, model::AddressAttribute out) {
    out.set_public_ip(address.public_ip).set_allocation_id(address.allocation_id);
    if (!address.domain_name.empty())
        out.set_ptr_record(address.domain_name);
}

Result<void> check_attribute(std::string_view attribute) {
    if (attribute == only_attribute)
        return {};
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter attribute is invalid. The only one is '{}'.",
                            attribute,
                            only_attribute));
}

Result<void> describe_addresses_attribute(Call& call,
                                          model::DescribeAddressesAttributeRequest in,
                                          model::DescribeAddressesAttributeResult out) {
    PILEUS_TRY(check_attribute(in.attribute().value_or(only_attribute)));
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.addresses.describe_attribute(
                      call.caller, texts(in.allocation_ids()), page_of(in)));
    for (const auto& view : listing.items)
        write_attribute(view.address, out.add_addresses());
    write_next_token(listing.next_token, out);
    return {};
}

// The addresses of the pool are this machine's own: no DNS in the world, and none here, would
// answer for their reverse names.
Result<void> modify_address_attribute(Call& call,
                                      model::ModifyAddressAttributeRequest in,
                                      model::ModifyAddressAttributeResult) {
    PILEUS_ASSIGN(const auto address,
                  call.cloud.addresses.find(call.caller, text(in.allocation_id())));
    return fail(codes::unsupported_operation,
                fmt::format("ModifyAddressAttribute: {} is of this installation's own pool, for "
                            "which nobody serves reverse DNS names.",
                            address.public_ip));
}

Result<void> reset_address_attribute(Call& call,
                                     model::ResetAddressAttributeRequest in,
                                     model::ResetAddressAttributeResult out) {
    PILEUS_TRY(check_attribute(in.attribute().value_or("")));
    PILEUS_ASSIGN(const auto address,
                  call.cloud.addresses.find(call.caller, text(in.allocation_id())));
    write_attribute(address, out.set_address());
    return {};
}

} // namespace

void register_addresses(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::AllocateAddress>(allocate_address);
    registry.add<operations::AssociateAddress>(associate_address);
    registry.add<operations::DisassociateAddress>(disassociate_address);
    registry.add<operations::ReleaseAddress>(release_address);
    registry.add<operations::DescribeAddresses>(describe_addresses);
    registry.add<operations::DescribeAddressesAttribute>(describe_addresses_attribute);
    registry.add<operations::ModifyAddressAttribute>(modify_address_attribute);
    registry.add<operations::ResetAddressAttribute>(reset_address_attribute);
}

} // namespace pileus::api::ec2
