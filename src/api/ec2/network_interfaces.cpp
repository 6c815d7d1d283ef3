// SPDX-License-Identifier: Apache-2.0
//
// DescribeNetworkInterfaces: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "domain/private_dns.h"
#include "model/ec2/describe_network_interfaces.h"

namespace pileus::api::ec2 {

namespace {

template <class View> void write_association(const domain::NetworkInterface& interface, View out) {
    if (!interface.public_ip.empty())
        out.set_association()
            .set_public_ip(interface.public_ip)
            .set_public_dns_name("")
            .set_ip_owner_id("amazon");
}

void write_attachment(const domain::NetworkInterface& interface, model::NetworkInterface out) {
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
        .set_status("attached");
}

void write_interface(const cloud::NetworkInterfaceView& view, model::NetworkInterface out) {
    const auto& interface = view.interface;
    const auto dns_name = domain::private_dns_name(interface.private_ip, interface.region);
    out.set_network_interface_id(interface.id)
        .set_description(interface.description)
        .set_interface_type("interface")
        .set_owner_id(interface.account_id)
        .set_availability_zone(interface.zone)
        .set_availability_zone_id(view.zone_id)
        .set_vpc_id(interface.vpc_id)
        .set_subnet_id(interface.subnet_id)
        .set_mac_address(interface.mac)
        .set_private_ip_address(interface.private_ip)
        .set_private_dns_name(dns_name)
        .set_requester_managed(false)
        .set_source_dest_check(interface.source_dest_check)
        .set_status(interface.instance_id.empty() ? "available" : "in-use")
        .touch_groups()
        .touch_ipv6_addresses()
        .touch_tag_set();
    for (const auto& id : interface.security_group_ids) {
        const auto name = view.group_names.find(id);
        out.add_groups().set_group_id(id).set_group_name(
            name == view.group_names.end() ? "" : name->second);
    }
    auto address = out.add_private_ip_addresses();
    address.set_primary(true)
        .set_private_ip_address(interface.private_ip)
        .set_private_dns_name(dns_name);
    write_association(interface, address);
    write_association(interface, out);
    write_attachment(interface, out);
    for (const auto& tag : view.tags)
        out.add_tag_set().set_key(tag.key).set_value(tag.value);
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

} // namespace

void register_network_interfaces(Registry& registry) {
    registry.add<model::operations::DescribeNetworkInterfaces>(describe_network_interfaces);
}

} // namespace pileus::api::ec2
