// SPDX-License-Identifier: Apache-2.0
#pragma once

// One of each resource with every field set, and set to what no other field and no default has: a
// text field holds the name of its column, so that a column that was crossed with another shows.

#include "domain/address.h"
#include "domain/disk_task.h"
#include "domain/fork.h"
#include "domain/image.h"
#include "domain/instance.h"
#include "domain/key_pair.h"
#include "domain/ledger.h"
#include "domain/network_acl.h"
#include "domain/network_interface.h"
#include "domain/prefix_list.h"
#include "domain/routing.h"
#include "domain/security_group.h"
#include "domain/snapshot.h"
#include "domain/tag.h"
#include "domain/volume.h"
#include "domain/vpc.h"
#include "domain/warm_template.h"
#include "store/scope.h"

namespace pileus::store::samples {

inline const Scope scope{"account_id", "region"};
inline const Scope other_account{"other", "region"};
inline const Scope other_region{"account_id", "elsewhere"};
inline const Scope foreign_scopes[]{other_account, other_region};

template <class Rows> std::vector<std::string> ids(const Rows& rows) {
    std::vector<std::string> all;
    for (const auto& row : rows)
        all.push_back(row.id);
    return all;
}

inline Time moment(int number) {
    return Time{std::chrono::microseconds{1'700'000'000'123'000 + number}};
}

inline domain::Instance instance(const std::string& id) {
    domain::Instance i;
    i.id = id;
    i.account_id = "account_id";
    i.region = "region";
    i.zone = "zone";
    i.reservation_id = "reservation_id";
    i.requester_id = "requester_id";
    i.host_id = "host_id";
    i.vpc_id = "vpc_id";
    i.subnet_id = "subnet_id";
    i.image_id = "image_id";
    i.type = "type";
    i.architecture = "architecture";
    i.key_name = "key_name";
    i.public_key = "public_key";
    i.root_device_name = "root_device_name";
    i.client_token = "client_token";
    i.launch_index = 3;
    i.state = domain::InstanceState::shutting_down;
    i.state_reason_code = "state_reason_code";
    i.state_reason_message = "state_reason_message";
    i.transition_reason = "transition_reason";
    i.launch_time = moment(1);
    i.created_at = moment(2);
    i.terminated_at = moment(3);
    i.start_count = 4;
    i.force_stop = true;
    i.restart_when_stopped = true;
    i.stop_deadline = moment(4);
    i.reboots_requested = 5;
    i.reboots_done = 6;
    i.guest_seen_at = moment(5);
    i.impairment = "impairment";
    i.impaired_since = moment(6);
    i.hibernation_configured = true;
    i.hibernation = domain::Hibernation::saved;
    i.hardware = "hardware";
    i.fork_id = "fork_id";
    i.shutdown_behavior = domain::ShutdownBehavior::terminate;
    i.disable_api_termination = true;
    i.disable_api_stop = true;
    i.source_dest_check = false;
    i.ebs_optimized = true;
    i.monitoring = true;
    i.unlimited_credits = true;
    i.metadata = {.tokens_required = false,
                  .put_response_hop_limit = 64,
                  .endpoint_enabled = false,
                  .tags_enabled = true};
    i.user_data = std::string("\x1f\x8b\0\xff binary\0", 12);
    return i;
}

inline domain::ImageDevice image_device() {
    return {.device = "device",
            .virtual_name = "virtual_name",
            .no_device = true,
            .snapshot_id = "snapshot_id",
            .size_gib = 2,
            .type = "type",
            .iops = 3,
            .throughput_mib_s = 4,
            .delete_on_termination = false,
            .encrypted = true};
}

inline domain::Image image(const std::string& id) {
    domain::Image i;
    i.id = id;
    i.account_id = "account_id";
    i.region = "region";
    i.name = "name";
    i.description = "description";
    i.owner_alias = "owner_alias";
    i.architecture = "architecture";
    i.state = "state";
    i.is_public = true;
    i.platform_details = "platform_details";
    i.boot_mode = "boot_mode";
    i.root_device_name = "root_device_name";
    i.snapshot_id = "snapshot_id";
    i.size_gib = 7;
    i.default_user = "default_user";
    i.minimum_memory_mib = 8;
    i.recipe = "recipe";
    i.content_sha256 = "content_sha256";
    i.created_at = moment(1);
    i.devices = {image_device()};
    i.source_instance_id = "source_instance_id";
    i.source_image_id = "source_image_id";
    i.source_image_region = "source_image_region";
    i.state_reason = "state_reason";
    i.is_disabled = true;
    i.deprecated_at = moment(2);
    i.last_launched_at = moment(3);
    i.deregistration_protection = "deregistration_protection";
    i.protected_until = moment(4);
    i.imds_v2_required = true;
    i.guest_agent = "guest_agent";
    return i;
}

inline domain::Volume volume(const std::string& id) {
    domain::Volume v;
    v.id = id;
    v.account_id = "account_id";
    v.region = "region";
    v.zone = "zone";
    v.host_id = "host_id";
    v.snapshot_id = "snapshot_id";
    v.size_gib = 1;
    v.type = "type";
    v.iops = 2;
    v.throughput_mib_s = 3;
    v.encrypted = true;
    v.kms_key_id = "kms_key_id";
    v.auto_enable_io = true;
    v.state = domain::VolumeState::in_use;
    v.created_at = moment(1);
    v.instance_id = "instance_id";
    v.device = "device";
    v.delete_on_termination = true;
    v.attachment = domain::AttachmentState::attaching;
    v.force_detach = true;
    v.attached_at = moment(2);
    return v;
}

inline domain::VolumeModification volume_modification(const std::string& volume_id) {
    return {.volume_id = volume_id,
            .account_id = "account_id",
            .region = "region",
            .state = "state",
            .message = "message",
            .original_size_gib = 1,
            .original_type = "original_type",
            .original_iops = 2,
            .original_throughput_mib_s = 3,
            .target_size_gib = 4,
            .target_type = "target_type",
            .target_iops = 5,
            .target_throughput_mib_s = 6,
            .progress_percent = 7,
            .started_at = moment(1),
            .ended_at = moment(2)};
}

inline domain::Snapshot snapshot(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .host_id = "host_id",
            .volume_id = "volume_id",
            .size_gib = 1,
            .description = "description",
            .state = domain::SnapshotState::error,
            .state_message = "state_message",
            .progress_percent = 2,
            .encrypted = true,
            .kms_key_id = "kms_key_id",
            .source_snapshot_id = "source_snapshot_id",
            .source_path = "source_path",
            .set_id = "set_id",
            .started_at = moment(1),
            .taken_at = moment(2),
            .completed_at = moment(3),
            .full_bytes = 4};
}

inline domain::DiskTask disk_task(const std::string& id) {
    return {.id = id,
            .kind = domain::DiskTaskKind::export_image,
            .account_id = "account_id",
            .region = "region",
            .host_id = "host_id",
            .description = "description",
            .state = "state",
            .status = "status",
            .status_message = "status_message",
            .progress_percent = 1,
            .source = "source",
            .format = "format",
            .encrypted = true,
            .kms_key_id = "kms_key_id",
            .snapshot_id = "snapshot_id",
            .image_id = "image_id",
            .destination = "destination",
            .boot_mode = "boot_mode",
            .architecture = "architecture",
            .platform = "platform",
            .size_bytes = 2,
            .cancel_requested = true,
            .created_at = moment(1),
            .ended_at = moment(2)};
}

inline domain::Fork fork(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .host_id = "host_id",
            .source_instance_id = "source_instance_id",
            .template_id = "template_id",
            .state = domain::ForkState::failed,
            .message = "message",
            .created_at = moment(1)};
}

inline domain::ForkDisk fork_disk() {
    return {.snapshot_id = "snapshot_id",
            .fork_id = "fork_id",
            .volume_id = "volume_id",
            .device = "device"};
}

inline domain::WarmTemplate warm_template(const std::string& id) {
    return {.id = id,
            .host_id = "host_id",
            .image_id = "image_id",
            .instance_type = "instance_type",
            .account_id = "account_id",
            .state = domain::WarmTemplateState::ready,
            .state_since = moment(1),
            .message = "message",
            .image_snapshot_id = "image_snapshot_id",
            .fingerprint = "fingerprint",
            .volume_id = "volume_id",
            .snapshot_id = "snapshot_id",
            .memory_bytes = 1,
            .disk_bytes = 2,
            .boot_milliseconds = 3,
            .attempts = 4,
            .hits = 5,
            .fallbacks = 6,
            .saved_milliseconds = 7,
            .created_at = moment(2),
            .ready_at = moment(3),
            .last_wanted_at = moment(4)};
}

inline domain::KeyPair key_pair(const std::string& id, const std::string& name = "name") {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .name = name,
            .type = "type",
            .fingerprint = "fingerprint",
            .public_key = "public_key",
            .created_at = moment(1)};
}

