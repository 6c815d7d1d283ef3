// SPDX-License-Identifier: Apache-2.0
//
// DescribeAddresses and its filters, DescribeAddressesAttribute.

#include "base/net.h"
#include "cloud/addresses.h"
#include "cloud/listing.h"
#include "store/addresses.h"
#include "store/network_interfaces.h"

#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace addresses = store::addresses;
using domain::Address;

namespace {

using View = AddressView;

template <std::string Address::*member> void emit_text(const View& v, const Emit& emit) {
    if (!(v.address.*member).empty())
        emit(v.address.*member);
}
template <std::string View::*member> void emit_target(const View& v, const Emit& emit) {
    if (!(v.*member).empty())
        emit(v.*member);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html, and `domain`,
// which older clients still send.
constexpr FilterField<View> address_filters[]{
    {"allocation-id", emit_text<&Address::allocation_id>},
    {"association-id", emit_text<&Address::association_id>},
    {"domain", [](const View&, const Emit& emit) { emit("vpc"); }},
    {"instance-id", emit_target<&View::instance_id>},
    {"network-border-group", emit_text<&Address::region>},
    {"network-interface-id", emit_text<&Address::network_interface_id>},
    {"network-interface-owner-id", emit_target<&View::interface_owner_id>},
    {"private-ip-address", emit_text<&Address::private_ip>},
    {"public-ip", emit_text<&Address::public_ip>},
};

constexpr ListingKind<View> address_listing{
    "DescribeAddresses", address_filters, [](const View& v) { return v.address.allocation_id; }};
constexpr ListingKind<View> attribute_listing{"DescribeAddressesAttribute",
                                              {},
                                              [](const View& v) { return v.address.allocation_id; },
                                              {1, 1000}};

std::vector<View> view_addresses(store::Transaction& tx, std::vector<Address> rows) {
    std::vector<View> views;
    for (auto& row : rows) {
        View view;
        if (const auto interface = store::network_interfaces::find(tx, row.network_interface_id)) {
            view.instance_id = interface->instance_id;
            view.subnet_id = interface->subnet_id;
            view.interface_owner_id = interface->account_id;
        }
        view.address = std::move(row);
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const View& v) { return v.address.allocation_id; });
    return views;
}

// The allocations that these addresses are of; InvalidAddress.NotFound names those that are none of
// the caller's.
Result<std::vector<std::string>> allocations_of(const Context& context,
                                                const domain::Caller& caller,
                                                const std::vector<std::string>& public_ips) {
    for (const auto& ip : public_ips)
        if (!Ipv4::parse(ip))
            return fail(
                codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter publicIp is invalid. Invalid IPv4 address.",
                            ip));
    return context.store.read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        std::vector<std::string> ids;
        std::vector<std::string> missing;
        for (const auto& ip : public_ips)
            if (const auto found = own(addresses::find_by_public_ip(tx, ip), scope_of(caller)))
                ids.push_back(found->allocation_id);
            else
                missing.push_back(ip);
        if (!missing.empty())
            return fail(codes::address_not_found,
                        fmt::format("Address '{}' not found.", fmt::join(missing, ", ")));
        return ids;
    });
}

Result<Listing<View>> list_addresses(const Context& context,
                                     const domain::Caller& caller,
                                     const ListingKind<View>& kind,
                                     const std::vector<std::string>& ids,
                                     const Filters& filters,
                                     const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, addresses::find(tx, scope, id), view_addresses);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_addresses(tx, addresses::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(context, caller, kind, kinds::elastic_ip, ids, filters, page, find);
    return list_matching(context, caller, kind, filters, page, batch);
}

} // namespace

Result<std::vector<View>> Addresses::describe(const domain::Caller& caller,
                                              const std::vector<std::string>& public_ips,
                                              const std::vector<std::string>& allocation_ids,
                                              const Filters& filters) {
    PILEUS_ASSIGN(auto ids, allocations_of(context_, caller, public_ips));
    ids.insert(ids.end(), allocation_ids.begin(), allocation_ids.end());
    PILEUS_ASSIGN(auto listing,
                  list_addresses(context_, caller, address_listing, ids, filters, {}));
    return std::move(listing.items);
}

Result<Listing<View>> Addresses::describe_attribute(const domain::Caller& caller,
                                                    const std::vector<std::string>& allocation_ids,
                                                    const PageRequest& page) {
    return list_addresses(context_, caller, attribute_listing, allocation_ids, {}, page);
}

} // namespace pileus::cloud
