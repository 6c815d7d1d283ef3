// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/instance_views.h"

#include "api/ec2/convert.h"
#include "cloud/network_interfaces.h"
#include "domain/private_dns.h"

namespace pileus::api::ec2 {

namespace {

using domain::InstanceState;

void write_groups(const domain::NetworkInterface& interface,
                  const cloud::InstanceView& view,
                  auto& out,
                  auto add) {
    for (const auto& id : interface.security_group_ids) {
        const auto name = view.group_names.find(id);
        add(out).set_group_id(id).set_group_name(name == view.group_names.end() ? ""
                                                                                : name->second);
    }
}

// An Elastic IP is its account's; the other addresses from the pool of the machine belong to
// "amazon", as those on EC2 do.
void write_association(const std::string& public_ip, const std::string& owner_id, auto out) {
    if (!public_ip.empty())
        out.set_association().set_public_ip(public_ip).set_public_dns_name("").set_ip_owner_id(
            owner_id);
}

void write_addresses(const domain::NetworkInterface& interface,
                     const cloud::InstanceView& view,
                     model::InstanceNetworkInterface out) {
    const auto add = [&](const std::string& private_ip, bool is_primary) {
        auto address = out.add_private_ip_addresses();
        address.set_primary(is_primary).set_private_ip_address(private_ip);
        if (view.has_dns_names)
            address.set_private_dns_name(domain::private_dns_name(private_ip, interface.region));
        return address;
    };
    const auto owner =
        interface.allocation_id.empty() ? std::string("amazon") : interface.account_id;
    write_association(interface.public_ip, owner, out);
    write_association(interface.public_ip, owner, add(interface.private_ip, true));
    for (const auto& [private_ip, public_ip] : interface.secondary_addresses)
        write_association(public_ip, interface.account_id, add(private_ip, false));
    out.touch_ipv6_addresses();
    for (const auto& address : interface.ipv6_addresses)
        out.add_ipv6_addresses().set_ipv6_address(address).set_is_primary_ipv6(false);
}

void write_interface(const domain::NetworkInterface& interface,
                     const cloud::InstanceView& view,
                     model::InstanceNetworkInterface out) {
    out.set_network_interface_id(interface.id)
        .set_description(interface.description)
        .set_interface_type("interface")
        .set_mac_address(interface.mac)
        .set_owner_id(interface.account_id)
        .set_private_ip_address(interface.private_ip)
        .set_source_dest_check(interface.source_dest_check)
        .set_status(cloud::interface_status(interface))
        .set_subnet_id(interface.subnet_id)
        .set_vpc_id(interface.vpc_id);
    if (view.has_dns_names)
        out.set_private_dns_name(domain::private_dns_name(interface.private_ip, interface.region));
    out.touch_groups();
    write_groups(interface, view, out, [](auto& o) { return o.add_groups(); });
    write_addresses(interface, view, out);
    out.set_attachment()
        .set_attachment_id(interface.attachment_id)
        .set_attach_time(interface.attached_at)
        .set_delete_on_termination(interface.delete_on_termination)
        .set_device_index(interface.device_index)
        .set_network_card_index(0)
        .set_status(view.instance.state == InstanceState::pending
                        ? "attaching"
                        : cloud::attachment_status(interface));
}

void write_hardware(const domain::InstanceType* type, model::Instance out) {
    if (type)
        out.set_cpu_options()
            .set_core_count(type->cores)
            .set_threads_per_core(type->threads_per_core);
    out.set_ena_support(true);
    out.set_capacity_reservation_specification().set_capacity_reservation_preference("open");
    out.set_enclave_options().set_enabled(false);
    out.set_maintenance_options().set_auto_recovery("default");
    out.set_private_dns_name_options()
        .set_hostname_type("ip-name")
        .set_enable_resource_name_dns_a_record(false)
        .set_enable_resource_name_dns_aaaa_record(false);
}

void write_addresses(const cloud::InstanceView& view, model::Instance out) {
    out.touch_network_interfaces().touch_security_groups();
    for (const auto& interface : view.interfaces)
        write_interface(interface, view, out.add_network_interfaces());
    out.set_public_dns_name("").set_private_dns_name("");
    if (view.interfaces.empty())
        return;
    const auto& primary = view.interfaces.front();
    write_groups(primary, view, out, [](auto& o) { return o.add_security_groups(); });
    out.set_private_ip_address(primary.private_ip)
        .set_private_dns_name(domain::private_dns_name(primary.private_ip, primary.region));
    if (!primary.public_ip.empty())
        out.set_public_ip_address(primary.public_ip);
    if (!primary.ipv6_addresses.empty())
        out.set_ipv6_address(primary.ipv6_addresses.front());
}

void write_instance(const cloud::InstanceView& view,
                    const domain::InstanceType* type,
                    model::Instance out) {
    const auto& instance = view.instance;
    out.set_instance_id(instance.id)
        .set_image_id(instance.image_id)
        .set_instance_type(instance.type)
        .set_architecture(instance.architecture)
        .set_ami_launch_index(instance.launch_index)
        .set_client_token(instance.client_token)
        .set_ebs_optimized(instance.ebs_optimized)
        .set_hypervisor("xen") // what EC2 says of every instance, Nitro or not
        .set_launch_time(instance.launch_time)
        .set_platform_details("Linux/UNIX")
        .set_root_device_name(instance.root_device_name)
        .set_root_device_type("ebs")
        .set_source_dest_check(instance.source_dest_check)
        .set_state_transition_reason(instance.transition_reason)
        .set_usage_operation("RunInstances")
        .set_usage_operation_update_time(instance.created_at)
        .set_virtualization_type("hvm")
        .set_current_instance_boot_mode("legacy-bios")
        .touch_product_codes();
    if (!instance.key_name.empty())
        out.set_key_name(instance.key_name);
    if (instance.state != InstanceState::terminated)
        out.set_vpc_id(instance.vpc_id).set_subnet_id(instance.subnet_id);
    write_state(instance.state, out.set_state());
    if (!instance.state_reason_code.empty())
        out.set_state_reason()
            .set_code(instance.state_reason_code)
            .set_message(instance.state_reason_message);
    else if (instance.state == InstanceState::pending)
        out.set_state_reason().set_code("pending").set_message("pending");
    out.set_monitoring().set_state(instance.monitoring ? "enabled" : "disabled");
    out.set_placement()
        .set_availability_zone(instance.zone)
        .set_availability_zone_id(view.zone_id)
        .set_group_name("")
        .set_tenancy("default");
    write_metadata_options(instance.metadata, "applied", out.set_metadata_options());
    write_hardware(type, out);
    out.set_hibernation_options().set_configured(instance.hibernation_configured);
    write_addresses(view, out);
    out.touch_block_device_mappings();
    for (const auto& volume : view.volumes)
        write_volume(volume, out.add_block_device_mappings());
    write_tags(view.tags, out);
}

} // namespace

void write_reservation(const cloud::ReservationView& reservation,
                       const catalog::Catalog& catalog,
                       model::Reservation out) {
    out.set_reservation_id(reservation.id)
        .set_owner_id(reservation.owner_id)
        .touch_groups()
        .touch_instances();
    for (const auto& view : reservation.instances)
        write_instance(view, catalog.find(view.instance.type), out.add_instances());
}

void write_volume(const domain::Volume& volume, model::InstanceBlockDeviceMapping out) {
    out.set_device_name(volume.device);
    out.set_ebs()
        .set_volume_id(volume.id)
        .set_status(to_string(volume.attachment))
        .set_attach_time(volume.attached_at)
        .set_delete_on_termination(volume.delete_on_termination);
}

void write_state(InstanceState state, model::InstanceState out) {
    out.set_code(static_cast<int32_t>(state)).set_name(to_string(state));
}

void write_metadata_options(const domain::MetadataOptions& options,
                            std::string_view state,
                            model::InstanceMetadataOptionsResponse out) {
    out.set_state(state)
        .set_http_tokens(options.tokens_required ? "required" : "optional")
        .set_http_put_response_hop_limit(options.put_response_hop_limit)
        .set_http_endpoint(options.endpoint_enabled ? "enabled" : "disabled")
        .set_http_protocol_ipv6("disabled")
        .set_instance_metadata_tags(options.tags_enabled ? "enabled" : "disabled");
}

} // namespace pileus::api::ec2
