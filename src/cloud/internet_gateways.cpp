// SPDX-License-Identifier: Apache-2.0
#include "cloud/internet_gateways.h"

#include "cloud/listing.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/internet_gateways.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace gateways = store::internet_gateways;
namespace egress_only = store::egress_only_internet_gateways;

namespace {

using View = InternetGatewayView;
using EgressOnlyView = EgressOnlyInternetGatewayView;

constexpr std::string_view create_egress_only_operation = "CreateEgressOnlyInternetGateway";

constexpr FilterField<View> gateway_filters[]{
    {"attachment.state",
     [](const View& v, const Emit& emit) {
         if (!v.gateway.vpc_id.empty())
             emit("available");
     }},
    {"attachment.vpc-id",
     [](const View& v, const Emit& emit) {
         if (!v.gateway.vpc_id.empty())
             emit(v.gateway.vpc_id);
     }},
    {"internet-gateway-id", [](const View& v, const Emit& emit) { emit(v.gateway.id); }},
    {"owner-id", [](const View& v, const Emit& emit) { emit(v.gateway.account_id); }},
};

constexpr ListingKind<View> gateway_listing{
    "DescribeInternetGateways", gateway_filters, [](const View& v) { return v.gateway.id; }};

// Tags, and nothing else.
constexpr FilterTable<EgressOnlyView> egress_only_filters{};

constexpr ListingKind<EgressOnlyView> egress_only_listing{
    "DescribeEgressOnlyInternetGateways",
    egress_only_filters,
    [](const EgressOnlyView& v) { return v.gateway.id; },
    {5, 255}};

template <class Row> auto view_gateways(store::Transaction& tx, std::vector<Row> rows) {
    using GatewayView =
        std::conditional_t<std::is_same_v<Row, domain::InternetGateway>, View, EgressOnlyView>;
    std::vector<GatewayView> views;
    for (auto& row : rows)
        views.push_back({std::move(row), {}});
    attach_tags(tx, views, [](const GatewayView& v) { return v.gateway.id; });
    return views;
}

Result<domain::InternetGateway>
find_gateway(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto gateway = gateways::find(tx, scope_of(caller), id))
        return std::move(*gateway);
    return fail(missing_error(kinds::internet_gateway, id));
}

Result<void>
require_vpc(store::Transaction& tx, const domain::Caller& caller, const std::string& vpc_id) {
    if (!store::vpcs::find(tx, scope_of(caller), vpc_id))
        return fail(missing_error(kinds::vpc, vpc_id));
    return {};
}

bool has_public_address(const domain::NetworkInterface& interface) {
    return !interface.public_ip.empty() ||
           std::any_of(interface.secondary_addresses.begin(),
                       interface.secondary_addresses.end(),
                       [](const auto& address) { return !address.public_ip.empty(); });
}

} // namespace

Result<View> InternetGateways::create(const domain::Caller& caller,
                                      const std::vector<TagSpecification>& tag_specifications) {
    PILEUS_TRY(
        check_tag_specifications(context_, tag_specifications, {kinds::internet_gateway.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<View> {
        if (gateways::count(tx, scope_of(caller)) >= context_.settings.limits.internet_gateways)
            return fail(codes::internet_gateway_limit_exceeded,
                        "The maximum number of internet gateways has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        const domain::InternetGateway gateway{
            domain::new_id(context_.random, domain::prefix::internet_gateway),
            caller.account_id,
            caller.region,
            "",
            context_.clock.now()};
        gateways::insert(tx, gateway);
        write_tags(tx, caller, tag_specifications, kinds::internet_gateway.type, gateway.id);
        return std::move(view_gateways(tx, std::vector{gateway}).front());
    });
}

Result<void> InternetGateways::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto gateway, find_gateway(tx, caller, id));
        if (!gateway.vpc_id.empty())
            return fail(
                codes::dependency_violation,
                fmt::format("The internetGateway '{}' has dependencies and cannot be deleted.",
                            id));
        PILEUS_TRY(end_if_dry_run(caller));
        gateways::erase(tx, id);
        store::tags::erase_all(tx, id);
        return {};
    });
}

