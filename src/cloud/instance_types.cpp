// SPDX-License-Identifier: Apache-2.0
#include "cloud/instance_types.h"

#include "cloud/listing.h"

#include <algorithm>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace facts = instance_type_facts;

namespace {

using Type = domain::InstanceType;

// EC2 shares its limit of 28 among disks and interfaces on Nitro, of which one is the first
// interface.
constexpr int nitro_ebs_attachments = 27;
constexpr int xen_ebs_attachments = 39;

void emit_number(const Emit& emit, int64_t number) {
    emit(std::to_string(number));
}
void emit_decimal(const Emit& emit, double number) {
    emit(fmt::format("{}", number));
}
void emit_zero(const Type&, const Emit& emit) {
    emit("0");
}
void emit_unsupported(const Type&, const Emit& emit) {
    emit("unsupported");
}

constexpr FilterField<Type> type_filters[]{
    {"auto-recovery-supported", emit_false<Type>},
    {"bare-metal", [](const Type& t, const Emit& emit) { emit(filter_bool(t.bare_metal)); }},
    {"burstable-performance-supported",
     [](const Type& t, const Emit& emit) { emit(filter_bool(t.burstable)); }},
    {"current-generation",
     [](const Type& t, const Emit& emit) { emit(filter_bool(t.current_generation)); }},
    {"dedicated-hosts-supported", emit_false<Type>},
    {"ebs-info.attachment-limit-type", [](const Type&, const Emit& emit) { emit("shared"); }},
    {"ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.ebs_baseline_mbps); }},
    {"ebs-info.ebs-optimized-info.baseline-iops",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.ebs_baseline_iops); }},
    {"ebs-info.ebs-optimized-info.baseline-throughput-in-mbps",
     [](const Type& t, const Emit& emit) {
         emit_decimal(emit, facts::mbps_to_megabytes(t.ebs_baseline_mbps));
     }},
    {"ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.ebs_maximum_mbps); }},
    {"ebs-info.ebs-optimized-info.maximum-iops",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.ebs_maximum_iops); }},
    {"ebs-info.ebs-optimized-info.maximum-throughput-in-mbps",
     [](const Type& t, const Emit& emit) {
         emit_decimal(emit, facts::mbps_to_megabytes(t.ebs_maximum_mbps));
     }},
    {"ebs-info.ebs-optimized-support",
     [](const Type& t, const Emit& emit) { emit(facts::ebs_optimized_support(t)); }},
    {"ebs-info.encryption-support", emit_unsupported},
    {"ebs-info.maximum-ebs-attachments",
     [](const Type& t, const Emit& emit) { emit_number(emit, facts::maximum_ebs_attachments(t)); }},
    {"ebs-info.nvme-support",
     [](const Type& t, const Emit& emit) {
         emit(facts::is_nitro(t) ? "required" : "unsupported");
     }},
    {"free-tier-eligible", [](const Type& t, const Emit& emit) { emit(filter_bool(t.free_tier)); }},
    {"hibernation-supported",
     [](const Type& t, const Emit& emit) { emit(filter_bool(facts::supports_hibernation(t))); }},
    {"hypervisor",
     [](const Type& t, const Emit& emit) {
         if (!t.hypervisor.empty())
             emit(t.hypervisor);
     }},
    {"instance-storage-info.disk.count", emit_nothing<Type>},
    {"instance-storage-info.disk.size-in-gb", emit_nothing<Type>},
    {"instance-storage-info.disk.type", emit_nothing<Type>},
    {"instance-storage-info.encryption-support", emit_nothing<Type>},
    {"instance-storage-info.nvme-support", emit_nothing<Type>},
    {"instance-storage-info.total-size-in-gb", emit_nothing<Type>},
    {"instance-storage-supported", emit_false<Type>},
    {"instance-type", [](const Type& t, const Emit& emit) { emit(t.name); }},
    {"memory-info.size-in-mib",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.memory_mib); }},
    {"network-info.bandwidth-weightings", emit_nothing<Type>},
    {"network-info.efa-info.maximum-efa-interfaces", emit_zero},
    {"network-info.efa-supported", emit_false<Type>},
    {"network-info.ena-support", [](const Type& t, const Emit& emit) { emit(t.ena_support); }},
    {"network-info.encryption-in-transit-supported", emit_false<Type>},
    {"network-info.flexible-ena-queues-support", emit_unsupported},
    {"network-info.ipv4-addresses-per-interface",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.addresses_per_interface); }},
    {"network-info.ipv6-addresses-per-interface",
     [](const Type& t, const Emit& emit) {
         emit_number(emit, facts::supports_ipv6(t) ? t.addresses_per_interface : 0);
     }},
    {"network-info.ipv6-supported",
     [](const Type& t, const Emit& emit) { emit(filter_bool(facts::supports_ipv6(t))); }},
    {"network-info.maximum-network-cards", [](const Type&, const Emit& emit) { emit("1"); }},
    {"network-info.maximum-network-interfaces",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.maximum_interfaces); }},
    {"network-info.network-performance",
     [](const Type& t, const Emit& emit) { emit(t.network_performance); }},
    {"nitro-enclaves-support", emit_unsupported},
    {"nitro-tpm-info.supported-versions", emit_nothing<Type>},
    {"nitro-tpm-support", emit_unsupported},
    {"processor-info.manufacturer", [](const Type& t, const Emit& emit) { emit(t.manufacturer); }},
    {"processor-info.supported-architecture",
     [](const Type& t, const Emit& emit) {
         for (const auto& architecture : t.architectures)
             emit(architecture);
     }},
    {"processor-info.supported-features", emit_nothing<Type>},
    {"processor-info.sustained-clock-speed-in-ghz",
     [](const Type& t, const Emit& emit) { emit_decimal(emit, t.clock_ghz); }},
    {"reboot-migration-support", emit_unsupported},
    {"supported-boot-mode",
     [](const Type& t, const Emit& emit) {
         for (const auto mode : facts::boot_modes(t))
             emit(mode);
     }},
    {"supported-root-device-type", [](const Type&, const Emit& emit) { emit("ebs"); }},
    {"supported-usage-class", [](const Type&, const Emit& emit) { emit("on-demand"); }},
    {"supported-virtualization-type", [](const Type&, const Emit& emit) { emit("hvm"); }},
    {"vcpu-info.default-cores",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.cores); }},
    {"vcpu-info.default-threads-per-core",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.threads_per_core); }},
    {"vcpu-info.default-vcpus",
     [](const Type& t, const Emit& emit) { emit_number(emit, t.vcpus); }},
    {"vcpu-info.valid-cores",
     [](const Type& t, const Emit& emit) {
         for (const int cores : facts::valid_cores(t))
             emit_number(emit, cores);
     }},
    {"vcpu-info.valid-threads-per-core",
     [](const Type& t, const Emit& emit) {
         for (const int threads : facts::valid_threads_per_core(t))
             emit_number(emit, threads);
     }},
};