inline domain::Vpc vpc(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .cidr_block = "cidr_block",
            .cidr_association_id = "cidr_association_id",
            .dhcp_options_id = "dhcp_options_id",
            .tenancy = "tenancy",
            .is_default = true,
            .enable_dns_support = false,
            .enable_dns_hostnames = true,
            .enable_network_address_usage_metrics = true,
            .created_at = moment(1)};
}

inline domain::Subnet subnet(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .zone = "zone",
            .zone_id = "zone_id",
            .cidr_block = "cidr_block",
            .ipv6_cidr_block = "ipv6_cidr_block",
            .ipv6_cidr_association_id = "ipv6_cidr_association_id",
            .is_default = true,
            .map_public_ip_on_launch = true,
            .assign_ipv6_address_on_creation = true,
            .enable_dns64 = true,
            .host_name_type = "host_name_type",
            .resource_name_dns_a_record = true,
            .resource_name_dns_aaaa_record = true,
            .created_at = moment(1)};
}

inline domain::VpcCidrBlock vpc_cidr_block(const std::string& association_id) {
    return {.association_id = association_id,
            .vpc_id = "vpc_id",
            .cidr_block = "cidr_block",
            .is_ipv6 = true};
}

inline domain::DhcpOptions dhcp_options(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .domain_name = "domain_name",
            .domain_name_servers = {"domain_name_servers"},
            .ntp_servers = {"ntp_servers"},
            .netbios_name_servers = {"netbios_name_servers"},
            .netbios_node_type = 2,
            .ipv6_address_preferred_lease_seconds = 300,
            .created_at = moment(1)};
}

