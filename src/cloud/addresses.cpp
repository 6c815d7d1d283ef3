// SPDX-License-Identifier: Apache-2.0
//
// AllocateAddress, AssociateAddress, DisassociateAddress, ReleaseAddress. The lists are in
// addresses_describe.cpp.

#include "cloud/addresses.h"

#include "cloud/address_allocation.h"
#include "cloud/instance_rows.h"
#include "cloud/network_interface_rows.h"
#include "cloud/resource_kind.h"
#include "domain/ids.h"
#include "store/addresses.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/tags.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace addresses = store::addresses;
namespace interfaces = store::network_interfaces;
using domain::Address;
using domain::InstanceState;
using domain::NetworkInterface;

namespace {

constexpr std::string_view only_pool = "amazon";

Result<Ipv4> parse_public_ip(const std::string& text) {
    if (const auto address = Ipv4::parse(text))
        return *address;
    return fail(
        codes::invalid_parameter_value,
        fmt::format("Value ({}) for parameter publicIp is invalid. Invalid IPv4 address.", text));
}

Result<void> check_border_group(const domain::Caller& caller, const std::string& group) {
    if (group.empty() || group == caller.region)
        return {};
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter networkBorderGroup is invalid. The only one "
                            "of this region is '{}'.",
                            group,
                            caller.region));
}

// ---- AllocateAddress

Result<void> check_allocation(const Context& context,
                              const domain::Caller& caller,
                              const AddressAllocation& request) {
    PILEUS_TRY(check_border_group(caller, request.network_border_group));
    if (!request.public_pool.empty() && request.public_pool != only_pool)
        return fail(codes::public_pool_not_found,
                    fmt::format("The pool ID '{}' does not exist", request.public_pool));
    return check_tag_specifications(context, request.tag_specifications, {kinds::elastic_ip.type});
}

Result<std::string>
choose_address(store::Transaction& tx, const Context& context, const std::string& wanted) {
    if (wanted.empty())
        return take_public_ip(tx, context);
    PILEUS_ASSIGN(const auto address, parse_public_ip(wanted));
    if (!is_in_public_pool(context, address))
        return fail(codes::address_not_found,
                    fmt::format("Address '{}' not found: the pool of this installation is {}.",
                                wanted,
                                context.settings.public_pool.str()));
    if (interfaces::has_public_ip(tx, wanted))
        return fail(codes::ip_address_in_use, fmt::format("Address {} is in use.", wanted));
    return wanted;
}

// ---- finding an address

Result<Address> find_by_public_ip(store::Transaction& tx,
                                  const domain::Caller& caller,
                                  const std::string& public_ip) {
    PILEUS_TRY(parse_public_ip(public_ip));
    auto found = addresses::find_by_public_ip(tx, public_ip);
    if (!found || found->account_id != caller.account_id || found->region != caller.region)
        return fail(codes::auth_failure,
                    fmt::format("The address '{}' does not belong to you.", public_ip));
    return std::move(*found);
}

Result<Address> find_address(store::Transaction& tx,
                             const domain::Caller& caller,
                             const AddressReference& reference) {
    if (reference.allocation_id.empty() && reference.public_ip.empty())
        return fail(codes::missing_parameter,
                    "Either public IP or allocation id must be specified");
    if (!reference.allocation_id.empty() && !reference.public_ip.empty())
        return fail(codes::invalid_parameter_combination,
                    "You may specify public IP or allocation id, but not both in the same call");
    if (reference.allocation_id.empty())
        return find_by_public_ip(tx, caller, reference.public_ip);
    if (auto found = addresses::find(tx, scope_of(caller), reference.allocation_id))
        return std::move(*found);
    return fail(missing_error(kinds::elastic_ip, reference.allocation_id));
}

Result<void> check_own_to_manage(const Address& address) {
    if (address.is_service_managed)
        return fail(codes::operation_not_permitted,
                    fmt::format("The address {} is a NAT gateway's: it is managed through the "
                                "gateway.",
                                address.public_ip));
    return {};
}