constexpr ListingKind<Type> type_listing{
    "DescribeInstanceTypes", type_filters, [](const Type& t) { return t.name; }, {5, 100}};

constexpr FilterField<InstanceTypeOffering> offering_filters[]{
    {"instance-type", [](const InstanceTypeOffering& o, const Emit& emit) { emit(o.type); }},
    {"location", [](const InstanceTypeOffering& o, const Emit& emit) { emit(o.location); }},
};

constexpr ListingKind<InstanceTypeOffering> offering_listing{
    "DescribeInstanceTypeOfferings", offering_filters, [](const InstanceTypeOffering& o) {
        return o.type + " " + o.location;
    }};

Result<std::vector<Type>> named_types(const catalog::Catalog& catalog,
                                      const std::vector<std::string>& names) {
    if (names.empty())
        return catalog.all();
    std::vector<Type> types;
    std::vector<std::string> unknown;
    for (const auto& name : without_duplicates(names))
        if (const auto* type = catalog.find(name))
            types.push_back(*type);
        else
            unknown.push_back(name);
    if (!unknown.empty())
        return fail(codes::invalid_instance_type,
                    fmt::format("The following supplied instance types do not exist: [{}]",
                                fmt::join(unknown, ", ")));
    return types;
}

Result<std::vector<std::string>> locations_of(const Region& region,
                                              const std::string& location_type) {
    std::vector<std::string> locations;
    if (location_type == "region")
        locations.push_back(region.name);
    else if (location_type == "availability-zone")
        for (const auto& zone : region.zones)
            locations.push_back(zone.name);
    else if (location_type == "availability-zone-id")
        for (const auto& zone : region.zones)
            locations.push_back(zone.id);
    else if (location_type != "outpost") // of which there are none
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter locationType is invalid. Valid values are: "
                        "region, availability-zone, availability-zone-id, outpost.",
                        location_type));
    return locations;
}

} // namespace