inline domain::RouteTable route_table(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .created_at = moment(1)};
}

inline domain::RouteTableAssociation
route_table_association(const std::string& id, const std::string& subnet_id = "subnet_id") {
    return {
        .id = id, .route_table_id = "route_table_id", .vpc_id = "vpc_id", .subnet_id = subnet_id};
}

inline domain::Route route(const std::string& destination = "destination") {
    return {
        .route_table_id = "route_table_id", .destination = destination, .target_id = "target_id"};
}

inline domain::InternetGateway internet_gateway(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .created_at = moment(1)};
}

inline domain::EgressOnlyInternetGateway egress_only_internet_gateway(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .created_at = moment(1)};
}

inline domain::NatGateway nat_gateway(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .subnet_id = "subnet_id",
            .is_public = false,
            .state = domain::NatGatewayState::deleting,
            .failure_code = "failure_code",
            .failure_message = "failure_message",
            .network_interface_id = "network_interface_id",
            .allocation_id = "allocation_id",
            .association_id = "association_id",
            .private_ip = "private_ip",
            .public_ip = "public_ip",
            .client_token = "client_token",
            .created_at = moment(1),
            .deleted_at = moment(2)};
}

inline domain::NetworkAcl network_acl(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .is_default = true,
            .created_at = moment(1)};
}

inline domain::NetworkAclAssociation
network_acl_association(const std::string& id, const std::string& subnet_id = "subnet_id") {
    return {.id = id, .network_acl_id = "network_acl_id", .subnet_id = subnet_id};
}

inline domain::NetworkAclEntry network_acl_entry(int number = 7) {
    return {.network_acl_id = "network_acl_id",
            .egress = true,
            .number = number,
            .allow = true,
            .protocol = 6,
            .cidr_block = "cidr_block",
            .from_port = 22,
            .to_port = 23};
}

