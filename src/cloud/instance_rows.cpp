// SPDX-License-Identifier: Apache-2.0
#include "cloud/instance_rows.h"

#include "cloud/resource_kind.h"
#include "cloud/volume_rows.h"
#include "domain/private_dns.h"
#include "placement/placement.h"
#include "store/addresses.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

Result<std::vector<domain::Instance>> find_instances(store::Transaction& tx,
                                                     const domain::Caller& caller,
                                                     const std::vector<std::string>& ids) {
    std::vector<domain::Instance> found;
    std::vector<std::string> missing;
    for (const auto& id : without_duplicates(ids)) {
        if (auto instance = store::instances::find(tx, scope_of(caller), id))
            found.push_back(std::move(*instance));
        else
            missing.push_back(id);
    }
    if (!missing.empty())
        return fail(missing_error(kinds::instance, missing));
    return found;
}

namespace {

// Most interfaces have none, which their own rows say.
bool has_elastic_address(const domain::NetworkInterface& interface) {
    const auto& secondary = interface.secondary_addresses;
    return !interface.allocation_id.empty() ||
           std::any_of(secondary.begin(), secondary.end(), [](const auto& address) {
               return !address.public_ip.empty();
           });
}

} // namespace

InstanceView make_view(store::Transaction& tx, const Context& context, domain::Instance instance) {
    InstanceView view;
    view.volumes = store::volumes::list_of_instance(tx, instance.id);
    sort_by_device(view.volumes, instance.root_device_name);
    view.interfaces = store::network_interfaces::list_of_instance(tx, instance.id);
    for (const auto& interface : view.interfaces)
        if (has_elastic_address(interface))
            for (auto& address : store::addresses::list_of_interface(tx, interface.id))
                view.elastic_addresses.push_back(std::move(address));
    for (const auto& interface : view.interfaces)
        for (const auto& group_id : interface.security_group_ids)
            if (const auto group = store::security_groups::find(tx, group_id))
                view.group_names[group_id] = group->name;
    view.tags = store::tags::list_of(tx, instance.id);
    if (const auto vpc = store::vpcs::find(tx, instance.vpc_id))
        view.has_dns_names = vpc->enable_dns_hostnames;
    view.dns_domain = domain::private_dns_domain(instance.region);
    if (const auto* region = find_region(context.settings, instance.region))
        for (const auto& zone : region->zones)
            if (zone.name == instance.zone)
                view.zone_id = zone.id;
    view.instance = std::move(instance);
    return view;
}

std::string user_initiated(Time at) {
    auto text = format_iso8601(at); // 2026-11-23T09:00:00.000Z
    text[10] = ' ';
    return fmt::format("User initiated ({} GMT)", text.substr(0, 19));
}

namespace {

placement::HostLoad load_of(store::Transaction& tx, const Context& context) {
    const auto& host = context.settings.host;
    placement::HostLoad load{.host_id = host.host_id,
                             .cpus = host.cpus,
                             .cpu_overcommit = host.cpu_overcommit,
                             .memory_mib = host.memory_mib};
    for (const auto& [type_name, count] : store::instances::count_active_by_type(tx, host.host_id))
        if (const auto* type = context.catalog.find(type_name)) {
            load.vcpus_used += type->vcpus * count;
            load.memory_used_mib += type->memory_mib * count;
        }
    return load;
}

std::string
explain(placement::Shortage shortage, const Context& context, const domain::InstanceType& type) {
    const auto& host = context.settings.host;
    switch (shortage) {
    case placement::Shortage::instance_has_too_many_vcpus:
        return fmt::format(
            "{} has {} vCPUs, and this machine has {} CPUs.", type.name, type.vcpus, host.cpus);
    case placement::Shortage::instance_has_too_much_memory:
        return fmt::format("{} has {} MiB of memory, and this machine has {} MiB for instances.",
                           type.name,
                           type.memory_mib,
                           host.memory_mib);
    default:
        return fmt::format("There is not enough capacity left for {}: terminate or stop instances, "
                           "or choose a smaller "
                           "type.",
                           type.name);
    }
}

} // namespace

