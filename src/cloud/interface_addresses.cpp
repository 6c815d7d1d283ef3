// SPDX-License-Identifier: Apache-2.0
//
// AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses,
// UnassignIpv6Addresses.

#include "cloud/instance_rows.h"
#include "cloud/network_interface_rows.h"
#include "cloud/network_interfaces.h"
#include "store/addresses.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace interfaces = store::network_interfaces;
using domain::NetworkInterface;

namespace {

// Either a number or addresses, exactly one of the two.
Result<void> check_choice(std::string_view list_name,
                          const std::vector<std::string>& addresses,
                          std::string_view count_name,
                          std::optional<int> count) {
    if (addresses.empty() && !count)
        return fail(codes::missing_parameter,
                    fmt::format("Either {} or {} must be specified.", list_name, count_name));
    if (!addresses.empty() && count.value_or(0) != 0)
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The parameter {} cannot be used with the parameter {}",
                                count_name,
                                list_name));
    if (addresses.empty() && *count < 1)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter {} is invalid. The minimum is 1.",
                                *count,
                                count_name));
    if (std::max(addresses.size(), static_cast<size_t>(count.value_or(0))) >
        addresses_per_interface_max)
        return fail(codes::private_address_limit_exceeded,
                    "Number of private addresses will exceed limit.");
    return {};
}

Result<void>
check_room(store::Transaction& tx, const Context& context, const NetworkInterface& interface) {
    if (!interface.instance_id.empty())
        if (const auto instance = store::instances::find(tx, interface.instance_id)) {
            PILEUS_ASSIGN(const auto* type, find_type(context, instance->type));
            return check_address_limit(*type, interface);
        }
    return check_address_limit(interface);
}

Result<domain::Subnet> subnet_of(store::Transaction& tx, const NetworkInterface& interface) {
    if (auto subnet = store::subnets::find(tx, interface.subnet_id))
        return std::move(*subnet);
    return fail(codes::subnet_not_found,
                fmt::format("The subnet ID '{}' does not exist", interface.subnet_id));
}

// Gives one address at a time to an interface, taking it from another one of the subnet where that
// is allowed.
class Assigner {
  public:
    Assigner(store::Transaction& tx,
             const Context& context,
             NetworkInterface& interface,
             const domain::Subnet& subnet,
             bool allow_reassignment)
        : tx_(tx), context_(context), interface_(interface), addresses_(tx, context, subnet),
          allow_reassignment_(allow_reassignment) {}

    Result<void> assign(const std::string& address) {
        if (Ipv4::parse(address) && interfaces::has_private_ip(tx_, interface_.subnet_id, address))
            return move_here(address);
        PILEUS_ASSIGN(auto taken, addresses_.take_ipv4(address));
        interface_.secondary_addresses.push_back({std::move(taken), ""});
        return {};
    }

    Result<std::vector<std::string>> assign_free(size_t count) {
        PILEUS_ASSIGN(auto free, addresses_.take_free_ipv4(count));
        for (const auto& address : free)
            interface_.secondary_addresses.push_back({address, ""});
        return free;
    }

    // After the row was written: an Elastic IP goes with the address that it stands for.
    void move_elastic_addresses() {
        for (auto& address : moved_)
            store::public_addresses::associate(tx_,
                                               address,
                                               interface_,
                                               address.private_ip,
                                               address.association_id,
                                               context_.clock.now());
    }

  private:
    Result<void> move_here(const std::string& address) {
        const auto is_wanted = [&](const auto& a) { return a.private_ip == address; };
        for (auto& other : interfaces::list_of_subnet(tx_, interface_.subnet_id)) {
            auto& secondary = other.secondary_addresses;
            const auto found = std::find_if(secondary.begin(), secondary.end(), is_wanted);
            const bool has_it = other.private_ip == address || found != secondary.end();
            if (!has_it)
                continue;
            if (!allow_reassignment_ || found == secondary.end() ||
                other.account_id != interface_.account_id)
                return fail(codes::invalid_parameter_value,
                            fmt::format("[{}] assigned, but move is not allowed.", address));
            if (other.id != interface_.id)
                take_from(other, address);
            return {};
        }
        return fail(codes::ip_address_in_use, fmt::format("Address {} is in use.", address));
    }

    void take_from(NetworkInterface& other, const std::string& address) {
        for (auto& elastic : store::addresses::list_of_interface(tx_, other.id))
            if (elastic.private_ip == address)
                moved_.push_back(elastic);
        std::erase_if(other.secondary_addresses,
                      [&](const auto& a) { return a.private_ip == address; });
        interfaces::update(tx_, other);
        enqueue_interface(tx_, context_, other);
        interface_.secondary_addresses.push_back({address, ""});
    }

    store::Transaction& tx_;
    const Context& context_;
    NetworkInterface& interface_;
    SubnetAddresses addresses_;
    const bool allow_reassignment_;
    std::vector<domain::Address> moved_;
};

