// SPDX-License-Identifier: Apache-2.0
#include "cloud/launch_interfaces.h"

#include "cloud/instance_types.h"
#include "cloud/network_interface_rows.h"
#include "cloud/resource_kind.h"
#include "store/security_groups.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

// ---- what can be said without the store

Result<void> check_existing(const LaunchInterface& interface) {
    if (!interface.subnet_id.empty() || !interface.security_group_ids.empty() ||
        !interface.description.empty() || interface.addresses.names_any() ||
        interface.addresses.secondary_count.value_or(0) != 0 ||
        interface.addresses.ipv6_count.value_or(0) != 0)
        return fail(codes::invalid_parameter_combination,
                    "A network interface may not specify both a network interface ID and a "
                    "subnet, groups, addresses or a description: it has them already.");
    if (interface.delete_on_termination.value_or(false))
        return fail(codes::invalid_parameter_combination,
                    "A network interface may not specify a network interface ID and delete on "
                    "termination as true");
    if (interface.associate_public_ip.value_or(false))
        return fail(codes::invalid_parameter_combination,
                    "The associatePublicIPAddress parameter cannot be specified when launching "
                    "with an existing network interface.");
    return {};
}

Result<void> check_interface(const LaunchInterface& interface, bool is_only) {
    PILEUS_TRY(check_interface_description(interface.description));
    PILEUS_TRY(check_interface_addresses(interface.addresses));
    if (!interface.network_interface_id.empty())
        return check_existing(interface);
    if (interface.associate_public_ip && !is_only)
        return fail(codes::invalid_parameter_combination,
                    "The associatePublicIPAddress parameter cannot be specified when launching "
                    "with multiple network interfaces.");
    return {};
}

Result<void> check_device_indexes(const std::vector<LaunchInterface>& interfaces) {
    std::set<int> seen;
    for (const auto& interface : interfaces) {
        if (!interface.device_index && interfaces.size() > 1)
            return fail(codes::missing_parameter,
                        "Each network interface must have a device index.");
        const int index = interface.device_index.value_or(0);
        if (index < 0)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Value ({}) for parameter deviceIndex is invalid.", index));
        if (!seen.insert(index).second)
            return fail(codes::invalid_parameter_value,
                        "Each network interface requires a unique device index.");
    }
    std::set<std::string> named;
    for (const auto& interface : interfaces)
        if (const auto& id = interface.network_interface_id;
            !id.empty() && !named.insert(id).second)
            return fail(codes::invalid_parameter_combination,
                        fmt::format("The network interface '{}' is named more than once.", id));
    if (!seen.contains(0))
        return fail(codes::invalid_parameter_value,
                    "When specifying network interfaces, you must include a device at index 0.");
    return {};
}

// The interface that the members at the top of a request speak of.
LaunchInterface top_interface(const LaunchRequest& request) {
    LaunchInterface interface;
    interface.device_index = 0;
    interface.subnet_id = request.subnet_id;
    interface.security_group_ids = request.security_group_ids;
    interface.addresses = request.addresses;
    return interface;
}

std::vector<LaunchInterface> interfaces_of(const LaunchRequest& request) {
    return request.interfaces.empty() ? std::vector{top_interface(request)} : request.interfaces;
}

// ---- resolving

Result<domain::Subnet> find_subnet(store::Transaction& tx,
                                   const domain::Caller& caller,
                                   const std::string& subnet_id,
                                   const std::string& zone) {
    if (!subnet_id.empty()) {
        auto subnet = store::subnets::find(tx, scope_of(caller), subnet_id);
        if (!subnet)
            return fail(missing_error(kinds::subnet, subnet_id));
        if (!zone.empty() && zone != subnet->zone)
            return fail(
                codes::invalid_parameter_value,
                fmt::format(
                    "The subnet '{}' is in {}, not in {}.", subnet->id, subnet->zone, zone));
        return std::move(*subnet);
    }
    const auto vpc = store::vpcs::find_default(tx, scope_of(caller));
    if (!vpc)
        return fail(codes::vpc_id_not_specified, "No default VPC for this user. Name a subnet.");
    auto subnets = store::subnets::list_of_vpc(tx, vpc->id);
    std::sort(subnets.begin(), subnets.end(), [](const auto& a, const auto& b) {
        return a.zone < b.zone;
    });
    for (auto& subnet : subnets)
        if (subnet.is_default && (zone.empty() || subnet.zone == zone))
            return std::move(subnet);
    if (!zone.empty())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Invalid availability zone: [{}]", zone));
    return fail(codes::missing_default_subnet,
                fmt::format("No default subnet found in VPC '{}'. Name a subnet.", vpc->id));
}

// Names are of the default VPC; they are given at the top of a request only.
Result<std::vector<std::string>> ids_of_names(store::Transaction& tx,
                                              const std::vector<std::string>& names,
                                              const std::string& vpc_id) {
    std::vector<std::string> ids;
    for (const auto& name : without_duplicates(names)) {
        const auto group = store::security_groups::find_by_name(tx, vpc_id, name);
        if (!group)
            return fail(codes::group_not_found,
                        fmt::format("The security group '{}' does not exist in default VPC '{}'",
                                    name,
                                    vpc_id));
        ids.push_back(group->id);
    }
    return ids;
}

Result<ResolvedInterface> resolve_existing(store::Transaction& tx,
                                           const domain::Caller& caller,
                                           const std::string& zone,
                                           ResolvedInterface resolved) {
    PILEUS_ASSIGN(auto interface,
                  find_own_interface(tx, caller, resolved.request.network_interface_id));
    if (!interface.instance_id.empty())
        return fail(codes::interface_in_use, fmt::format("Interface: [{}] in use.", interface.id));
    PILEUS_ASSIGN(resolved.subnet, find_subnet(tx, caller, interface.subnet_id, zone));
    resolved.existing = std::move(interface);
    return resolved;
}

