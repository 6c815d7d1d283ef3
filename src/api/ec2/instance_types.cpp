// SPDX-License-Identifier: Apache-2.0
//
// DescribeInstanceTypes, DescribeInstanceTypeOfferings: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_instance_type_offerings.h"
#include "model/ec2/describe_instance_types.h"

namespace pileus::api::ec2 {

namespace facts = cloud::instance_type_facts;

namespace {

void write_processor(const domain::InstanceType& type, model::InstanceTypeInfo out) {
    auto cpus = out.set_v_cpu_info();
    cpus.set_default_v_cpus(type.vcpus)
        .set_default_cores(type.cores)
        .set_default_threads_per_core(type.threads_per_core);
    for (const int cores : facts::valid_cores(type))
        cpus.add_valid_cores(cores);
    for (const int threads : facts::valid_threads_per_core(type))
        cpus.add_valid_threads_per_core(threads);
    auto processor = out.set_processor_info();
    processor.set_manufacturer(type.manufacturer);
    if (type.clock_ghz > 0)
        processor.set_sustained_clock_speed_in_ghz(type.clock_ghz);
    for (const auto& architecture : type.architectures)
        processor.add_supported_architectures(architecture);
    out.set_memory_info().set_size_in_mi_b(type.memory_mib);
}

void write_ebs(const domain::InstanceType& type, model::EbsInfo out) {
    const bool is_optimised = type.ebs_baseline_mbps > 0;
    out.set_ebs_optimized_support(facts::ebs_optimized_support(type))
        .set_encryption_support("unsupported") // encrypted volumes are refused
        .set_nvme_support(facts::is_nitro(type) ? "required" : "unsupported")
        .set_maximum_ebs_attachments(facts::maximum_ebs_attachments(type));
    if (!is_optimised)
        return;
    out.set_ebs_optimized_info()
        .set_baseline_bandwidth_in_mbps(type.ebs_baseline_mbps)
        .set_baseline_throughput_in_m_bps(facts::mbps_to_megabytes(type.ebs_baseline_mbps))
        .set_baseline_iops(type.ebs_baseline_iops)
        .set_maximum_bandwidth_in_mbps(type.ebs_maximum_mbps)
        .set_maximum_throughput_in_m_bps(facts::mbps_to_megabytes(type.ebs_maximum_mbps))
        .set_maximum_iops(type.ebs_maximum_iops);
}

void write_network(const domain::InstanceType& type, model::NetworkInfo out) {
    out.set_network_performance(type.network_performance)
        .set_maximum_network_interfaces(type.maximum_interfaces)
        .set_maximum_network_cards(1)
        .set_default_network_card_index(0)
        .set_ipv4_addresses_per_interface(type.addresses_per_interface)
        .set_ipv6_addresses_per_interface(facts::supports_ipv6(type) ? type.addresses_per_interface
                                                                     : 0)
        .set_ipv6_supported(facts::supports_ipv6(type))
        .set_ena_support(type.ena_support)
        .set_efa_supported(false)
        .set_encryption_in_transit_supported(false);
    out.add_network_cards()
        .set_network_card_index(0)
        .set_network_performance(type.network_performance)
        .set_maximum_network_interfaces(type.maximum_interfaces);
}

void write_type(const domain::InstanceType& type, model::InstanceTypeInfo out) {
    out.set_instance_type(type.name)
        .set_current_generation(type.current_generation)
        .set_free_tier_eligible(type.free_tier)
        .add_supported_usage_classes("on-demand")
        .add_supported_root_device_types("ebs")
        .add_supported_virtualization_types("hvm")
        .set_bare_metal(type.bare_metal)
        .set_instance_storage_supported(false)
        .set_hibernation_supported(facts::supports_hibernation(type))
        .set_burstable_performance_supported(type.burstable)
        .set_dedicated_hosts_supported(false)
        .set_auto_recovery_supported(false)
        .set_nitro_enclaves_support("unsupported")
        .set_nitro_tpm_support("unsupported");
    if (!type.hypervisor.empty())
        out.set_hypervisor(type.hypervisor);
    for (const auto mode : facts::boot_modes(type))
        out.add_supported_boot_modes(mode);
    out.set_placement_group_info().touch_supported_strategies();
    write_processor(type, out);
    write_ebs(type, out.set_ebs_info());
    write_network(type, out.set_network_info());
}

Result<void> describe_instance_types(Call& call,
                                     model::DescribeInstanceTypesRequest in,
                                     model::DescribeInstanceTypesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.instance_types.describe(
                      call.caller, texts(in.instance_types()), filters_of(in), page_of(in)));
    for (const auto& type : listing.items)
        write_type(type, out.add_instance_types());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_instance_type_offerings(Call& call,
                                              model::DescribeInstanceTypeOfferingsRequest in,
                                              model::DescribeInstanceTypeOfferingsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.instance_types.describe_offerings(
                      call.caller, text(in.location_type()), filters_of(in), page_of(in)));
    for (const auto& offering : listing.items)
        out.add_instance_type_offerings()
            .set_instance_type(offering.type)
            .set_location_type(offering.location_type)
            .set_location(offering.location);
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_instance_types(Registry& registry) {
    registry.add<model::operations::DescribeInstanceTypes>(describe_instance_types);
    registry.add<model::operations::DescribeInstanceTypeOfferings>(
        describe_instance_type_offerings);
}

} // namespace pileus::api::ec2
