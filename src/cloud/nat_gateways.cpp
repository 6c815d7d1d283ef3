// SPDX-License-Identifier: Apache-2.0
#include "cloud/nat_gateways.h"

#include "cloud/address_allocation.h"
#include "cloud/listing.h"
#include "domain/ids.h"
#include "store/addresses.h"
#include "store/charges.h"
#include "store/nat_gateways.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace gateways = store::nat_gateways;

namespace {

using State = domain::NatGatewayState;

constexpr std::string_view create_operation = "CreateNatGateway";
constexpr int gateways_read_at_once = 1000;

constexpr FilterField<NatGatewayView> gateway_filters[]{
    {"nat-gateway-id", [](const NatGatewayView& v, const Emit& emit) { emit(v.gateway.id); }},
    {"state",
     [](const NatGatewayView& v, const Emit& emit) { emit(domain::to_string(v.gateway.state)); }},
    {"subnet-id", [](const NatGatewayView& v, const Emit& emit) { emit(v.gateway.subnet_id); }},
    {"vpc-id", [](const NatGatewayView& v, const Emit& emit) { emit(v.gateway.vpc_id); }},
};

constexpr ListingKind<NatGatewayView> gateway_listing{
    "DescribeNatGateways", gateway_filters, [](const NatGatewayView& v) { return v.gateway.id; }};

std::vector<NatGatewayView> view_gateways(store::Transaction& tx,
                                          std::vector<domain::NatGateway> rows) {
    std::vector<NatGatewayView> views;
    for (auto& row : rows) {
        NatGatewayView view{std::move(row), {}, {}, {}};
        // A subnet may go before its gateway, which stays to be seen for an hour.
        if (const auto subnet = store::subnets::find(tx, view.gateway.subnet_id)) {
            view.zone = subnet->zone;
            view.zone_id = subnet->zone_id;
        }
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const NatGatewayView& v) { return v.gateway.id; });
    return views;
}

void enqueue_work(store::Transaction& tx, const Context& context, const std::string& id) {
    store::work::enqueue(tx, "nat-gateway", id, context.settings.host.host_id, context.clock.now());
}

bool is_living(const domain::NatGateway& gateway) {
    return gateway.state == State::pending || gateway.state == State::available ||
           gateway.state == State::deleting;
}

Result<void> check_request(const Context& context, const NatGatewayCreation& request) {
    PILEUS_TRY(
        check_tag_specifications(context, request.tag_specifications, {kinds::nat_gateway.type}));
    if (request.is_public && request.allocation_id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter AllocationId: a public NAT gateway "
                    "has an Elastic IP.");
    if (!request.is_public && !request.allocation_id.empty())
        return fail(codes::invalid_parameter_combination,
                    "A private NAT gateway has no Elastic IP: leave AllocationId out.");
    return {};
}

Result<void> check_room(store::Transaction& tx,
                        const Context& context,
                        const domain::Caller& caller,
                        const domain::Subnet& subnet) {
    int count = 0;
    store::Page page{{}, gateways_read_at_once};
    for (bool is_last = false; !is_last;) {
        const auto rows = gateways::list(tx, scope_of(caller), page);
        for (const auto& gateway : rows) {
            const auto other = store::subnets::find(tx, gateway.subnet_id);
            count += is_living(gateway) && other && other->zone == subnet.zone;
            page.after_id = gateway.id;
        }
        is_last = static_cast<int>(rows.size()) < page.limit;
    }
    if (count >= context.settings.limits.nat_gateways_per_zone)
        return fail(codes::nat_gateway_limit_exceeded,
                    fmt::format("Performing this operation would exceed the limit of {} NAT "
                                "gateways in {}.",
                                context.settings.limits.nat_gateways_per_zone,
                                subnet.zone));
    return {};
}

// The Elastic IP of a public gateway; nothing of a private one.
Result<std::optional<domain::Address>>
find_address(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (id.empty())
        return std::optional<domain::Address>{};
    if (!domain::is_well_formed_id(domain::prefix::allocation, id))
        return fail(codes::elastic_ip_malformed,
                    fmt::format("Invalid id: \"{}\" (expecting \"eipalloc-...\")", id));
    auto address = store::addresses::find(tx, scope_of(caller), id);
    if (!address)
        return fail(codes::elastic_ip_not_found,
                    fmt::format("The elasticIp ID '{}' does not exist", id));
    return address;
}

// One creation's transaction: gateway, interface, Elastic IP.
class Creator {
  public:
    Creator(store::Transaction& tx,
            const Context& context,
            const domain::Caller& caller,
            const NatGatewayCreation& request,
            const domain::Subnet& subnet)
        : tx_(tx), context_(context), subnet_(subnet) {
        gateway_.id = domain::new_id(context.random, domain::prefix::nat_gateway);
        gateway_.account_id = caller.account_id;
        gateway_.region = caller.region;
        gateway_.vpc_id = subnet.vpc_id;
        gateway_.subnet_id = subnet.id;
        gateway_.is_public = request.is_public;
        gateway_.allocation_id = request.allocation_id;
        gateway_.client_token = request.client_token.token;
        gateway_.created_at = context.clock.now();
    }