tl::unexpected<Error> not_assigned(const NetworkInterface& interface,
                                   const std::vector<std::string>& addresses) {
    return fail(codes::invalid_parameter_value,
                fmt::format("Some of [{}] are not assigned to interface {}",
                            fmt::join(addresses, ", "),
                            interface.id));
}

Result<void> check_removable(const NetworkInterface& interface,
                             const std::vector<std::string>& addresses) {
    for (const auto& address : addresses) {
        if (address == interface.private_ip)
            return fail(codes::invalid_parameter_value,
                        fmt::format("The primary private IP address {} of the interface cannot be "
                                    "unassigned.",
                                    address));
        const auto is_there = std::any_of(interface.secondary_addresses.begin(),
                                          interface.secondary_addresses.end(),
                                          [&](const auto& a) { return a.private_ip == address; });
        if (!is_there)
            return not_assigned(interface, addresses);
    }
    return {};
}

} // namespace

Result<std::vector<std::string>> NetworkInterfaces::assign_private_addresses(
    const domain::Caller& caller, const std::string& id, const PrivateAddressAssignment& request) {
    PILEUS_TRY(check_choice(
        "privateIpAddresses", request.addresses, "secondaryPrivateIpAddressCount", request.count));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, id));
        PILEUS_ASSIGN(const auto subnet, subnet_of(tx, interface));
        Assigner assigner(tx, context_, interface, subnet, request.allow_reassignment);
        auto assigned = request.addresses;
        for (const auto& address : request.addresses)
            PILEUS_TRY(assigner.assign(address));
        if (request.addresses.empty()) {
            PILEUS_ASSIGN(assigned, assigner.assign_free(static_cast<size_t>(*request.count)));
        }
        PILEUS_TRY(check_room(tx, context_, interface));
        PILEUS_TRY(end_if_dry_run(caller));
        interfaces::update(tx, interface);
        assigner.move_elastic_addresses();
        enqueue_interface(tx, context_, interface);
        return assigned;
    });
}

Result<void>
NetworkInterfaces::unassign_private_addresses(const domain::Caller& caller,
                                              const std::string& id,
                                              const std::vector<std::string>& addresses) {
    if (addresses.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter privateIpAddresses");
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, id));
        PILEUS_TRY(check_removable(interface, addresses));
        PILEUS_TRY(end_if_dry_run(caller));
        const auto goes = [&](const std::string& address) {
            return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
        };
        for (auto& elastic : store::addresses::list_of_interface(tx, interface.id))
            if (goes(elastic.private_ip))
                store::public_addresses::disassociate(tx, elastic);
        std::erase_if(interface.secondary_addresses,
                      [&](const auto& a) { return goes(a.private_ip); });
        interfaces::update(tx, interface);
        enqueue_interface(tx, context_, interface);
        return {};
    });
}

Result<std::vector<std::string>> NetworkInterfaces::assign_ipv6_addresses(
    const domain::Caller& caller, const std::string& id, const Ipv6AddressAssignment& request) {
    PILEUS_TRY(check_choice("ipv6Addresses", request.addresses, "ipv6AddressCount", request.count));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, id));
        PILEUS_ASSIGN(const auto subnet, subnet_of(tx, interface));
        SubnetAddresses addresses(tx, context_, subnet);
        std::vector<std::string> assigned;
        for (const auto& wanted : request.addresses) {
            PILEUS_ASSIGN(auto address, addresses.take_ipv6(wanted));
            assigned.push_back(std::move(address));
        }
        if (request.addresses.empty()) {
            PILEUS_ASSIGN(assigned, addresses.take_free_ipv6(static_cast<size_t>(*request.count)));
        }
        interface.ipv6_addresses.insert(
            interface.ipv6_addresses.end(), assigned.begin(), assigned.end());
        PILEUS_TRY(check_room(tx, context_, interface));
        PILEUS_TRY(end_if_dry_run(caller));
        interfaces::update(tx, interface);
        enqueue_interface(tx, context_, interface);
        return assigned;
    });
}

Result<std::vector<std::string>>
NetworkInterfaces::unassign_ipv6_addresses(const domain::Caller& caller,
                                           const std::string& id,
                                           const std::vector<std::string>& addresses) {
    if (addresses.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter ipv6Addresses");
    return context_.store.write([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, id));
        std::vector<std::string> unassigned;
        for (const auto& text : addresses) {
            const auto address = Ipv6::parse(text);
            const auto spelled = address ? address->str() : text;
            auto& all = interface.ipv6_addresses;
            const auto found = std::find(all.begin(), all.end(), spelled);
            if (found == all.end())
                return not_assigned(interface, addresses);
            all.erase(found);
            unassigned.push_back(spelled);
        }
        PILEUS_TRY(end_if_dry_run(caller));
        interfaces::update(tx, interface);
        enqueue_interface(tx, context_, interface);
        return unassigned;
    });
}

} // namespace pileus::cloud