inline domain::VpcPeeringConnection vpc_peering_connection(const std::string& id) {
    return {.id = id,
            .requester_account_id = "requester_account_id",
            .requester_region = "requester_region",
            .requester_vpc_id = "requester_vpc_id",
            .accepter_account_id = "accepter_account_id",
            .accepter_region = "accepter_region",
            .accepter_vpc_id = "accepter_vpc_id",
            .state = domain::PeeringState::rejected,
            .message = "message",
            .requester_resolves_dns = true,
            .accepter_resolves_dns = true,
            .created_at = moment(1),
            .expires_at = moment(2),
            .ended_at = moment(3)};
}

inline domain::PrefixList prefix_list(const std::string& id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .name = "name",
            .is_ipv6 = true,
            .max_entries = 20,
            .version = 3,
            .state = "state",
            .created_at = moment(1)};
}

inline domain::PrefixListEntry prefix_list_entry(const std::string& cidr = "cidr") {
    return {.prefix_list_id = "prefix_list_id",
            .cidr = cidr,
            .description = "description",
            .since = 2,
            .until = 4};
}

inline domain::Address address(const std::string& allocation_id) {
    return {.allocation_id = allocation_id,
            .account_id = "account_id",
            .region = "region",
            .public_ip = "public_ip",
            .association_id = "association_id",
            .network_interface_id = "network_interface_id",
            .private_ip = "private_ip",
            .domain_name = "domain_name",
            .is_service_managed = true,
            .created_at = moment(1)};
}

inline domain::NetworkInterface network_interface(const std::string& id) {
    domain::NetworkInterface i;
    i.id = id;
    i.account_id = "account_id";
    i.region = "region";
    i.zone = "zone";
    i.host_id = "host_id";
    i.vpc_id = "vpc_id";
    i.subnet_id = "subnet_id";
    i.description = "description";
    i.mac = "mac";
    i.private_ip = "private_ip";
    i.secondary_addresses = {{"second", "198.51.100.7"}, {"another", ""}};
    i.ipv6_addresses = {"fd00::2", "fd00::1"};
    i.kind = domain::NetworkInterfaceKind::nat_gateway;
    i.client_token = "client_token";
    i.security_group_ids = {"sg-b", "sg-a"}; // in the order that the caller gave
    i.source_dest_check = false;
    i.created_at = moment(1);
    i.public_ip = "public_ip";
    i.allocation_id = "allocation_id";
    i.wants_public_ip = true;
    i.instance_id = "instance_id";
    i.detaching = true;
    i.attachment_id = "attachment_id";
    i.device_index = 2;
    i.delete_on_termination = false;
    i.attached_at = moment(2);
    return i;
}

inline domain::SecurityGroup security_group(const std::string& id,
                                            const std::string& name = "name") {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .vpc_id = "vpc_id",
            .name = name,
            .description = "description",
            .created_at = moment(1)};
}

inline domain::SecurityGroupRule rule(const std::string& id, const std::string& group_id) {
    return {.id = id,
            .account_id = "account_id",
            .region = "region",
            .security_group_id = group_id,
            .egress = true,
            .protocol = "protocol",
            .from_port = 1,
            .to_port = 2,
            .cidr_ipv4 = "cidr_ipv4",
            .cidr_ipv6 = "cidr_ipv6",
            .prefix_list_id = "prefix_list_id",
            .referenced_group_id = "referenced_group_id",
            .peer_account_id = "peer_account_id",
            .peer_vpc_id = "peer_vpc_id",
            .peering_connection_id = "peering_connection_id",
            .description = "description"};
}

inline domain::ResourceTag tag(const std::string& resource_id,
                               const std::string& key = "key",
                               const std::string& value = "value") {
    return {.account_id = "account_id",
            .region = "region",
            .resource_id = resource_id,
            .resource_type = "resource_type",
            .tag = {key, value}};
}

inline domain::LedgerEvent ledger_event() {
    return {.at = moment(1),
            .account_id = "account_id",
            .region = "region",
            .resource_id = "resource_id",
            .instance_id = "instance_id",
            .kind = domain::LedgerKind::volume_resized,
            .quantity = 9,
            .detail = "detail"};
}

} // namespace pileus::store::samples