Result<void> InternetGateways::attach(const domain::Caller& caller,
                                      const std::string& id,
                                      const std::string& vpc_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto gateway, find_gateway(tx, caller, id));
        PILEUS_TRY(require_vpc(tx, caller, vpc_id));
        if (!gateway.vpc_id.empty())
            return fail(
                codes::resource_already_associated,
                fmt::format("resource {} is already attached to network {}", id, gateway.vpc_id));
        if (gateways::find_of_vpc(tx, vpc_id))
            return fail(codes::invalid_parameter_value,
                        fmt::format("Network {} already has an internet gateway attached", vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        gateway.vpc_id = vpc_id;
        gateways::update(tx, gateway);
        enqueue_vpc(tx, context_, vpc_id);
        return {};
    });
}

Result<void> InternetGateways::detach(const domain::Caller& caller,
                                      const std::string& id,
                                      const std::string& vpc_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto gateway, find_gateway(tx, caller, id));
        PILEUS_TRY(require_vpc(tx, caller, vpc_id));
        if (gateway.vpc_id != vpc_id)
            return fail(codes::gateway_not_attached,
                        fmt::format("resource {} is not attached to network {}", id, vpc_id));
        const auto interfaces = store::network_interfaces::list_of_vpc(tx, vpc_id);
        if (std::any_of(interfaces.begin(), interfaces.end(), has_public_address))
            return fail(codes::dependency_violation,
                        fmt::format("Network {} has some mapped public address(es). Please unmap "
                                    "those public address(es) before detaching the gateway.",
                                    vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        gateway.vpc_id.clear();
        gateways::update(tx, gateway);
        enqueue_vpc(tx, context_, vpc_id);
        return {};
    });
}

Result<Listing<View>> InternetGateways::describe(const domain::Caller& caller,
                                                 const std::vector<std::string>& ids,
                                                 const Filters& filters,
                                                 const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto view = view_gateways<domain::InternetGateway>;
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, gateways::find(tx, scope, id), view);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view(tx, gateways::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, gateway_listing, kinds::internet_gateway, ids, filters, page, find);
    return list_matching(context_, caller, gateway_listing, filters, page, batch);
}

Result<EgressOnlyView>
EgressOnlyInternetGateways::create(const domain::Caller& caller,
                                   const EgressOnlyInternetGatewayCreation& request) {
    PILEUS_TRY(check_tag_specifications(
        context_, request.tag_specifications, {kinds::egress_only_internet_gateway.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<EgressOnlyView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_egress_only_operation, request.client_token));
        if (earlier) {
            auto gateway = egress_only::find(tx, scope_of(caller), *earlier);
            if (!gateway)
                return fail(missing_error(kinds::egress_only_internet_gateway, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return std::move(view_gateways(tx, std::vector{std::move(*gateway)}).front());
        }
        PILEUS_TRY(require_vpc(tx, caller, request.vpc_id));
        if (egress_only::count(tx, scope_of(caller)) >=
            context_.settings.limits.egress_only_internet_gateways)
            return fail(codes::egress_only_gateway_limit_exceeded,
                        "The maximum number of egress-only internet gateways has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        const domain::EgressOnlyInternetGateway gateway{
            domain::new_id(context_.random, domain::prefix::egress_only_internet_gateway),
            caller.account_id,
            caller.region,
            request.vpc_id,
            context_.clock.now()};
        egress_only::insert(tx, gateway); // no work: no route leads to it yet
        write_tags(tx,
                   caller,
                   request.tag_specifications,
                   kinds::egress_only_internet_gateway.type,
                   gateway.id);
        remember(
            tx, context_, caller, create_egress_only_operation, request.client_token, gateway.id);
        return std::move(view_gateways(tx, std::vector{gateway}).front());
    });
}

Result<void> EgressOnlyInternetGateways::erase(const domain::Caller& caller,
                                               const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        const auto gateway = egress_only::find(tx, scope_of(caller), id);
        if (!gateway)
            return fail(missing_error(kinds::egress_only_internet_gateway, id));
        PILEUS_TRY(end_if_dry_run(caller));
        egress_only::erase(tx, id);
        store::tags::erase_all(tx, id);
        enqueue_vpc(tx, context_, gateway->vpc_id);
        return {};
    });
}

Result<Listing<EgressOnlyView>>
EgressOnlyInternetGateways::describe(const domain::Caller& caller,
                                     const std::vector<std::string>& ids,
                                     const Filters& filters,
                                     const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto view = view_gateways<domain::EgressOnlyInternetGateway>;
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, egress_only::find(tx, scope, id), view);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view(tx, egress_only::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(context_,
                          caller,
                          egress_only_listing,
                          kinds::egress_only_internet_gateway,
                          ids,
                          filters,
                          page,
                          find);
    return list_matching(context_, caller, egress_only_listing, filters, page, batch);
}

} // namespace pileus::cloud
