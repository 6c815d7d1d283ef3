// SPDX-License-Identifier: Apache-2.0
#include "cloud/network_interface_rows.h"

#include "cloud/listing.h"
#include "store/addresses.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/security_groups.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace interfaces = store::network_interfaces;
using domain::NetworkInterface;
using domain::NetworkInterfaceKind;

namespace {

// Rows that many interfaces share are read once.
class Viewer {
  public:
    Viewer(store::Transaction& tx, const Context& context) : tx_(tx), context_(context) {}

    NetworkInterfaceView view(NetworkInterface row) {
        NetworkInterfaceView view;
        view.zone_id = zone_id(context_.settings, row.zone);
        for (const auto& id : row.security_group_ids)
            view.group_names[id] = group_name(id);
        view.elastic_addresses = store::addresses::list_of_interface(tx_, row.id);
        view.has_dns_names = has_dns_names(row.vpc_id);
        if (row.kind == NetworkInterfaceKind::nat_gateway)
            view.nat_gateway_id = nat_gateway_of(row);
        view.interface = std::move(row);
        return view;
    }

  private:
    const std::string& group_name(const std::string& id) {
        const auto [entry, is_new] = group_names_.try_emplace(id);
        if (is_new)
            if (const auto group = store::security_groups::find(tx_, id))
                entry->second = group->name;
        return entry->second;
    }

    bool has_dns_names(const std::string& vpc_id) {
        const auto [entry, is_new] = dns_names_.try_emplace(vpc_id, false);
        if (is_new)
            if (const auto vpc = store::vpcs::find(tx_, vpc_id))
                entry->second = vpc->enable_dns_hostnames;
        return entry->second;
    }

    std::string nat_gateway_of(const NetworkInterface& row) {
        for (const auto& gateway : store::nat_gateways::list_of_subnet(tx_, row.subnet_id))
            if (gateway.network_interface_id == row.id)
                return gateway.id;
        return "";
    }

    store::Transaction& tx_;
    const Context& context_;
    std::map<std::string, std::string> group_names_;
    std::map<std::string, bool> dns_names_;
};

} // namespace

const domain::Address*
NetworkInterfaceView::elastic_address_of(const std::string& private_ip) const {
    for (const auto& address : elastic_addresses)
        if (address.private_ip == private_ip)
            return &address;
    return nullptr;
}

std::string_view attachment_status(const NetworkInterface& interface) {
    if (interface.kind == NetworkInterfaceKind::nat_gateway)
        return "attached";
    if (interface.instance_id.empty())
        return "detached";
    if (interface.detaching)
        return "detaching";
    return interface.attached_at ? "attached" : "attaching";
}

std::string_view interface_status(const NetworkInterface& interface) {
    const auto attachment = attachment_status(interface);
    if (attachment == "attached")
        return "in-use";
    return attachment == "detached" ? "available" : attachment;
}

Result<NetworkInterface> find_network_interface(store::Transaction& tx,
                                                const domain::Caller& caller,
                                                const std::string& id) {
    if (id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter networkInterfaceId");
    if (auto found = own(interfaces::find(tx, id), scope_of(caller)))
        return std::move(*found);
    return fail(missing_error(kinds::network_interface, id));
}

Result<NetworkInterface>
find_own_interface(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    PILEUS_ASSIGN(auto interface, find_network_interface(tx, caller, id));
    if (interface.kind == NetworkInterfaceKind::nat_gateway)
        return fail(codes::operation_not_permitted,
                    fmt::format("The network interface '{}' is a NAT gateway's: it is managed "
                                "through the gateway.",
                                id));
    return interface;
}

std::vector<NetworkInterfaceView> view_network_interfaces(store::Transaction& tx,
                                                          const Context& context,
                                                          std::vector<NetworkInterface> rows) {
    Viewer viewer(tx, context);
    std::vector<NetworkInterfaceView> views;
    for (auto& row : rows)
        views.push_back(viewer.view(std::move(row)));
    attach_tags(tx, views, [](const NetworkInterfaceView& v) { return v.interface.id; });
    return views;
}

Result<void> check_interface_quota(store::Transaction& tx,
                                   const Context& context,
                                   const store::Scope& scope,
                                   size_t new_interfaces) {
    const auto limit = context.settings.limits.network_interfaces;
    if (static_cast<size_t>(interfaces::count(tx, scope)) + new_interfaces >
        static_cast<size_t>(limit))
        return fail(codes::interface_limit_exceeded,
                    fmt::format("The account may have {} network interfaces in the region: delete "
                                "some that are not in use.",
                                limit));
    return {};
}

Result<void>
check_fits_type(const domain::InstanceType& type, const NetworkInterface& interface, size_t count) {
    if (count + 1 > static_cast<size_t>(type.maximum_interfaces))
        return fail(codes::attachment_limit_exceeded,
                    fmt::format("Interface count {} exceeds the limit for {}: it has {}.",
                                count + 1,
                                type.name,
                                type.maximum_interfaces));
    return check_address_limit(type, interface);
}

Result<NetworkInterface> only_interface(store::Transaction& tx, const domain::Instance& instance) {
    auto found = interfaces::list_of_instance(tx, instance.id);
    if (found.empty())
        return fail(
            codes::incorrect_instance_state,
            fmt::format("The instance '{}' has no network interface any more.", instance.id));
    if (found.size() > 1)
        return fail(codes::invalid_instance_id,
                    fmt::format("There are multiple interfaces attached to instance '{}'. Please "
                                "specify an interface ID for the operation instead.",
                                instance.id));
    return std::move(found.front());
}

Result<void> restore_automatic_address(store::Transaction& tx,
                                       const Context& context,
                                       const domain::Instance& instance) {
    auto found = interfaces::list_of_instance(tx, instance.id);
    if (found.size() != 1)
        return {};
    auto& interface = found.front();
    if (!interface.wants_public_ip || !interface.public_ip.empty() ||
        !store::addresses::list_of_interface(tx, interface.id).empty())
        return {};
    PILEUS_ASSIGN(const auto public_ip, take_public_ip(tx, context));
    store::public_addresses::take_automatic(tx, interface, public_ip, context.clock.now());
    return {};
}

} // namespace pileus::cloud