namespace instance_type_facts {

bool is_nitro(const Type& type) {
    return type.hypervisor == "nitro" || type.bare_metal;
}
bool supports_ipv6(const Type&) {
    return true; // of every type in the catalogue: only generations before t2 and m4 cannot
}
// Of the families in the catalogue all do, up to a size.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hibernating-prerequisites.html
bool supports_hibernation(const Type& type) {
    static constexpr int64_t memory_max_mib = int64_t{150} * 1024;
    return !type.bare_metal && type.memory_mib <= memory_max_mib;
}
int maximum_ebs_attachments(const Type& type) {
    return is_nitro(type) ? nitro_ebs_attachments : xen_ebs_attachments;
}
std::string_view ebs_optimized_support(const Type& type) {
    if (type.ebs_optimized_default)
        return "default";
    return type.ebs_baseline_mbps > 0 ? "supported" : "unsupported";
}
double mbps_to_megabytes(int mbps) {
    return mbps / 8.0;
}
std::vector<int> valid_cores(const Type& type) {
    std::vector<int> cores;
    if (!type.burstable)
        for (int count = 2; count < type.cores; count += 2)
            cores.push_back(count);
    cores.push_back(type.cores);
    return cores;
}
std::vector<int> valid_threads_per_core(const Type& type) {
    return type.threads_per_core == 2 && !type.burstable ? std::vector{1, 2}
                                                         : std::vector{type.threads_per_core};
}
std::vector<std::string_view> boot_modes(const Type& type) {
    if (is_nitro(type))
        return {"legacy-bios", "uefi"};
    return {"legacy-bios"};
}

} // namespace instance_type_facts

Result<Listing<Type>> InstanceTypes::describe(const domain::Caller& caller,
                                              const std::vector<std::string>& names,
                                              const Filters& filters,
                                              const PageRequest& page) {
    PILEUS_ASSIGN(auto types, named_types(context_.catalog, names));
    return list_in_memory(context_, caller, type_listing, filters, page, std::move(types));
}

Result<Listing<InstanceTypeOffering>>
InstanceTypes::describe_offerings(const domain::Caller& caller,
                                  const std::string& requested_location_type,
                                  const Filters& filters,
                                  const PageRequest& page) {
    const auto location_type = requested_location_type.empty() ? "region" : requested_location_type;
    std::vector<InstanceTypeOffering> offerings;
    if (const auto* region = find_region(context_.settings, caller.region)) {
        PILEUS_ASSIGN(const auto locations, locations_of(*region, location_type));
        for (const auto& type : context_.catalog.all())
            for (const auto& location : locations)
                offerings.push_back({type.name, location_type, location});
    }
    return list_in_memory(context_, caller, offering_listing, filters, page, std::move(offerings));
}

} // namespace pileus::cloud
