// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/launch_request.h"

#include "api/ec2/block_devices.h"
#include "api/ec2/convert.h"
#include "api/ec2/interface_addresses.h"
#include "base/text.h"
#include "domain/error_codes.h"

#include <array>
#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

constexpr std::string_view operation = "RunInstances";

// Members that have no effect here yet.
Result<void> refuse_unsupported(const model::RunInstancesRequest& in) {
    const auto placement = in.placement();
    const auto tenancy = placement.tenancy().value_or("default");
    const std::array members{
        Member{"LaunchTemplate", static_cast<bool>(in.launch_template())},
        Member{"InstanceMarketOptions", static_cast<bool>(in.instance_market_options())},
        Member{"IamInstanceProfile", static_cast<bool>(in.iam_instance_profile())},
        Member{"EnclaveOptions.Enabled", in.enclave_options().enabled().value_or(false)},
        Member{"CpuOptions", static_cast<bool>(in.cpu_options())},
        Member{"LicenseSpecification", !in.license_specifications().empty()},
        Member{"ElasticGpuSpecification", !in.elastic_gpu_specification().empty()},
        Member{"ElasticInferenceAccelerator", !in.elastic_inference_accelerators().empty()},
        Member{"CapacityReservationSpecification.CapacityReservationTarget",
               static_cast<bool>(
                   in.capacity_reservation_specification().capacity_reservation_target())},
        Member{"EnablePrimaryIpv6", in.enable_primary_ipv6().value_or(false)},
        Member{"PrivateDnsNameOptions.HostnameType other than ip-name",
               in.private_dns_name_options().hostname_type().value_or("ip-name") != "ip-name"},
        Member{"PrivateDnsNameOptions.EnableResourceNameDnsARecord",
               in.private_dns_name_options().enable_resource_name_dns_a_record().value_or(false)},
        Member{
            "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord",
            in.private_dns_name_options().enable_resource_name_dns_aaaa_record().value_or(false)},
        Member{"SecondaryInterface", !in.secondary_interfaces().empty()},
        Member{"KernelId", in.kernel_id().has_value()},
        Member{"RamdiskId", in.ramdisk_id().has_value()},
        Member{"Placement.GroupName", placement.group_name().has_value()},
        Member{"Placement.GroupId", placement.group_id().has_value()},
        Member{"Placement.HostId", placement.host_id().has_value()},
        Member{"Placement.HostResourceGroupArn", placement.host_resource_group_arn().has_value()},
        Member{"Placement.PartitionNumber", placement.partition_number().has_value()},
        Member{"Placement.Tenancy other than default", tenancy != "default"},
        Member{"MetadataOptions.HttpProtocolIpv6",
               in.metadata_options().http_protocol_ipv6() == "enabled"},
    };
    return refuse_members(operation, members);
}

Result<cloud::BlockDeviceRequest> block_device(const model::BlockDeviceMapping& in) {
    PILEUS_ASSIGN(auto device, block_device_of(operation, in));
    if (device.has_ebs && (device.no_device || !device.virtual_name.empty()))
        return fail(codes::invalid_block_device_mapping,
                    fmt::format("The mapping of '{}' must have one of Ebs, NoDevice and "
                                "VirtualName.",
                                device.device));
    return device;
}

Result<void> refuse_unsupported(const model::InstanceNetworkInterfaceSpecification& in) {
    const std::array members{
        Member{"NetworkInterface.InterfaceType other than interface",
               in.interface_type().value_or("interface") != "interface"},
        Member{"NetworkInterface.NetworkCardIndex other than 0",
               in.network_card_index().value_or(0) != 0},
        Member{"NetworkInterface.AssociateCarrierIpAddress",
               in.associate_carrier_ip_address().value_or(false)},
        Member{"NetworkInterface.Ipv4Prefix",
               !in.ipv4_prefixes().empty() || in.ipv4_prefix_count().value_or(0) != 0},
        Member{"NetworkInterface.Ipv6Prefix",
               !in.ipv6_prefixes().empty() || in.ipv6_prefix_count().value_or(0) != 0},
        Member{"NetworkInterface.PrimaryIpv6", in.primary_ipv6().value_or(false)},
        Member{"NetworkInterface.EnaSrdSpecification",
               static_cast<bool>(in.ena_srd_specification())},
        Member{"NetworkInterface.ConnectionTrackingSpecification",
               static_cast<bool>(in.connection_tracking_specification())},
        Member{"NetworkInterface.EnaQueueCount", in.ena_queue_count().has_value()},
    };
    return refuse_members(operation, members);
}

cloud::LaunchInterface launch_interface(const model::InstanceNetworkInterfaceSpecification& in) {
    cloud::LaunchInterface interface;
    interface.device_index = in.device_index();
    interface.network_interface_id = text(in.network_interface_id());
    interface.subnet_id = text(in.subnet_id());
    interface.security_group_ids = texts(in.groups());
    interface.addresses = interface_addresses_of(in);
    interface.associate_public_ip = in.associate_public_ip_address();
    interface.delete_on_termination = in.delete_on_termination();
    interface.description = text(in.description());
    return interface;
}

