// SPDX-License-Identifier: Apache-2.0
//
// Network interfaces, their attachments and addresses: wire ↔ cloud. Their attributes are in
// network_interface_attributes.cpp.

#include "api/ec2/convert.h"
#include "api/ec2/interface_addresses.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "domain/private_dns.h"
#include "model/ec2/assign_ipv6_addresses.h"
#include "model/ec2/assign_private_ip_addresses.h"
#include "model/ec2/attach_network_interface.h"
#include "model/ec2/create_network_interface.h"
#include "model/ec2/delete_network_interface.h"
#include "model/ec2/describe_network_interfaces.h"
#include "model/ec2/detach_network_interface.h"
#include "model/ec2/unassign_ipv6_addresses.h"
#include "model/ec2/unassign_private_ip_addresses.h"

#include <array>
#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

template <class View>
void write_association(const cloud::NetworkInterfaceView& view,
                       const std::string& private_ip,
                       const std::string& public_ip,
                       View out) {
    if (public_ip.empty())
        return;
    auto association = out.set_association();
    association.set_public_ip(public_ip).set_public_dns_name("");
    if (const auto* elastic = view.elastic_address_of(private_ip))
        association.set_allocation_id(elastic->allocation_id)
            .set_association_id(elastic->association_id)
            .set_ip_owner_id(elastic->account_id);
    else
        association.set_ip_owner_id("amazon");
}

void write_addresses(const cloud::NetworkInterfaceView& view, model::NetworkInterface out) {
    const auto& interface = view.interface;
    const auto add = [&](const std::string& private_ip, bool is_primary) {
        auto address = out.add_private_ip_addresses();
        address.set_primary(is_primary).set_private_ip_address(private_ip);
        if (view.has_dns_names)
            address.set_private_dns_name(domain::private_dns_name(private_ip, interface.region));
        return address;
    };
    write_association(view, interface.private_ip, interface.public_ip, out);
    write_association(
        view, interface.private_ip, interface.public_ip, add(interface.private_ip, true));
    for (const auto& [private_ip, public_ip] : interface.secondary_addresses)
        write_association(view, private_ip, public_ip, add(private_ip, false));
    out.touch_ipv6_addresses();
    for (const auto& address : interface.ipv6_addresses)
        out.add_ipv6_addresses().set_ipv6_address(address).set_is_primary_ipv6(false);
}

void write_attachment(const cloud::NetworkInterfaceView& view, model::NetworkInterface out) {
    const auto& interface = view.interface;
    if (!view.nat_gateway_id.empty()) {
        // Nobody's instance: EC2 shows such an attachment as its own.
        out.set_attachment()
            .set_attachment_id("ela-attach-" + interface.id.substr(interface.id.find('-') + 1))
            .set_instance_owner_id("amazon-aws")
            .set_attach_time(interface.created_at)
            .set_delete_on_termination(false)
            .set_device_index(1)
            .set_network_card_index(0)
            .set_status("attached");
        return;
    }
    if (interface.instance_id.empty())
        return;
    out.set_attachment()
        .set_attachment_id(interface.attachment_id)
        .set_instance_id(interface.instance_id)
        .set_instance_owner_id(interface.account_id)
        .set_attach_time(interface.attached_at)
        .set_delete_on_termination(interface.delete_on_termination)
        .set_device_index(interface.device_index)
        .set_network_card_index(0)
        .set_status(cloud::attachment_status(interface));
}

