// SPDX-License-Identifier: Apache-2.0
#include "cloud/network_interfaces.h"

#include "cloud/listing.h"
#include "domain/private_dns.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"

#include <algorithm>

namespace pileus::cloud {

namespace interfaces = store::network_interfaces;

namespace {

using View = NetworkInterfaceView;

bool is_attached(const View& v) {
    return !v.interface.instance_id.empty();
}
void emit_private_ip(const View& v, const Emit& emit) {
    emit(v.interface.private_ip);
}
void emit_public_ip(const View& v, const Emit& emit) {
    if (!v.interface.public_ip.empty())
        emit(v.interface.public_ip);
}
// Addresses that come with an instance belong to the provider, as EC2 says it.
void emit_address_owner(const View& v, const Emit& emit) {
    if (!v.interface.public_ip.empty())
        emit("amazon");
}

constexpr FilterField<View> interface_filters[]{
    {"addresses.association.owner-id", emit_address_owner},
    {"addresses.association.public-ip", emit_public_ip},
    {"addresses.primary", [](const View&, const Emit& emit) { emit("true"); }},
    {"addresses.private-ip-address", emit_private_ip},
    {"association.allocation-id", emit_nothing<View>},
    {"association.association-id", emit_nothing<View>},
    {"association.ip-owner-id", emit_address_owner},
    {"association.public-dns-name", emit_nothing<View>},
    {"association.public-ip", emit_public_ip},
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
    {"attachment.nat-gateway-id", emit_nothing<View>},
    {"attachment.status",
     [](const View& v, const Emit& emit) { emit(is_attached(v) ? "attached" : "detached"); }},
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
    {"interface-type", [](const View&, const Emit& emit) { emit("interface"); }},
    {"ipv6-addresses.ipv6-address", emit_nothing<View>},
    {"mac-address", [](const View& v, const Emit& emit) { emit(v.interface.mac); }},
    {"network-interface-id", [](const View& v, const Emit& emit) { emit(v.interface.id); }},
    {"operator.managed", emit_false<View>},
    {"operator.principal", emit_nothing<View>},
    {"owner-id", [](const View& v, const Emit& emit) { emit(v.interface.account_id); }},
    {"private-dns-name",
     [](const View& v, const Emit& emit) {
         emit(domain::private_dns_name(v.interface.private_ip, v.interface.region));
     }},
    {"private-ip-address", emit_private_ip},
    {"requester-id", emit_nothing<View>},
    {"requester-managed", emit_false<View>},
    {"source-dest-check",
     [](const View& v, const Emit& emit) { emit(filter_bool(v.interface.source_dest_check)); }},
    {"status",
     [](const View& v, const Emit& emit) { emit(is_attached(v) ? "in-use" : "available"); }},
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
    return interfaces::list(tx, scope, page);
}

void add_group_names(store::Transaction& tx, std::vector<View>& views) {
    std::map<std::string, std::string> names; // interfaces share their groups
    for (auto& view : views)
        for (const auto& id : view.interface.security_group_ids) {
            if (!names.contains(id))
                if (const auto group = store::security_groups::find(tx, id))
                    names[id] = group->name;
            view.group_names[id] = names[id];
        }
}

} // namespace

Result<Listing<View>> NetworkInterfaces::describe(const domain::Caller& caller,
                                                  const std::vector<std::string>& ids,
                                                  const Filters& filters,
                                                  const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto view = [&](store::Transaction& tx, std::vector<domain::NetworkInterface> rows) {
        std::vector<View> views;
        for (auto& row : rows) {
            auto zone = zone_id(context_.settings, row.zone);
            views.push_back({std::move(row), std::move(zone), {}, {}});
        }
        add_group_names(tx, views);
        attach_tags(tx, views, [](const View& v) { return v.interface.id; });
        return views;
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

} // namespace pileus::cloud