// ---- AssociateAddress

Result<void> check_instance_state(const domain::Instance& instance) {
    if (instance.state == InstanceState::running || instance.state == InstanceState::stopping ||
        instance.state == InstanceState::stopped)
        return {};
    return fail(codes::invalid_instance_id,
                fmt::format("The {} instance '{}' is not in a valid state for this operation.",
                            to_string(instance.state),
                            instance.id));
}

Result<NetworkInterface> find_target(store::Transaction& tx,
                                     const domain::Caller& caller,
                                     const AddressAssociation& request) {
    const bool names_instance = !request.instance_id.empty();
    if (names_instance == !request.network_interface_id.empty())
        return fail(
            names_instance ? codes::invalid_parameter_combination : codes::missing_parameter,
            names_instance ? "You may specify instance id or network interface id, but not both"
                           : "Either instance ID or network interface id must be specified");
    if (names_instance) {
        PILEUS_ASSIGN(const auto instances, find_instances(tx, caller, {request.instance_id}));
        PILEUS_TRY(check_instance_state(instances.front()));
        return only_interface(tx, instances.front());
    }
    return find_own_interface(tx, caller, request.network_interface_id);
}

Result<std::string> find_private_ip(const NetworkInterface& interface, const std::string& wanted) {
    if (wanted.empty() || wanted == interface.private_ip)
        return interface.private_ip;
    for (const auto& secondary : interface.secondary_addresses)
        if (secondary.private_ip == wanted)
            return wanted;
    return fail(
        codes::invalid_parameter_value,
        fmt::format("Private IP address {} is not assigned to interface {}", wanted, interface.id));
}

Result<void> check_internet_gateway(store::Transaction& tx, const std::string& vpc_id) {
    if (store::internet_gateways::find_of_vpc(tx, vpc_id))
        return {};
    return fail(codes::gateway_not_attached,
                fmt::format("Network {} is not attached to any internet gateway", vpc_id));
}

tl::unexpected<Error> already_associated(const std::string& resource,
                                         const std::string& association_id) {
    return fail(codes::resource_already_associated,
                fmt::format("resource {} is already associated with associate-id {}",
                            resource,
                            association_id));
}

// The Elastic IP that stands for this private address now.
std::optional<Address> standing_for(store::Transaction& tx,
                                    const NetworkInterface& interface,
                                    const std::string& private_ip) {
    for (auto& address : addresses::list_of_interface(tx, interface.id))
        if (address.private_ip == private_ip)
            return std::move(address);
    return std::nullopt;
}

// An instance whose primary interface has lost its Elastic IP gets an address of its own again.
Result<void> restore_address_of(store::Transaction& tx,
                                const Context& context,
                                const std::string& network_interface_id) {
    const auto interface = interfaces::find(tx, network_interface_id);
    if (!interface)
        return {};
    if (const auto instance = store::instances::find(tx, interface->instance_id);
        instance && instance->has_guest())
        PILEUS_TRY(restore_automatic_address(tx, context, *instance));
    enqueue_interface(tx, context, *interface);
    return {};
}

} // namespace

Result<Address> Addresses::allocate(const domain::Caller& caller,
                                    const AddressAllocation& request) {
    PILEUS_TRY(check_allocation(context_, caller, request));
    return context_.store.write([&](store::Transaction& tx) -> Result<Address> {
        if (addresses::count(tx, scope_of(caller)) >= context_.settings.limits.elastic_addresses)
            return fail(codes::address_limit_exceeded,
                        "The maximum number of addresses has been reached.");
        Address address;
        PILEUS_ASSIGN(address.public_ip, choose_address(tx, context_, request.address));
        PILEUS_TRY(end_if_dry_run(caller));
        address.allocation_id = domain::new_id(context_.random, domain::prefix::allocation);
        address.account_id = caller.account_id;
        address.region = caller.region;
        address.created_at = context_.clock.now();
        addresses::insert(tx, address);
        write_tags(
            tx, caller, request.tag_specifications, kinds::elastic_ip.type, address.allocation_id);
        store::charges::address_taken(tx, address, address.created_at);
        return address;
    });
}