void write_interface(const cloud::NetworkInterfaceView& view, model::NetworkInterface out) {
    const auto& interface = view.interface;
    const bool is_managed = interface.kind == domain::NetworkInterfaceKind::nat_gateway;
    out.set_network_interface_id(interface.id)
        .set_description(interface.description)
        .set_interface_type(is_managed ? "nat_gateway" : "interface")
        .set_owner_id(interface.account_id)
        .set_availability_zone(interface.zone)
        .set_availability_zone_id(view.zone_id)
        .set_vpc_id(interface.vpc_id)
        .set_subnet_id(interface.subnet_id)
        .set_mac_address(interface.mac)
        .set_private_ip_address(interface.private_ip)
        .set_requester_managed(is_managed)
        .set_source_dest_check(interface.source_dest_check)
        .set_status(cloud::interface_status(interface))
        .touch_groups()
        .touch_tag_set();
    if (view.has_dns_names)
        out.set_private_dns_name(domain::private_dns_name(interface.private_ip, interface.region));
    if (!interface.ipv6_addresses.empty())
        out.set_ipv6_address(interface.ipv6_addresses.front());
    for (const auto& id : interface.security_group_ids) {
        const auto name = view.group_names.find(id);
        out.add_groups().set_group_id(id).set_group_name(
            name == view.group_names.end() ? "" : name->second);
    }
    write_addresses(view, out);
    write_attachment(view, out);
    for (const auto& tag : view.tags)
        out.add_tag_set().set_key(tag.key).set_value(tag.value);
}

Result<void> create_network_interface(Call& call,
                                      model::CreateNetworkInterfaceRequest in,
                                      model::CreateNetworkInterfaceResult out) {
    PILEUS_TRY(refuse_members(
        "CreateNetworkInterface",
        std::array{
            Member{"InterfaceType other than interface",
                   in.interface_type().value_or("interface") != "interface"},
            Member{"Ipv4Prefix",
                   !in.ipv4_prefixes().empty() || in.ipv4_prefix_count().value_or(0) != 0},
            Member{"Ipv6Prefix",
                   !in.ipv6_prefixes().empty() || in.ipv6_prefix_count().value_or(0) != 0},
            Member{"EnablePrimaryIpv6", in.enable_primary_ipv6().value_or(false)},
            Member{"ConnectionTrackingSpecification",
                   static_cast<bool>(in.connection_tracking_specification())},
            Member{"Operator", static_cast<bool>(in.operator_())},
        }));
    cloud::NetworkInterfaceCreation request;
    request.subnet_id = text(in.subnet_id());
    request.description = text(in.description());
    request.security_group_ids = texts(in.groups());
    request.addresses = interface_addresses_of(in);
    request.tag_specifications = tag_specifications_of(in);
    request.client_token = client_token_of(call, in);
    PILEUS_ASSIGN(const auto view, call.cloud.network_interfaces.create(call.caller, request));
    auto written = out.set_network_interface();
    write_interface(view, written);
    if (view.interface.instance_id.empty())
        written.set_status("pending"); // what EC2 says of one that was just made
    if (in.client_token())
        out.set_client_token(*in.client_token());
    return {};
}

Result<void>
delete_network_interface(Call& call, model::DeleteNetworkInterfaceRequest in, model::Unit) {
    return call.cloud.network_interfaces.erase(call.caller, text(in.network_interface_id()));
}