Result<ResolvedInterface> resolve(store::Transaction& tx,
                                  const Context& context,
                                  const domain::Caller& caller,
                                  const LaunchRequest& request,
                                  const LaunchInterface& interface,
                                  bool is_only) {
    ResolvedInterface resolved;
    resolved.request = interface;
    resolved.device_index = interface.device_index.value_or(0);
    if (!interface.network_interface_id.empty())
        return resolve_existing(tx, caller, request.zone, std::move(resolved));
    PILEUS_ASSIGN(resolved.subnet, find_subnet(tx, caller, interface.subnet_id, request.zone));
    const auto& vpc_id = resolved.subnet.vpc_id;
    auto group_ids = interface.security_group_ids;
    if (!request.security_group_names.empty()) {
        PILEUS_ASSIGN(group_ids, ids_of_names(tx, request.security_group_names, vpc_id));
    }
    PILEUS_ASSIGN(resolved.security_group_ids,
                  resolve_groups(tx, context, caller, vpc_id, group_ids));
    // The subnet's wish counts for an instance with one interface only, as on EC2.
    resolved.wants_public_ip =
        interface.associate_public_ip.value_or(is_only && resolved.subnet.map_public_ip_on_launch);
    return resolved;
}

// ---- planning

Result<void> check_quota(store::Transaction& tx,
                         const Context& context,
                         const std::vector<ResolvedInterface>& interfaces,
                         size_t count) {
    const auto per_instance =
        std::count_if(interfaces.begin(), interfaces.end(), [](const auto& interface) {
            return !interface.existing;
        });
    const auto& subnet = interfaces.front().subnet;
    return check_interface_quota(
        tx, context, {subnet.account_id, subnet.region}, static_cast<size_t>(per_instance) * count);
}

bool has_ipv6(const LaunchedInterfaces& interfaces) {
    return std::any_of(interfaces.begin(), interfaces.end(), [](const auto& interface) {
        return !interface.ipv6_addresses.empty();
    });
}

} // namespace

Result<void> check_launch_interfaces(const LaunchRequest& request) {
    const auto interfaces = interfaces_of(request);
    PILEUS_TRY(check_device_indexes(interfaces));
    for (const auto& interface : interfaces) {
        PILEUS_TRY(check_interface(interface, interfaces.size() == 1));
        if (request.maximum_count == 1)
            continue;
        if (!interface.network_interface_id.empty())
            return fail(codes::invalid_parameter_combination,
                        "A network interface can be attached when one instance is launched, not "
                        "when several are.");
        if (interface.addresses.names_any())
            return fail(codes::invalid_parameter_combination,
                        "A private IP address can be asked for when one instance is launched, not "
                        "for several.");
    }
    return {};
}

Result<std::vector<ResolvedInterface>> resolve_launch_interfaces(store::Transaction& tx,
                                                                 const Context& context,
                                                                 const domain::Caller& caller,
                                                                 const LaunchRequest& request) {
    const auto interfaces = interfaces_of(request);
    std::vector<ResolvedInterface> all;
    for (const auto& interface : interfaces) {
        PILEUS_ASSIGN(auto resolved,
                      resolve(tx, context, caller, request, interface, interfaces.size() == 1));
        all.push_back(std::move(resolved));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.device_index < b.device_index;
    });
    for (const auto& interface : all)
        if (interface.subnet.zone != all.front().subnet.zone)
            return fail(codes::invalid_parameter_combination,
                        "The network interfaces of an instance must be in the same availability "
                        "zone.");
    return all;
}

Result<void> check_launch_interfaces(const domain::InstanceType& type,
                                     const std::vector<ResolvedInterface>& interfaces) {
    if (interfaces.size() > static_cast<size_t>(type.maximum_interfaces))
        return fail(codes::attachment_limit_exceeded,
                    fmt::format("Interface count {} exceeds the limit for {}: it has {}.",
                                interfaces.size(),
                                type.name,
                                type.maximum_interfaces));
    return {};
}

Result<std::vector<LaunchedInterfaces>>
plan_launch_interfaces(store::Transaction& tx,
                       const Context& context,
                       const domain::InstanceType& type,
                       const std::vector<ResolvedInterface>& interfaces,
                       size_t count) {
    PILEUS_TRY(check_quota(tx, context, interfaces, count));
    std::map<std::string, SubnetAddresses> addresses;
    std::vector<LaunchedInterfaces> launched(count);
    for (auto& of_instance : launched)
        for (const auto& resolved : interfaces) {
            auto interface =
                resolved.existing.value_or(make_network_interface(context, resolved.subnet));
            interface.device_index = resolved.device_index;
            interface.delete_on_termination =
                resolved.request.delete_on_termination.value_or(!resolved.existing);
            if (!resolved.existing) {
                interface.description = resolved.request.description;
                interface.security_group_ids = resolved.security_group_ids;
                interface.wants_public_ip = resolved.wants_public_ip;
                auto& free = addresses.try_emplace(resolved.subnet.id, tx, context, resolved.subnet)
                                 .first->second;
                PILEUS_TRY(
                    assign_addresses(free, resolved.subnet, resolved.request.addresses, interface));
            }
            PILEUS_TRY(check_address_limit(type, interface));
            of_instance.push_back(std::move(interface));
        }
    if (!launched.empty() && has_ipv6(launched.front()) &&
        !instance_type_facts::supports_ipv6(type))
        return fail(codes::invalid_parameter_combination,
                    fmt::format("{} does not support IPv6.", type.name));
    return launched;
}

} // namespace pileus::cloud
