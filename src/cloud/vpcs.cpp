// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpcs.h"

#include "cloud/listing.h"
#include "cloud/security_groups.h"
#include "cloud/vpc_blocks.h"
#include "cloud/vpc_parts.h"
#include "cloud/vpc_peering_connections.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/network_interfaces.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace blocks = store::vpc_cidr_blocks;

namespace {

constexpr std::string_view default_tenancy = "default";
constexpr std::string_view dedicated_tenancy = "dedicated";

Result<void> check_supported(const std::string& parameter) {
    if (parameter.empty())
        return {};
    return fail(codes::unsupported_operation,
                fmt::format("The parameter {} is not supported by Pileus: blocks are named, or "
                            "taken from the installation's IPv6 pool with "
                            "AmazonProvidedIpv6CidrBlock.",
                            parameter));
}

Result<void> check_creation(const Context& context, const VpcCreation& request) {
    PILEUS_TRY(check_supported(request.unsupported_parameter));
    if (request.cidr_block.empty())
        return fail(codes::missing_parameter,
                    "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    PILEUS_TRY(parse_vpc_block(context.settings, request.cidr_block));
    if (!request.tenancy.empty() && request.tenancy != default_tenancy &&
        request.tenancy != dedicated_tenancy)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter instanceTenancy is invalid. Expected: "
                                "'default' or 'dedicated'.",
                                request.tenancy));
    return check_tag_specifications(context, request.tag_specifications, {kinds::vpc.type});
}

domain::VpcCidrBlock make_block(const Context& context, const std::string& vpc_id) {
    domain::VpcCidrBlock block;
    block.association_id = domain::new_id(context.random, domain::prefix::vpc_cidr_association);
    block.vpc_id = vpc_id;
    return block;
}

Result<domain::VpcCidrBlock>
make_ipv6_block(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    auto block = make_block(context, vpc_id);
    PILEUS_ASSIGN(const auto cidr, find_free_ipv6_block(tx, context));
    block.cidr_block = cidr.str();
    block.is_ipv6 = true;
    return block;
}

tl::unexpected<Error> has_dependencies(const std::string& vpc_id) {
    return fail(codes::dependency_violation,
                fmt::format("The vpc '{}' has dependencies and cannot be deleted.", vpc_id));
}

Result<void> check_unused(store::Transaction& tx, const std::string& vpc_id) {
    if (has_vpc_dependents(tx, vpc_id) || !store::subnets::list_of_vpc(tx, vpc_id).empty() ||
        !store::network_interfaces::list_of_vpc(tx, vpc_id).empty() ||
        store::security_groups::list_of_vpc(tx, vpc_id).size() > 1)
        return has_dependencies(vpc_id);
    return {};
}

void erase_groups(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    for (const auto& group : store::security_groups::list_of_vpc(tx, vpc_id)) {
        for (const auto& rule : store::security_groups::list_rules(tx, group.id))
            store::tags::erase_all(tx, rule.id);
        store::tags::erase_all(tx, group.id);
        store::security_groups::erase(tx, group.id);
        store::work::enqueue(
            tx, "security-group", group.id, context.settings.host.host_id, context.clock.now());
    }
}

Result<void> check_room(store::Transaction& tx, const domain::Vpc& vpc, bool is_ipv6, int limit) {
    const auto rows = blocks::list_of_vpc(tx, vpc.id);
    const auto count = std::count_if(
        rows.begin(), rows.end(), [&](const auto& row) { return row.is_ipv6 == is_ipv6; });
    if (count + (is_ipv6 ? 0 : 1) >= limit) // the primary block counts
        return fail(codes::cidr_limit_exceeded,
                    fmt::format("This network '{}' has met its maximum number of allowed CIDRs: {}",
                                vpc.id,
                                limit));
    return {};
}

