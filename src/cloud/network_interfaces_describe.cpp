// SPDX-License-Identifier: Apache-2.0
//
// DescribeNetworkInterfaces and its filters.

#include "cloud/listing.h"
#include "cloud/network_interface_rows.h"
#include "cloud/network_interfaces.h"
#include "domain/private_dns.h"
#include "store/network_interfaces.h"

namespace pileus::cloud {

namespace interfaces = store::network_interfaces;

namespace {

using View = NetworkInterfaceView;

bool is_attached(const View& v) {
    return !v.interface.instance_id.empty();
}
void emit_private_ips(const View& v, const Emit& emit) {
    emit(v.interface.private_ip);
    for (const auto& secondary : v.interface.secondary_addresses)
        emit(secondary.private_ip);
}
void emit_public_ips(const View& v, const Emit& emit) {
    if (!v.interface.public_ip.empty())
        emit(v.interface.public_ip);
    for (const auto& secondary : v.interface.secondary_addresses)
        if (!secondary.public_ip.empty())
            emit(secondary.public_ip);
}
// Addresses that come with an instance belong to the provider, as EC2 says it.
void emit_address_owners(const View& v, const Emit& emit) {
    if (!v.interface.public_ip.empty() && v.interface.allocation_id.empty())
        emit("amazon");
    for (const auto& address : v.elastic_addresses)
        emit(address.account_id);
}
template <std::string domain::Address::*member> void emit_elastic(const View& v, const Emit& emit) {
    for (const auto& address : v.elastic_addresses)
        emit(address.*member);
}
bool is_requester_managed(const View& v) {
    return v.interface.kind == domain::NetworkInterfaceKind::nat_gateway;
}

constexpr FilterField<View> interface_filters[]{
    {"addresses.association.owner-id", emit_address_owners},
    {"addresses.association.public-ip", emit_public_ips},
    {"addresses.primary",
     [](const View& v, const Emit& emit) {
         emit("true");
         if (!v.interface.secondary_addresses.empty())
             emit("false");
     }},
    {"addresses.private-ip-address", emit_private_ips},
    {"association.allocation-id", emit_elastic<&domain::Address::allocation_id>},
    {"association.association-id", emit_elastic<&domain::Address::association_id>},
    {"association.ip-owner-id", emit_address_owners},
    {"association.public-dns-name", emit_nothing<View>},
    {"association.public-ip", emit_public_ips},
    {"attachment.attach-time",
     [](const View& v, const Emit& emit) {
         if (is_attached(v) && v.interface.attached_at)
             emit(format_iso8601(*v.interface.attached_at));
     }},
    {"attachment.attachment-id",
     [](const View& v, const Emit& emit) {
         if (is_attached(v))
             emit(v.interface.attachment_id);
     }},
    {"attachment.delete-on-termination",
     [](const View& v, const Emit& emit) {
         if (is_attached(v))
             emit(filter_bool(v.interface.delete_on_termination));
     }},
    {"attachment.device-index",
     [](const View& v, const Emit& emit) {
         if (is_attached(v))
             emit(std::to_string(v.interface.device_index));
     }},
    {"attachment.instance-id",
     [](const View& v, const Emit& emit) {
         if (is_attached(v))
             emit(v.interface.instance_id);
     }},
    {"attachment.instance-owner-id",
     [](const View& v, const Emit& emit) {
         if (is_attached(v))
             emit(v.interface.account_id);
     }},
    {"attachment.nat-gateway-id",
     [](const View& v, const Emit& emit) {
         if (!v.nat_gateway_id.empty())
             emit(v.nat_gateway_id);
     }},
    {"attachment.status",
     [](const View& v, const Emit& emit) { emit(attachment_status(v.interface)); }},
    {"availability-zone", [](const View& v, const Emit& emit) { emit(v.interface.zone); }},
    {"availability-zone-id", [](const View& v, const Emit& emit) { emit(v.zone_id); }},
    {"description", [](const View& v, const Emit& emit) { emit(v.interface.description); }},
    {"group-id",
     [](const View& v, const Emit& emit) {
         for (const auto& id : v.interface.security_group_ids)
             emit(id);
     }},
    {"group-name",
     [](const View& v, const Emit& emit) {
         for (const auto& [id, name] : v.group_names)
             emit(name);
     }},
    {"interface-type",
     [](const View& v, const Emit& emit) {
         emit(is_requester_managed(v) ? "nat_gateway" : "interface");
     }},
    {"ipv6-addresses.ipv6-address",
     [](const View& v, const Emit& emit) {
         for (const auto& address : v.interface.ipv6_addresses)
             emit(address);
     }},
    {"mac-address", [](const View& v, const Emit& emit) { emit(v.interface.mac); }},
    {"network-interface-id", [](const View& v, const Emit& emit) { emit(v.interface.id); }},
    {"operator.managed", emit_false<View>},
    {"operator.principal", emit_nothing<View>},
    {"owner-id", [](const View& v, const Emit& emit) { emit(v.interface.account_id); }},
    {"private-dns-name",
     [](const View& v, const Emit& emit) {
         if (v.has_dns_names)
             emit(domain::private_dns_name(v.interface.private_ip, v.interface.region));
     }},
    {"private-ip-address", emit_private_ips},
    {"requester-id", emit_nothing<View>},
    {"requester-managed",
     [](const View& v, const Emit& emit) { emit(filter_bool(is_requester_managed(v))); }},
    {"source-dest-check",
     [](const View& v, const Emit& emit) { emit(filter_bool(v.interface.source_dest_check)); }},
    {"status", [](const View& v, const Emit& emit) { emit(interface_status(v.interface)); }},
    {"subnet-id", [](const View& v, const Emit& emit) { emit(v.interface.subnet_id); }},
    {"vpc-id", [](const View& v, const Emit& emit) { emit(v.interface.vpc_id); }},
};

constexpr ListingKind<View> interface_listing{
    "DescribeNetworkInterfaces", interface_filters, [](const View& v) { return v.interface.id; }};

// Whatever of these the filters name outright is looked up instead of searched for.
std::vector<domain::NetworkInterface> rows_of(store::Transaction& tx,
                                              const store::Scope& scope,
                                              const Filters& filters,
                                              const store::Page& page) {
    if (const auto* instances = exact_filter(filters, "attachment.instance-id"))
        return own_of_each(instances->values, scope, page, [&](const std::string& id) {
            return interfaces::list_of_instance(tx, id);
        });
    if (const auto* groups = exact_filter(filters, "group-id"))
        return own_of_each(groups->values, scope, page, [&](const std::string& id) {
            return interfaces::list_of_security_group(tx, id);
        });
    if (const auto* subnets = exact_filter(filters, "subnet-id"))
        return own_of_each(subnets->values, scope, page, [&](const std::string& id) {
            return interfaces::list_of_subnet(tx, id);
        });
    if (const auto* vpcs = exact_filter(filters, "vpc-id"))
        return own_of_each(vpcs->values, scope, page, [&](const std::string& id) {
            return interfaces::list_of_vpc(tx, id);
        });
    return interfaces::list(tx, scope, page);
}

} // namespace

Result<Listing<View>> NetworkInterfaces::describe(const domain::Caller& caller,
                                                  const std::vector<std::string>& ids,
                                                  const Filters& filters,
                                                  const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto view = [&](store::Transaction& tx, std::vector<domain::NetworkInterface> rows) {
        return view_network_interfaces(tx, context_, std::move(rows));
    };
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, own(interfaces::find(tx, id), scope), view);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view(tx, rows_of(tx, scope, filters, rows));
    };
    if (!ids.empty())
        return list_named(context_,
                          caller,
                          interface_listing,
                          kinds::network_interface,
                          ids,
                          filters,
                          page,
                          find);
    return list_matching(context_, caller, interface_listing, filters, page, batch);
}

Result<View> NetworkInterfaces::describe_one(const domain::Caller& caller, const std::string& id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<View> {
        PILEUS_ASSIGN(auto row, find_network_interface(tx, caller, id));
        PILEUS_TRY(end_if_dry_run(caller));
        std::vector<domain::NetworkInterface> rows;
        rows.push_back(std::move(row));
        return std::move(view_network_interfaces(tx, context_, std::move(rows)).front());
    });
}

} // namespace pileus::cloud