// Interfaces described one by one, instead of naming subnet, groups and addresses at the top.
Result<std::vector<cloud::LaunchInterface>>
launch_interfaces(const model::RunInstancesRequest& in) {
    std::vector<cloud::LaunchInterface> interfaces;
    if (in.network_interfaces().empty())
        return interfaces;
    if (in.subnet_id() || in.private_ip_address() || !in.security_group_ids().empty() ||
        !in.security_groups().empty() || !in.ipv6_addresses().empty() || in.ipv6_address_count())
        return fail(codes::invalid_parameter_combination,
                    "Network interfaces and an instance-level subnet ID, private IP address, IPv6 "
                    "address or security groups may not be specified on the same request");
    for (const auto interface : in.network_interfaces()) {
        PILEUS_TRY(refuse_unsupported(interface));
        interfaces.push_back(launch_interface(interface));
    }
    return interfaces;
}

Result<std::optional<bool>> unlimited_credits(const model::RunInstancesRequest& in) {
    const auto credits = in.credit_specification().cpu_credits();
    if (!credits)
        return std::optional<bool>{};
    if (*credits != "standard" && *credits != "unlimited")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid value '{}' for CpuCredits.", *credits));
    return std::optional{*credits == "unlimited"};
}

// "required"/"optional", "enabled"/"disabled" → true/false.
Result<std::optional<bool>> switched(std::string_view name,
                                     std::optional<std::string_view> value,
                                     std::string_view on,
                                     std::string_view off) {
    if (!value)
        return std::optional<bool>{};
    if (*value != on && *value != off)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid value '{}' for {}.", *value, name));
    return std::optional{*value == on};
}

} // namespace

Result<cloud::MetadataOptionsChange>
metadata_options_change(std::optional<std::string_view> http_tokens,
                        std::optional<int32_t> hop_limit,
                        std::optional<std::string_view> http_endpoint,
                        std::optional<std::string_view> ipv6,
                        std::optional<std::string_view> tags) {
    cloud::MetadataOptionsChange change;
    PILEUS_ASSIGN(change.tokens_required,
                  switched("HttpTokens", http_tokens, "required", "optional"));
    PILEUS_ASSIGN(change.endpoint_enabled,
                  switched("HttpEndpoint", http_endpoint, "enabled", "disabled"));
    PILEUS_ASSIGN(change.tags_enabled,
                  switched("InstanceMetadataTags", tags, "enabled", "disabled"));
    PILEUS_ASSIGN(const auto wants_ipv6, switched("HttpProtocolIpv6", ipv6, "enabled", "disabled"));
    if (wants_ipv6.value_or(false))
        return fail(codes::unsupported_operation,
                    "HttpProtocolIpv6 is not supported: leave it out.");
    change.put_response_hop_limit = hop_limit;
    return change;
}

Result<domain::ShutdownBehavior> shutdown_behavior(std::string_view value) {
    if (value == "stop")
        return domain::ShutdownBehavior::stop;
    if (value == "terminate")
        return domain::ShutdownBehavior::terminate;
    return fail(codes::invalid_parameter_value,
                fmt::format("Invalid value '{}' for instanceInitiatedShutdownBehavior.", value));
}

Result<std::string> user_data_bytes(std::string_view encoded) {
    auto bytes = base64_decode(encoded);
    if (!bytes)
        return fail(codes::invalid_user_data, "Invalid BASE64 encoding of user data.");
    return std::move(*bytes);
}

Result<cloud::LaunchRequest> launch_request(model::RunInstancesRequest in) {
    PILEUS_TRY(refuse_unsupported(in));
    cloud::LaunchRequest request;
    request.minimum_count = in.min_count().value_or(1);
    request.maximum_count = in.max_count().value_or(1);
    if (!in.image_id())
        return fail(codes::missing_parameter, "The request must contain the parameter ImageId");
    request.image_id = text(in.image_id());
    if (in.instance_type())
        request.type = text(in.instance_type());
    request.key_name = text(in.key_name());
    request.subnet_id = text(in.subnet_id());
    request.zone = text(in.placement().availability_zone());
    request.addresses.private_ip = text(in.private_ip_address());
    request.addresses.ipv6_addresses = ipv6_addresses_of(in.ipv6_addresses());
    request.addresses.ipv6_count = in.ipv6_address_count();
    request.security_group_ids = texts(in.security_group_ids());
    request.security_group_names = texts(in.security_groups());
    request.client_token = text(in.client_token());
    request.tag_specifications = tag_specifications_of(in);
    request.disable_api_termination = in.disable_api_termination().value_or(false);
    request.disable_api_stop = in.disable_api_stop().value_or(false);
    request.ebs_optimized = in.ebs_optimized().value_or(false);
    request.monitoring = in.monitoring().enabled().value_or(false);
    request.hibernation_configured = in.hibernation_options().configured().value_or(false);
    PILEUS_ASSIGN(request.user_data, user_data_bytes(in.user_data().value_or("")));
    PILEUS_ASSIGN(request.interfaces, launch_interfaces(in));
    for (const auto mapping : in.block_device_mappings()) {
        PILEUS_ASSIGN(auto device, block_device(mapping));
        request.block_devices.push_back(std::move(device));
    }
    const auto metadata = in.metadata_options();
    PILEUS_ASSIGN(request.metadata,
                  metadata_options_change(metadata.http_tokens(),
                                          metadata.http_put_response_hop_limit(),
                                          metadata.http_endpoint(),
                                          metadata.http_protocol_ipv6(),
                                          metadata.instance_metadata_tags()));
    if (const auto behavior = in.instance_initiated_shutdown_behavior()) {
        PILEUS_ASSIGN(request.shutdown_behavior, shutdown_behavior(*behavior));
    }
    PILEUS_ASSIGN(request.unlimited_credits, unlimited_credits(in));
    return request;
}

} // namespace pileus::api::ec2