Result<std::vector<std::string>> place_instances(store::Transaction& tx,
                                                 const Context& context,
                                                 const domain::InstanceType& type,
                                                 int minimum_count,
                                                 int maximum_count) {
    auto placed = placement::place({load_of(tx, context)},
                                   {.vcpus = type.vcpus,
                                    .memory_mib = type.memory_mib,
                                    .minimum_count = minimum_count,
                                    .maximum_count = maximum_count});
    if (placed.host_ids.empty())
        return fail(codes::insufficient_instance_capacity,
                    "Insufficient capacity. " + explain(placed.shortage, context, type));
    return std::move(placed.host_ids);
}

Result<void> check_vcpu_quota(store::Transaction& tx,
                              const Context& context,
                              const domain::Caller& caller,
                              const domain::InstanceType& type,
                              int count) {
    const auto limit = context.settings.limits.running_vcpus;
    int used = 0;
    for (const auto& [type_name, active] :
         store::instances::count_active_by_type(tx, scope_of(caller)))
        if (const auto* active_type = context.catalog.find(type_name))
            used += active_type->vcpus * active;
    if (used + type.vcpus * count > limit)
        return fail(codes::vcpu_limit_exceeded,
                    fmt::format("You have requested more vCPU capacity than your current vCPU "
                                "limit of {} allows for the "
                                "instance bucket that the specified instance type belongs to.",
                                limit));
    return {};
}

Result<void> apply(const MetadataOptionsChange& change, domain::MetadataOptions& options) {
    if (change.put_response_hop_limit &&
        (*change.put_response_hop_limit < 1 || *change.put_response_hop_limit > 64))
        return fail(
            codes::invalid_parameter_value,
            fmt::format(
                "The HttpPutResponseHopLimit {} is out of range: it must be between 1 and 64.",
                *change.put_response_hop_limit));
    options.tokens_required = change.tokens_required.value_or(options.tokens_required);
    options.put_response_hop_limit =
        change.put_response_hop_limit.value_or(options.put_response_hop_limit);
    options.endpoint_enabled = change.endpoint_enabled.value_or(options.endpoint_enabled);
    options.tags_enabled = change.tags_enabled.value_or(options.tags_enabled);
    return {};
}

Result<void> check_user_data(const Context& context, const std::string& bytes) {
    const auto limit = context.settings.limits.user_data_bytes;
    if (bytes.size() > static_cast<size_t>(limit))
        return fail(codes::invalid_parameter_value,
                    fmt::format("User data is limited to {} bytes", limit));
    return {};
}

Result<const domain::InstanceType*> find_type(const Context& context, const std::string& name) {
    if (const auto* type = context.catalog.find(name))
        return type;
    return fail(codes::invalid_parameter_value,
                fmt::format("Invalid value '{}' for InstanceType.", name));
}

Result<void> check_group_ids(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const std::string& vpc_id,
                             const std::vector<std::string>& ids) {
    const auto limit = context.settings.limits.security_groups_per_interface;
    if (ids.size() > static_cast<size_t>(limit))
        return fail(codes::groups_per_interface_limit_exceeded,
                    fmt::format("You have exceeded the maximum number of security groups allowed "
                                "per network interface: "
                                "{}.",
                                limit));
    for (const auto& id : ids) {
        const auto group = store::security_groups::find(tx, scope_of(caller), id);
        if (!group)
            return fail(missing_error(kinds::security_group, id));
        if (group->vpc_id != vpc_id)
            return fail(
                codes::invalid_parameter,
                fmt::format("Security group {} and subnet belong to different networks.", id));
    }
    return {};
}

void enqueue_work(store::Transaction& tx,
                  const Context& context,
                  const domain::Instance& instance) {
    store::work::enqueue(tx, "instance", instance.id, instance.host_id, context.clock.now());
}

} // namespace pileus::cloud