Result<void> check_no_overlap(const std::vector<Ipv4Cidr>& others,
                              const Ipv4Cidr& cidr,
                              const std::string& whose) {
    for (const auto& other : others)
        if (other.overlaps(cidr))
            return fail(codes::vpc_range,
                        fmt::format("The CIDR '{}' overlaps with the CIDR '{}' of {}.",
                                    cidr.str(),
                                    other.str(),
                                    whose));
    return {};
}

// A route that exists stays at least as specific as the VPC's own.
Result<void> check_routes(store::Transaction& tx, const std::string& vpc_id, const Ipv4Cidr& cidr) {
    for (const auto& table : store::route_tables::list_of_vpc(tx, vpc_id))
        for (const auto& route : store::routes::list_of_table(tx, table.id))
            if (const auto destination = Ipv4Cidr::parse(route.destination);
                destination && cidr.contains(*destination))
                return fail(codes::vpc_range,
                            fmt::format("The CIDR '{}' is the same as or larger than the "
                                        "destination '{}' of a route in {}.",
                                        cidr.str(),
                                        route.destination,
                                        table.id));
    return {};
}

Result<domain::VpcCidrBlock> find_secondary_block(store::Transaction& tx,
                                                  const Context& context,
                                                  const domain::Vpc& vpc,
                                                  const Ipv4Cidr& cidr) {
    PILEUS_TRY(check_room(tx, vpc, false, context.settings.limits.ipv4_blocks_per_vpc));
    PILEUS_TRY(check_no_overlap(ipv4_blocks_of(tx, vpc), cidr, vpc.id));
    PILEUS_TRY(check_association(Ipv4Cidr::parse(vpc.cidr_block).value(), cidr));
    PILEUS_TRY(check_routes(tx, vpc.id, cidr));
    for (const auto& peer : active_peers_of(tx, vpc.id))
        PILEUS_TRY(check_no_overlap(ipv4_blocks_of(tx, peer), cidr, "a peered VPC"));
    auto block = make_block(context, vpc.id);
    block.cidr_block = cidr.str();
    return block;
}

// A VPC's subnets, interfaces and with them its guests have their addresses from its blocks.
bool is_in_use(store::Transaction& tx, const domain::VpcCidrBlock& block) {
    const auto subnets = store::subnets::list_of_vpc(tx, block.vpc_id);
    return std::any_of(subnets.begin(), subnets.end(), [&](const domain::Subnet& subnet) {
        if (!block.is_ipv6)
            return Ipv4Cidr::parse(block.cidr_block)
                .value()
                .contains(Ipv4Cidr::parse(subnet.cidr_block).value());
        const auto ipv6 = Ipv6Cidr::parse(subnet.ipv6_cidr_block);
        return ipv6 && Ipv6Cidr::parse(block.cidr_block).value().contains(*ipv6);
    });
}

tl::unexpected<Error> no_such_association(const std::string& id) {
    return fail(codes::vpc_cidr_association_not_found,
                fmt::format("The vpc CIDR block association ID '{}' does not exist", id));
}

// The primary block's association has no row of its own.
bool is_primary(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    const auto vpcs = store::vpcs::list(tx, scope, {});
    return std::any_of(
        vpcs.begin(), vpcs.end(), [&](const auto& vpc) { return vpc.cidr_association_id == id; });
}

Result<void> check_one_attribute(const VpcAttributes& attributes) {
    std::vector<std::string_view> given;
    if (attributes.enable_dns_support)
        given.push_back("enableDnsSupport");
    if (attributes.enable_dns_hostnames)
        given.push_back("enableDnsHostnames");
    if (attributes.enable_network_address_usage_metrics)
        given.push_back("enableNetworkAddressUsageMetrics");
    if (given.empty())
        return fail(codes::invalid_parameter_combination, "No attributes specified.");
    if (given.size() > 1)
        return fail(codes::invalid_parameter_combination,
                    fmt::format("Fields for multiple attribute types specified: {}",
                                fmt::join(given, ", ")));
    return {};
}

} // namespace

