// SPDX-License-Identifier: Apache-2.0
//
// CreateNetworkInterface, DeleteNetworkInterface, ModifyNetworkInterfaceAttribute. Attaching is in
// interface_attachments.cpp, addresses in interface_addresses.cpp, the list in
// network_interfaces_describe.cpp.

#include "cloud/network_interfaces.h"

#include "cloud/network_interface_rows.h"
#include "cloud/resource_kind.h"
#include "cloud/vpc_work.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/tags.h"
#include "store/vpcs.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace interfaces = store::network_interfaces;
using domain::NetworkInterface;

namespace {

constexpr std::string_view create_operation = "CreateNetworkInterface";

Result<void> check_creation(const Context& context, const NetworkInterfaceCreation& request) {
    if (request.subnet_id.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter subnetId");
    PILEUS_TRY(check_interface_description(request.description));
    PILEUS_TRY(check_interface_addresses(request.addresses));
    return check_tag_specifications(
        context, request.tag_specifications, {kinds::network_interface.type});
}

Result<NetworkInterface> make_interface(store::Transaction& tx,
                                        const Context& context,
                                        const domain::Caller& caller,
                                        const NetworkInterfaceCreation& request) {
    const auto subnet = store::subnets::find(tx, scope_of(caller), request.subnet_id);
    if (!subnet)
        return fail(missing_error(kinds::subnet, request.subnet_id));
    PILEUS_TRY(check_interface_quota(tx, context, scope_of(caller), 1));
    auto interface = make_network_interface(context, *subnet);
    interface.description = request.description;
    interface.client_token = request.client_token.token;
    interface.delete_on_termination = false;
    PILEUS_ASSIGN(interface.security_group_ids,
                  resolve_groups(tx, context, caller, subnet->vpc_id, request.security_group_ids));
    SubnetAddresses addresses(tx, context, *subnet);
    PILEUS_TRY(assign_addresses(addresses, *subnet, request.addresses, interface));
    return interface;
}

NetworkInterfaceView
view_row(store::Transaction& tx, const Context& context, NetworkInterface row) {
    std::vector<NetworkInterface> rows;
    rows.push_back(std::move(row));
    return std::move(view_network_interfaces(tx, context, std::move(rows)).front());
}

// Applies each kind of change to the row, inside the transaction; the row is written afterwards.
class Changer {
  public:
    Changer(store::Transaction& tx,
            const Context& context,
            const domain::Caller& caller,
            NetworkInterface& interface)
        : tx_(tx), context_(context), caller_(caller), interface_(interface) {}

    Result<void> operator()(const interface_change::Description& description) {
        PILEUS_TRY(check_interface_description(description.value));
        interface_.description = description.value;
        return {};
    }
    Result<void> operator()(const interface_change::SecurityGroups& groups) {
        PILEUS_ASSIGN(interface_.security_group_ids,
                      resolve_groups(tx_, context_, caller_, interface_.vpc_id, groups.ids));
        return {};
    }
    Result<void> operator()(const interface_change::SourceDestCheck& check) {
        interface_.source_dest_check = check.value;
        if (interface_.instance_id.empty() || interface_.device_index != 0)
            return {};
        if (auto instance = store::instances::find(tx_, interface_.instance_id)) {
            instance->source_dest_check = check.value;
            store::instances::update(tx_, *instance);
        }
        return {};
    }
    Result<void> operator()(const interface_change::DeleteOnTermination& change) {
        if (interface_.instance_id.empty() || interface_.attachment_id != change.attachment_id)
            return fail(missing_error(kinds::network_interface_attachment, change.attachment_id));
        interface_.delete_on_termination = change.value;
        return {};
    }
    // Of the primary interface only, as EC2 says.
    Result<void> operator()(const interface_change::AssociatePublicIp& change) {
        interface_.wants_public_ip = change.value;
        if (!change.value) {
            store::public_addresses::give_back_automatic(tx_, interface_, context_.clock.now());
            return {};
        }
        if (interface_.instance_id.empty() || interface_.device_index != 0 ||
            !interface_.public_ip.empty())
            return {};
        const auto instance = store::instances::find(tx_, interface_.instance_id);
        if (!instance || !instance->has_guest())
            return {};
        PILEUS_ASSIGN(const auto public_ip, take_public_ip(tx_, context_));
        store::public_addresses::take_automatic(tx_, interface_, public_ip, context_.clock.now());
        return {};
    }

  private:
    store::Transaction& tx_;
    const Context& context_;
    const domain::Caller& caller_;
    NetworkInterface& interface_;
};

} // namespace

Result<NetworkInterfaceView> NetworkInterfaces::create(const domain::Caller& caller,
                                                       const NetworkInterfaceCreation& request) {
    PILEUS_TRY(check_creation(context_, request));
    return context_.store.write([&](store::Transaction& tx) -> Result<NetworkInterfaceView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_operation, request.client_token));
        if (earlier) {
            PILEUS_ASSIGN(auto row, find_network_interface(tx, caller, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return view_row(tx, context_, std::move(row));
        }
        PILEUS_ASSIGN(const auto interface, make_interface(tx, context_, caller, request));
        PILEUS_TRY(end_if_dry_run(caller));
        // No work for the engine: nothing is plugged in anywhere yet.
        interfaces::insert(tx, interface);
        write_tags(
            tx, caller, request.tag_specifications, kinds::network_interface.type, interface.id);
        remember(tx, context_, caller, create_operation, request.client_token, interface.id);
        return view_row(tx, context_, interface);
    });
}

Result<void> NetworkInterfaces::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto interface, find_network_interface(tx, caller, id));
        if (interface_status(interface) != "available")
            return fail(codes::interface_in_use,
                        fmt::format("Network interface '{}' is currently in use.", id));
        PILEUS_TRY(end_if_dry_run(caller));
        store::public_addresses::disassociate_all(tx, interface);
        interfaces::erase(tx, id);
        store::tags::erase_all(tx, id);
        enqueue_interface(tx, context_, interface);
        enqueue_vpc(tx, context_, interface.vpc_id); // a route to it is a black hole now
        return {};
    });
}

Result<void> NetworkInterfaces::modify(const domain::Caller& caller,
                                       const std::string& id,
                                       const NetworkInterfaceChange& change) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto interface, find_own_interface(tx, caller, id));
        PILEUS_TRY(std::visit(Changer(tx, context_, caller, interface), change));
        PILEUS_TRY(end_if_dry_run(caller));
        interfaces::update(tx, interface);
        enqueue_interface(tx, context_, interface);
        return {};
    });
}

} // namespace pileus::cloud