    const domain::NatGateway& write(std::optional<domain::Address> address,
                                    const std::string& private_ip) {
        auto interface = make_network_interface(context_, subnet_);
        interface.kind = domain::NetworkInterfaceKind::nat_gateway;
        interface.description = fmt::format("Interface for NAT Gateway {}", gateway_.id);
        interface.private_ip = private_ip;
        interface.source_dest_check = false;
        store::network_interfaces::insert(tx_, interface);
        gateway_.network_interface_id = interface.id;
        gateway_.private_ip = private_ip;
        if (address)
            associate(*address, interface);
        gateways::insert(tx_, gateway_);
        return gateway_;
    }

    // As EC2 does: the gateway is there, to say why it cannot be.
    const domain::NatGateway& write_failed(const std::string& code, const std::string& message) {
        gateway_.state = State::failed;
        gateway_.failure_code = code;
        gateway_.failure_message = message;
        gateway_.deleted_at = gateway_.created_at;
        gateways::insert(tx_, gateway_);
        return gateway_;
    }

  private:
    void associate(domain::Address& address, domain::NetworkInterface& interface) {
        gateway_.association_id = domain::new_id(context_.random, domain::prefix::association);
        gateway_.public_ip = address.public_ip;
        store::public_addresses::associate(tx_,
                                           address,
                                           interface,
                                           interface.private_ip,
                                           gateway_.association_id,
                                           gateway_.created_at);
        address.is_service_managed = true;
        store::addresses::update(tx_, address);
    }

    store::Transaction& tx_;
    const Context& context_;
    const domain::Subnet& subnet_;
    domain::NatGateway gateway_;
};

} // namespace

Result<NatGatewayView> NatGateways::create(const domain::Caller& caller,
                                           const NatGatewayCreation& request) {
    PILEUS_TRY(check_request(context_, request));
    return context_.store.write([&](store::Transaction& tx) -> Result<NatGatewayView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, create_operation, request.client_token));
        if (earlier) {
            auto gateway = gateways::find(tx, scope_of(caller), *earlier);
            if (!gateway)
                return fail(missing_error(kinds::nat_gateway, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return std::move(view_gateways(tx, {std::move(*gateway)}).front());
        }
        const auto subnet = store::subnets::find(tx, scope_of(caller), request.subnet_id);
        if (!subnet)
            return fail(missing_error(kinds::subnet, request.subnet_id));
        PILEUS_ASSIGN(auto address, find_address(tx, caller, request.allocation_id));
        PILEUS_TRY(check_room(tx, context_, caller, *subnet));
        SubnetAddresses addresses(tx, context_, *subnet);
        const auto private_ip = addresses.take_one_ipv4(request.private_ip);
        const bool is_full =
            !private_ip && private_ip.error().code == codes::insufficient_addresses;
        if (!private_ip && !is_full)
            return fail(private_ip.error());
        PILEUS_TRY(end_if_dry_run(caller));

        Creator creator(tx, context_, caller, request, *subnet);
        const auto& gateway = [&]() -> const domain::NatGateway& {
            if (address && !address->association_id.empty())
                return creator.write_failed(
                    codes::resource_already_associated,
                    fmt::format("Elastic IP address [{}] is already associated",
                                address->allocation_id));
            if (is_full)
                return creator.write_failed(
                    codes::insufficient_addresses,
                    "Subnet has insufficient free addresses to create this NAT gateway");
            return creator.write(std::move(address), *private_ip);
        }();
        write_tags(tx, caller, request.tag_specifications, kinds::nat_gateway.type, gateway.id);
        remember(tx, context_, caller, create_operation, request.client_token, gateway.id);
        enqueue_work(tx, context_, gateway.id);
        return std::move(view_gateways(tx, {gateway}).front());
    });
}

Result<void> NatGateways::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        auto gateway = gateways::find(tx, scope_of(caller), id);
        if (!gateway)
            return fail(missing_error(kinds::nat_gateway, id));
        PILEUS_TRY(end_if_dry_run(caller));
        const auto before = gateway->state;
        if (before == State::deleting || before == State::deleted)
            return {}; // again is as good as once
        gateway->state = before == State::failed ? State::deleted : State::deleting;
        gateways::update(tx, *gateway);
        store::charges::nat_gateway_changed(tx, before, *gateway, context_.clock.now());
        enqueue_work(tx, context_, id);
        return {};
    });
}

Result<Listing<NatGatewayView>> NatGateways::describe(const domain::Caller& caller,
                                                      const std::vector<std::string>& ids,
                                                      const Filters& filters,
                                                      const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, gateways::find(tx, scope, id), view_gateways);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_gateways(tx, gateways::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, gateway_listing, kinds::nat_gateway, ids, filters, page, find);
    return list_matching(context_, caller, gateway_listing, filters, page, batch);
}

} // namespace pileus::cloud