Result<void> describe_network_interfaces(Call& call,
                                         model::DescribeNetworkInterfacesRequest in,
                                         model::DescribeNetworkInterfacesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.network_interfaces.describe(
                      call.caller, texts(in.network_interface_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_interface(view, out.add_network_interfaces());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> attach_network_interface(Call& call,
                                      model::AttachNetworkInterfaceRequest in,
                                      model::AttachNetworkInterfaceResult out) {
    PILEUS_TRY(refuse_members(
        "AttachNetworkInterface",
        std::array{
            Member{"NetworkCardIndex other than 0", in.network_card_index().value_or(0) != 0},
            Member{"EnaSrdSpecification", static_cast<bool>(in.ena_srd_specification())},
            Member{"EnaQueueCount", in.ena_queue_count().has_value()},
        }));
    if (!in.device_index())
        return fail(codes::missing_parameter, "The request must contain the parameter deviceIndex");
    PILEUS_ASSIGN(
        const auto attachment_id,
        call.cloud.network_interfaces.attach(
            call.caller,
            {text(in.network_interface_id()), text(in.instance_id()), *in.device_index()}));
    out.set_attachment_id(attachment_id).set_network_card_index(0);
    return {};
}

// A guest that does not let go is cut off after a moment, with Force or without it.
Result<void>
detach_network_interface(Call& call, model::DetachNetworkInterfaceRequest in, model::Unit) {
    return call.cloud.network_interfaces.detach(call.caller, text(in.attachment_id()));
}

Result<void> assign_private_ip_addresses(Call& call,
                                         model::AssignPrivateIpAddressesRequest in,
                                         model::AssignPrivateIpAddressesResult out) {
    PILEUS_TRY(refuse_members("AssignPrivateIpAddresses",
                              std::array{Member{"Ipv4Prefix",
                                                !in.ipv4_prefixes().empty() ||
                                                    in.ipv4_prefix_count().value_or(0) != 0}}));
    const auto id = text(in.network_interface_id());
    PILEUS_ASSIGN(const auto assigned,
                  call.cloud.network_interfaces.assign_private_addresses(
                      call.caller,
                      id,
                      {texts(in.private_ip_addresses()),
                       in.secondary_private_ip_address_count(),
                       in.allow_reassignment().value_or(false)}));
    out.set_network_interface_id(id).touch_assigned_private_ip_addresses();
    for (const auto& address : assigned)
        out.add_assigned_private_ip_addresses().set_private_ip_address(address);
    return {};
}

Result<void> unassign_private_ip_addresses(Call& call,
                                           model::UnassignPrivateIpAddressesRequest in,
                                           model::Unit) {
    PILEUS_TRY(refuse_members("UnassignPrivateIpAddresses",
                              std::array{Member{"Ipv4Prefix", !in.ipv4_prefixes().empty()}}));
    return call.cloud.network_interfaces.unassign_private_addresses(
        call.caller, text(in.network_interface_id()), texts(in.private_ip_addresses()));
}

Result<void> assign_ipv6_addresses(Call& call,
                                   model::AssignIpv6AddressesRequest in,
                                   model::AssignIpv6AddressesResult out) {
    PILEUS_TRY(refuse_members("AssignIpv6Addresses",
                              std::array{Member{"Ipv6Prefix",
                                                !in.ipv6_prefixes().empty() ||
                                                    in.ipv6_prefix_count().value_or(0) != 0}}));
    const auto id = text(in.network_interface_id());
    PILEUS_ASSIGN(const auto assigned,
                  call.cloud.network_interfaces.assign_ipv6_addresses(
                      call.caller, id, {texts(in.ipv6_addresses()), in.ipv6_address_count()}));
    out.set_network_interface_id(id).touch_assigned_ipv6_addresses();
    for (const auto& address : assigned)
        out.add_assigned_ipv6_addresses(address);
    return {};
}

Result<void> unassign_ipv6_addresses(Call& call,
                                     model::UnassignIpv6AddressesRequest in,
                                     model::UnassignIpv6AddressesResult out) {
    PILEUS_TRY(refuse_members("UnassignIpv6Addresses",
                              std::array{Member{"Ipv6Prefix", !in.ipv6_prefixes().empty()}}));
    const auto id = text(in.network_interface_id());
    PILEUS_ASSIGN(const auto unassigned,
                  call.cloud.network_interfaces.unassign_ipv6_addresses(
                      call.caller, id, texts(in.ipv6_addresses())));
    out.set_network_interface_id(id).touch_unassigned_ipv6_addresses();
    for (const auto& address : unassigned)
        out.add_unassigned_ipv6_addresses(address);
    return {};
}

} // namespace

void register_network_interfaces(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::CreateNetworkInterface>(create_network_interface);
    registry.add<operations::DeleteNetworkInterface>(delete_network_interface);
    registry.add<operations::DescribeNetworkInterfaces>(describe_network_interfaces);
    registry.add<operations::AttachNetworkInterface>(attach_network_interface);
    registry.add<operations::DetachNetworkInterface>(detach_network_interface);
    registry.add<operations::AssignPrivateIpAddresses>(assign_private_ip_addresses);
    registry.add<operations::UnassignPrivateIpAddresses>(unassign_private_ip_addresses);
    registry.add<operations::AssignIpv6Addresses>(assign_ipv6_addresses);
    registry.add<operations::UnassignIpv6Addresses>(unassign_ipv6_addresses);
}

} // namespace pileus::api::ec2
