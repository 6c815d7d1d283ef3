// SPDX-License-Identifier: Apache-2.0
#include "cloud/interface_request.h"

#include "cloud/instance_rows.h"
#include "cloud/resource_kind.h"
#include "store/security_groups.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr size_t description_chars_max = 255;

Result<void> check_count(std::string_view name, std::optional<int> count) {
    if (count && *count < 0)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter {} is invalid. It may not be negative.",
                                *count,
                                name));
    if (count && static_cast<size_t>(*count) > addresses_per_interface_max)
        return fail(codes::private_address_limit_exceeded,
                    fmt::format("Number of private addresses will exceed limit: {} {}.",
                                addresses_per_interface_max,
                                "are the most that an interface can have"));
    return {};
}

tl::unexpected<Error> too_many_addresses(size_t limit, const std::string& of_what) {
    return fail(
        codes::private_address_limit_exceeded,
        fmt::format("Number of private addresses will exceed limit. {} has {} for each interface, "
                    "of each family.",
                    of_what,
                    limit));
}

bool has_more_than(const domain::NetworkInterface& interface, size_t limit) {
    return interface.secondary_addresses.size() + 1 > limit ||
           interface.ipv6_addresses.size() > limit;
}

// The one that is to be the primary address; "" when any will do.
std::string wanted_primary(const InterfaceAddresses& request) {
    for (const auto& [address, is_primary] : request.private_addresses)
        if (is_primary)
            return address;
    return request.private_ip;
}

Result<void> assign_secondaries(SubnetAddresses& addresses,
                                const InterfaceAddresses& request,
                                domain::NetworkInterface& interface) {
    for (const auto& [address, is_primary] : request.private_addresses) {
        if (is_primary)
            continue;
        PILEUS_ASSIGN(auto taken, addresses.take_ipv4(address));
        interface.secondary_addresses.push_back({std::move(taken), ""});
    }
    PILEUS_ASSIGN(
        auto free,
        addresses.take_free_ipv4(static_cast<size_t>(request.secondary_count.value_or(0))));
    for (auto& address : free)
        interface.secondary_addresses.push_back({std::move(address), ""});
    return {};
}

} // namespace

Result<void> check_interface_addresses(const InterfaceAddresses& request) {
    PILEUS_TRY(check_count("secondaryPrivateIpAddressCount", request.secondary_count));
    PILEUS_TRY(check_count("ipv6AddressCount", request.ipv6_count));
    const auto primaries = std::count_if(request.private_addresses.begin(),
                                         request.private_addresses.end(),
                                         [](const auto& address) { return address.is_primary; });
    if (primaries + (request.private_ip.empty() ? 0 : 1) > 1)
        return fail(codes::invalid_parameter_combination,
                    "Only one primary private IP address can be specified.");
    for (const auto& [address, is_primary] : request.private_addresses)
        if (address.empty())
            return fail(codes::missing_parameter,
                        "Each of PrivateIpAddresses must have a PrivateIpAddress.");
    if (request.secondary_count.value_or(0) != 0 && !request.private_addresses.empty())
        return fail(codes::invalid_parameter_combination,
                    "The parameter secondaryPrivateIpAddressCount cannot be used with the "
                    "parameter privateIpAddresses");
    if (request.ipv6_count.value_or(0) != 0 && !request.ipv6_addresses.empty())
        return fail(codes::invalid_parameter_combination,
                    "The parameter ipv6AddressCount cannot be used with the parameter "
                    "ipv6Addresses");
    return {};
}

Result<void> assign_addresses(SubnetAddresses& addresses,
                              const domain::Subnet& subnet,
                              const InterfaceAddresses& request,
                              domain::NetworkInterface& interface) {
    PILEUS_ASSIGN(interface.private_ip, addresses.take_one_ipv4(wanted_primary(request)));
    PILEUS_TRY(assign_secondaries(addresses, request, interface));
    for (const auto& address : request.ipv6_addresses) {
        PILEUS_ASSIGN(auto taken, addresses.take_ipv6(address));
        interface.ipv6_addresses.push_back(std::move(taken));
    }
    const bool subnet_wants_one =
        subnet.assign_ipv6_address_on_creation && request.ipv6_addresses.empty();
    const int count = request.ipv6_count.value_or(subnet_wants_one ? 1 : 0);
    PILEUS_ASSIGN(auto free, addresses.take_free_ipv6(static_cast<size_t>(count)));
    for (auto& address : free)
        interface.ipv6_addresses.push_back(std::move(address));
    return check_address_limit(interface);
}

Result<void> check_address_limit(const domain::InstanceType& type,
                                 const domain::NetworkInterface& interface) {
    const auto limit = static_cast<size_t>(type.addresses_per_interface);
    if (has_more_than(interface, limit))
        return too_many_addresses(limit, type.name);
    return {};
}

Result<void> check_address_limit(const domain::NetworkInterface& interface) {
    if (has_more_than(interface, addresses_per_interface_max))
        return too_many_addresses(addresses_per_interface_max, "The largest instance type");
    return {};
}

Result<std::vector<std::string>> resolve_groups(store::Transaction& tx,
                                                const Context& context,
                                                const domain::Caller& caller,
                                                const std::string& vpc_id,
                                                const std::vector<std::string>& ids) {
    auto unique = without_duplicates(ids);
    if (unique.empty())
        if (const auto group = store::security_groups::find_by_name(tx, vpc_id, "default"))
            unique.push_back(group->id);
    PILEUS_TRY(check_group_ids(tx, context, caller, vpc_id, unique));
    return unique;
}

Result<void> check_interface_description(const std::string& description) {
    if (description.size() > description_chars_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value for parameter description is invalid. It may have at most "
                                "{} characters.",
                                description_chars_max));
    return {};
}

void enqueue_interface(store::Transaction& tx,
                       const Context& context,
                       const domain::NetworkInterface& interface) {
    store::work::enqueue(
        tx, "network-interface", interface.id, interface.host_id, context.clock.now());
}

} // namespace pileus::cloud