Result<domain::Vpc>
find_vpc(store::Transaction& tx, const domain::Caller& caller, const std::string& vpc_id) {
    if (vpc_id.empty())
        return fail(codes::missing_parameter, "The request must contain the parameter vpcId");
    if (auto vpc = store::vpcs::find(tx, scope_of(caller), vpc_id))
        return std::move(*vpc);
    return fail(missing_error(kinds::vpc, vpc_id));
}

void insert_vpc(store::Transaction& tx, const Context& context, const domain::Vpc& vpc) {
    store::vpcs::insert(tx, vpc);
    create_main_route_table(tx, context, vpc);
    create_default_network_acl(tx, context, vpc);
    create_default_group(tx, context, vpc);
}

Result<VpcView> Vpcs::create(const domain::Caller& caller, const VpcCreation& request) {
    PILEUS_TRY(check_creation(context_, request));
    const auto scope = scope_of(caller);
    return context_.store.write([&](store::Transaction& tx) -> Result<VpcView> {
        if (store::vpcs::count(tx, scope) >= context_.settings.limits.vpcs)
            return fail(codes::vpc_limit_exceeded, "The maximum number of VPCs has been reached.");
        domain::Vpc vpc;
        vpc.id = domain::new_id(context_.random, domain::prefix::vpc);
        vpc.account_id = scope.account_id;
        vpc.region = scope.region;
        vpc.cidr_block = Ipv4Cidr::parse(request.cidr_block).value().str();
        vpc.cidr_association_id =
            domain::new_id(context_.random, domain::prefix::vpc_cidr_association);
        vpc.dhcp_options_id = default_dhcp_options_id(tx, scope);
        vpc.tenancy = request.tenancy.empty() ? default_tenancy : request.tenancy;
        vpc.created_at = context_.clock.now();
        std::optional<domain::VpcCidrBlock> ipv6;
        if (request.with_ipv6_block) {
            PILEUS_ASSIGN(ipv6, make_ipv6_block(tx, context_, vpc.id));
        }
        PILEUS_TRY(end_if_dry_run(caller));
        if (ipv6)
            blocks::insert(tx, *ipv6); // first: the default network ACL looks at it
        insert_vpc(tx, context_, vpc);
        write_tags(tx, caller, request.tag_specifications, kinds::vpc.type, vpc.id);
        // No work for the engine: there is nobody in it.
        return std::move(view_vpcs(tx, {vpc}).front());
    });
}

Result<void> Vpcs::erase(const domain::Caller& caller, const std::string& vpc_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto vpc, find_vpc(tx, caller, vpc_id));
        PILEUS_TRY(check_unused(tx, vpc.id));
        PILEUS_TRY(end_if_dry_run(caller));
        end_peerings_of(tx, context_, caller, vpc.id);
        erase_groups(tx, context_, vpc.id);
        erase_vpc_parts(tx, vpc.id);
        for (const auto& block : blocks::list_of_vpc(tx, vpc.id))
            blocks::erase(tx, block.association_id);
        store::tags::erase_all(tx, vpc.id);
        store::vpcs::erase(tx, vpc.id);
        enqueue_vpc(tx, context_, vpc.id);
        return {};
    });
}

Result<domain::Vpc> Vpcs::find(const domain::Caller& caller, const std::string& vpc_id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<domain::Vpc> {
        PILEUS_ASSIGN(auto vpc, find_vpc(tx, caller, vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        return vpc;
    });
}

Result<void> Vpcs::modify_attributes(const domain::Caller& caller,
                                     const std::string& vpc_id,
                                     const VpcAttributes& attributes) {
    PILEUS_TRY(check_one_attribute(attributes));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto vpc, find_vpc(tx, caller, vpc_id));
        if (attributes.enable_dns_hostnames == true && !vpc.enable_dns_support)
            return fail(codes::invalid_parameter_combination,
                        "DNS hostnames need DNS support: set enableDnsSupport first.");
        PILEUS_TRY(end_if_dry_run(caller));
        vpc.enable_dns_support = attributes.enable_dns_support.value_or(vpc.enable_dns_support);
        vpc.enable_dns_hostnames =
            attributes.enable_dns_hostnames.value_or(vpc.enable_dns_hostnames);
        vpc.enable_network_address_usage_metrics =
            attributes.enable_network_address_usage_metrics.value_or(
                vpc.enable_network_address_usage_metrics);
        store::vpcs::update(tx, vpc);
        enqueue_vpc(tx, context_, vpc.id);
        return {};
    });
}