Result<std::string> Addresses::associate(const domain::Caller& caller,
                                         const AddressAssociation& request) {
    return context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
        PILEUS_ASSIGN(auto address, find_address(tx, caller, request.address));
        PILEUS_TRY(check_own_to_manage(address));
        PILEUS_ASSIGN(auto interface, find_target(tx, caller, request));
        PILEUS_ASSIGN(const auto private_ip, find_private_ip(interface, request.private_ip));
        PILEUS_TRY(check_internet_gateway(tx, interface.vpc_id));
        if (address.network_interface_id == interface.id && address.private_ip == private_ip) {
            PILEUS_TRY(end_if_dry_run(caller));
            return address.association_id;
        }
        if (!request.allow_reassociation && !address.association_id.empty())
            return already_associated(address.allocation_id, address.association_id);
        auto other = standing_for(tx, interface, private_ip);
        if (!request.allow_reassociation && other)
            return already_associated(interface.id, other->association_id);
        PILEUS_TRY(end_if_dry_run(caller));

        if (other) {
            store::public_addresses::disassociate(tx, *other);
            interface = interfaces::find(tx, interface.id).value();
        }
        const auto left_interface_id = address.network_interface_id;
        auto association_id = domain::new_id(context_.random, domain::prefix::association);
        store::public_addresses::associate(
            tx, address, interface, private_ip, association_id, context_.clock.now());
        if (!left_interface_id.empty() && left_interface_id != interface.id)
            PILEUS_TRY(restore_address_of(tx, context_, left_interface_id));
        enqueue_interface(tx, context_, interface);
        return association_id;
    });
}

Result<void> Addresses::disassociate(const domain::Caller& caller,
                                     const std::string& association_id,
                                     const std::string& public_ip) {
    if (association_id.empty() == public_ip.empty())
        return fail(association_id.empty() ? codes::missing_parameter
                                           : codes::invalid_parameter_combination,
                    association_id.empty()
                        ? "Either public IP or association id must be specified"
                        : "You may specify public IP or association id, but not both");
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        Address address;
        if (association_id.empty()) {
            PILEUS_ASSIGN(address, find_by_public_ip(tx, caller, public_ip));
        } else {
            auto found = addresses::find_by_association(tx, association_id);
            if (!found || found->account_id != caller.account_id || found->region != caller.region)
                return fail(codes::association_not_found,
                            fmt::format("The association ID '{}' does not exist", association_id));
            address = std::move(*found);
        }
        PILEUS_TRY(check_own_to_manage(address));
        PILEUS_TRY(end_if_dry_run(caller));
        if (address.association_id.empty())
            return {};
        const auto left_interface_id = address.network_interface_id;
        store::public_addresses::disassociate(tx, address);
        return restore_address_of(tx, context_, left_interface_id);
    });
}

Result<void> Addresses::release(const domain::Caller& caller,
                                const AddressReference& reference,
                                const std::string& network_border_group) {
    PILEUS_TRY(check_border_group(caller, network_border_group));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto address, find_address(tx, caller, reference));
        if (!address.association_id.empty())
            return fail(codes::ip_address_in_use,
                        fmt::format("Address {} is in use.", address.public_ip));
        PILEUS_TRY(end_if_dry_run(caller));
        store::charges::address_released(tx, address, context_.clock.now());
        store::tags::erase_all(tx, address.allocation_id);
        addresses::erase(tx, address.allocation_id);
        return {};
    });
}

Result<Address> Addresses::find(const domain::Caller& caller, const std::string& allocation_id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<Address> {
        PILEUS_ASSIGN(auto address, find_address(tx, caller, {allocation_id, ""}));
        PILEUS_TRY(end_if_dry_run(caller));
        return address;
    });
}

} // namespace pileus::cloud