Result<void> Vpcs::modify_tenancy(const domain::Caller& caller,
                                  const std::string& vpc_id,
                                  const std::string& tenancy) {
    if (tenancy != default_tenancy)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter instanceTenancy is invalid. The tenancy "
                                "of a VPC can only be changed to 'default'.",
                                tenancy));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto vpc, find_vpc(tx, caller, vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        vpc.tenancy = tenancy;
        store::vpcs::update(tx, vpc);
        return {};
    });
}

Result<BlockChange> Vpcs::associate_block(const domain::Caller& caller,
                                          const std::string& vpc_id,
                                          const BlockAssociation& request) {
    PILEUS_TRY(check_supported(request.unsupported_parameter));
    if (request.cidr_block.empty() != request.with_ipv6_block)
        return fail(request.with_ipv6_block ? codes::invalid_parameter_combination
                                            : codes::missing_parameter,
                    "The request must contain exactly one of the parameters cidrBlock and "
                    "amazonProvidedIpv6CidrBlock");
    std::optional<Ipv4Cidr> cidr;
    if (!request.with_ipv6_block) {
        PILEUS_ASSIGN(cidr, parse_vpc_block(context_.settings, request.cidr_block));
    }
    return context_.store.write([&](store::Transaction& tx) -> Result<BlockChange> {
        PILEUS_ASSIGN(const auto vpc, find_vpc(tx, caller, vpc_id));
        domain::VpcCidrBlock block;
        if (cidr) {
            PILEUS_ASSIGN(block, find_secondary_block(tx, context_, vpc, *cidr));
        } else {
            PILEUS_TRY(check_room(tx, vpc, true, context_.settings.limits.ipv6_blocks_per_vpc));
            PILEUS_ASSIGN(block, make_ipv6_block(tx, context_, vpc.id));
        }
        PILEUS_TRY(end_if_dry_run(caller));
        blocks::insert(tx, block);
        if (block.is_ipv6) {
            add_ipv6_to_default_network_acl(tx, vpc.id);
            add_ipv6_to_default_group(tx, context_, vpc.id);
        }
        enqueue_vpc(tx, context_, vpc.id);
        enqueue_active_peers(tx, context_, vpc.id);
        return BlockChange{vpc.id, block};
    });
}

Result<BlockChange> Vpcs::disassociate_block(const domain::Caller& caller,
                                             const std::string& association_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<BlockChange> {
        const auto block = blocks::find(tx, association_id);
        if (!block && is_primary(tx, scope_of(caller), association_id))
            return fail(codes::operation_not_permitted,
                        fmt::format("The vpc CIDR block with association ID {} may not be "
                                    "disassociated. It is the primary IPv4 CIDR block of the VPC",
                                    association_id));
        const auto vpc =
            block ? store::vpcs::find(tx, scope_of(caller), block->vpc_id) : std::nullopt;
        if (!vpc)
            return no_such_association(association_id);
        if (is_in_use(tx, *block))
            return fail(codes::cidr_block_in_use,
                        fmt::format("The vpc CIDR block with association ID {} may not be "
                                    "disassociated. It has subnets.",
                                    association_id));
        PILEUS_TRY(end_if_dry_run(caller));
        blocks::erase(tx, association_id);
        enqueue_vpc(tx, context_, vpc->id);
        enqueue_active_peers(tx, context_, vpc->id);
        return BlockChange{vpc->id, *block};
    });
}

} // namespace pileus::cloud
