// SPDX-License-Identifier: Apache-2.0
#include "cloud/subnets.h"

#include "cloud/listing.h"
#include "cloud/vpc_blocks.h"
#include "cloud/vpc_parts.h"
#include "cloud/vpc_work.h"
#include "cloud/vpcs.h"
#include "domain/ids.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/format.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr int default_subnet_prefix = 20;
constexpr std::string_view ip_name = "ip-name";

Result<void> check_supported(const std::string& parameter) {
    if (parameter.empty())
        return {};
    return fail(codes::unsupported_operation,
                fmt::format("The parameter {} is not supported by Pileus: its subnets have IPv4 "
                            "addresses, in a zone, out of blocks that are named.",
                            parameter));
}

// By name or by id, or else the region's first.
Result<Zone> find_zone(const Context& context,
                       const std::string& region_name,
                       const std::string& name,
                       const std::string& id) {
    const auto* region = find_region(context.settings, region_name);
    if (region == nullptr || region->zones.empty())
        return fail(codes::auth_failure,
                    fmt::format("This installation has no region '{}'.", region_name));
    if (!name.empty() && !id.empty())
        return fail(codes::invalid_parameter_combination,
                    "Only one of AvailabilityZone and AvailabilityZoneId can be specified.");
    if (name.empty() && id.empty())
        return region->zones.front();
    std::vector<std::string> known;
    for (const auto& zone : region->zones) {
        if ((!name.empty() && zone.name == name) || (!id.empty() && zone.id == id))
            return zone;
        known.push_back(name.empty() ? zone.id : zone.name);
    }
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter {} is invalid. Subnets can currently only be "
                            "created in the following availability zones: {}.",
                            name.empty() ? id : name,
                            name.empty() ? "availabilityZoneId" : "availabilityZone",
                            fmt::join(known, ", ")));
}

domain::Subnet make_subnet(const Context& context,
                           const domain::Vpc& vpc,
                           const Zone& zone,
                           const Ipv4Cidr& cidr) {
    domain::Subnet subnet;
    subnet.id = domain::new_id(context.random, domain::prefix::subnet);
    subnet.account_id = vpc.account_id;
    subnet.region = vpc.region;
    subnet.vpc_id = vpc.id;
    subnet.zone = zone.name;
    subnet.zone_id = zone.id;
    subnet.cidr_block = cidr.str();
    subnet.created_at = context.clock.now();
    return subnet;
}

void give_ipv6_block(const Context& context, domain::Subnet& subnet, const Ipv6Cidr& cidr) {
    subnet.ipv6_cidr_block = cidr.str();
    subnet.ipv6_cidr_association_id =
        domain::new_id(context.random, domain::prefix::subnet_cidr_association);
}

void insert_subnet(store::Transaction& tx, const Context& context, const domain::Subnet& subnet) {
    store::subnets::insert(tx, subnet);
    associate_default_acl(tx, context, subnet);
}

// 172.31.0.0/20, 172.31.16.0/20 … the first that no subnet has.
std::optional<Ipv4Cidr> find_default_block(store::Transaction& tx, const domain::Vpc& vpc) {
    const auto block = Ipv4Cidr::parse(vpc.cidr_block).value();
    const uint64_t size = Ipv4Cidr{{}, default_subnet_prefix}.size();
    const auto subnets = store::subnets::list_of_vpc(tx, vpc.id);
    for (uint64_t start = 0; start < block.size(); start += size) {
        const Ipv4Cidr candidate{block.at(start), default_subnet_prefix};
        if (std::none_of(subnets.begin(), subnets.end(), [&](const domain::Subnet& subnet) {
                return Ipv4Cidr::parse(subnet.cidr_block).value().overlaps(candidate);
            }))
            return candidate;
    }
    return std::nullopt;
}

Result<void> check_room(store::Transaction& tx, const Context& context, const std::string& vpc_id) {
    const auto count = store::subnets::list_of_vpc(tx, vpc_id).size();
    if (count >= static_cast<size_t>(context.settings.limits.subnets_per_vpc))
        return fail(codes::subnet_limit_exceeded,
                    "The maximum number of subnets for this VPC has been reached.");
    return {};
}

Result<void> check_attributes(const SubnetAttributes& attributes) {
    PILEUS_TRY(check_supported(attributes.unsupported_attribute));
    const int count = int{attributes.assign_ipv6_address_on_creation.has_value()} +
                      int{attributes.map_public_ip_on_launch.has_value()} +
                      int{attributes.enable_dns64.has_value()} +
                      int{!attributes.host_name_type.empty()} +
                      int{attributes.resource_name_dns_a_record.has_value()} +
                      int{attributes.resource_name_dns_aaaa_record.has_value()};
    if (count == 0)
        return fail(codes::invalid_parameter_combination, "No attributes specified.");
    if (count > 1)
        return fail(codes::invalid_parameter_combination,
                    "Fields for multiple attribute types specified: one at a time can be changed.");
    if (attributes.enable_dns64 == true)
        return fail(codes::unsupported_operation,
                    "EnableDns64 is not supported by Pileus: it has no NAT64. Reach IPv4 "
                    "addresses from guests that have one.");
    const bool wants_resource_names =
        (!attributes.host_name_type.empty() && attributes.host_name_type != ip_name) ||
        attributes.resource_name_dns_a_record == true ||
        attributes.resource_name_dns_aaaa_record == true;
    if (wants_resource_names)
        return fail(codes::unsupported_operation,
                    "Private DNS names of resources (PrivateDnsHostnameTypeOnLaunch=resource-name, "
                    "EnableResourceNameDnsARecordOnLaunch and its kin) are not supported by "
                    "Pileus: guests are "
                    "named after their private IPv4 address (ip-name).");
    return {};
}

Result<void> apply(const SubnetAttributes& attributes, domain::Subnet& subnet) {
    if (attributes.assign_ipv6_address_on_creation) {
        if (*attributes.assign_ipv6_address_on_creation && subnet.ipv6_cidr_block.empty())
            return fail(codes::invalid_parameter_value,
                        fmt::format("Invalid value 'true' for assignIpv6AddressOnCreation. The "
                                    "subnet {} has no IPv6 CIDR block.",
                                    subnet.id));
        subnet.assign_ipv6_address_on_creation = *attributes.assign_ipv6_address_on_creation;
    }
    if (attributes.map_public_ip_on_launch)
        subnet.map_public_ip_on_launch = *attributes.map_public_ip_on_launch;
    return {};
}

bool has_ipv6_addresses(store::Transaction& tx, const std::string& subnet_id) {
    const auto interfaces = store::network_interfaces::list_of_subnet(tx, subnet_id);
    return std::any_of(interfaces.begin(), interfaces.end(), [](const auto& interface) {
        return !interface.ipv6_addresses.empty();
    });
}

} // namespace

Result<domain::Subnet>
find_subnet(store::Transaction& tx, const domain::Caller& caller, const std::string& subnet_id) {
    if (auto subnet = store::subnets::find(tx, scope_of(caller), subnet_id))
        return std::move(*subnet);
    return fail(missing_error(kinds::subnet, subnet_id));
}

std::optional<domain::Subnet> insert_default_subnet(store::Transaction& tx,
                                                    const Context& context,
                                                    const domain::Vpc& vpc,
                                                    const Zone& zone) {
    const auto cidr = find_default_block(tx, vpc);
    if (!cidr)
        return std::nullopt;
    auto subnet = make_subnet(context, vpc, zone, *cidr);
    subnet.is_default = true;
    subnet.map_public_ip_on_launch = true;
    insert_subnet(tx, context, subnet);
    return subnet;
}

Result<SubnetView> Subnets::create(const domain::Caller& caller, const SubnetCreation& request) {
    PILEUS_TRY(check_supported(request.unsupported_parameter));
    if (request.cidr_block.empty())
        return fail(codes::missing_parameter,
                    "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::subnet.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<SubnetView> {
        PILEUS_ASSIGN(const auto vpc, find_vpc(tx, caller, request.vpc_id));
        PILEUS_ASSIGN(const auto zone,
                      find_zone(context_, caller.region, request.zone, request.zone_id));
        PILEUS_ASSIGN(const auto cidr, find_subnet_block(tx, vpc, request.cidr_block));
        auto subnet = make_subnet(context_, vpc, zone, cidr);
        if (!request.ipv6_cidr_block.empty()) {
            PILEUS_ASSIGN(const auto ipv6,
                          find_subnet_ipv6_block(tx, vpc.id, request.ipv6_cidr_block));
            give_ipv6_block(context_, subnet, ipv6);
        }
        PILEUS_TRY(check_room(tx, context_, vpc.id));
        PILEUS_TRY(end_if_dry_run(caller));
        insert_subnet(tx, context_, subnet);
        write_tags(tx, caller, request.tag_specifications, kinds::subnet.type, subnet.id);
        enqueue_vpc(tx, context_, vpc.id);
        return std::move(view_subnets(tx, {subnet}).front());
    });
}

Result<SubnetView> Subnets::create_default(const domain::Caller& caller,
                                           const DefaultSubnetCreation& request) {
    PILEUS_TRY(check_supported(request.is_ipv6_native ? "Ipv6Native" : ""));
    if (request.zone.empty() && request.zone_id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter availabilityZone");
    return context_.store.write([&](store::Transaction& tx) -> Result<SubnetView> {
        const auto vpc = store::vpcs::find_default(tx, scope_of(caller));
        if (!vpc)
            return fail(codes::default_vpc_does_not_exist,
                        "No default VPC for this user: make one with CreateDefaultVpc.");
        PILEUS_ASSIGN(const auto zone,
                      find_zone(context_, caller.region, request.zone, request.zone_id));
        for (const auto& subnet : store::subnets::list_of_vpc(tx, vpc->id))
            if (subnet.is_default && subnet.zone == zone.name)
                return fail(
                    codes::default_subnet_already_exists,
                    fmt::format("'{}' is already the default subnet in {}.", subnet.id, zone.name));
        PILEUS_TRY(check_room(tx, context_, vpc->id));
        if (!find_default_block(tx, *vpc))
            return fail(codes::insufficient_cidr_blocks,
                        fmt::format("The default VPC {} has no /{} left for a default subnet.",
                                    vpc->id,
                                    default_subnet_prefix));
        PILEUS_TRY(end_if_dry_run(caller));
        const auto subnet = insert_default_subnet(tx, context_, *vpc, zone);
        enqueue_vpc(tx, context_, vpc->id);
        return std::move(view_subnets(tx, {subnet.value()}).front());
    });
}

Result<void> Subnets::erase(const domain::Caller& caller, const std::string& subnet_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto subnet, find_subnet(tx, caller, subnet_id));
        if (!store::network_interfaces::list_of_subnet(tx, subnet.id).empty())
            return fail(
                codes::dependency_violation,
                fmt::format("The subnet '{}' has dependencies and cannot be deleted.", subnet.id));
        PILEUS_TRY(end_if_dry_run(caller));
        erase_subnet_parts(tx, subnet);
        store::tags::erase_all(tx, subnet.id);
        store::subnets::erase(tx, subnet.id);
        enqueue_vpc(tx, context_, subnet.vpc_id);
        return {};
    });
}

Result<void> Subnets::modify(const domain::Caller& caller,
                             const std::string& subnet_id,
                             const SubnetAttributes& attributes) {
    PILEUS_TRY(check_attributes(attributes));
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto subnet, find_subnet(tx, caller, subnet_id));
        PILEUS_TRY(apply(attributes, subnet));
        PILEUS_TRY(end_if_dry_run(caller));
        store::subnets::update(tx, subnet);
        return {};
    });
}

Result<domain::Subnet> Subnets::associate_block(const domain::Caller& caller,
                                                const std::string& subnet_id,
                                                const std::string& ipv6_cidr_block) {
    return context_.store.write([&](store::Transaction& tx) -> Result<domain::Subnet> {
        PILEUS_ASSIGN(auto subnet, find_subnet(tx, caller, subnet_id));
        PILEUS_ASSIGN(const auto cidr, find_subnet_ipv6_block(tx, subnet.vpc_id, ipv6_cidr_block));
        if (!subnet.ipv6_cidr_block.empty())
            return fail(
                codes::cidr_limit_exceeded,
                fmt::format("The subnet '{}' has an IPv6 CIDR block: disassociate {} first.",
                            subnet.id,
                            subnet.ipv6_cidr_association_id));
        PILEUS_TRY(end_if_dry_run(caller));
        give_ipv6_block(context_, subnet, cidr);
        store::subnets::update(tx, subnet);
        enqueue_vpc(tx, context_, subnet.vpc_id);
        return subnet;
    });
}

Result<domain::Subnet> Subnets::disassociate_block(const domain::Caller& caller,
                                                   const std::string& association_id) {
    const auto scope = scope_of(caller);
    return context_.store.write([&](store::Transaction& tx) -> Result<domain::Subnet> {
        const auto before =
            own(store::subnets::find_by_ipv6_association(tx, association_id), scope);
        if (!before)
            return fail(codes::subnet_cidr_association_not_found,
                        fmt::format("The subnet CIDR block association ID '{}' does not exist",
                                    association_id));
        if (has_ipv6_addresses(tx, before->id))
            return fail(codes::cidr_block_in_use,
                        fmt::format("The subnet CIDR block with association ID {} may not be "
                                    "disassociated. Network interfaces have addresses of it.",
                                    association_id));
        PILEUS_TRY(end_if_dry_run(caller));
        auto after = *before;
        after.ipv6_cidr_block = after.ipv6_cidr_association_id = "";
        after.assign_ipv6_address_on_creation = false;
        store::subnets::update(tx, after);
        enqueue_vpc(tx, context_, after.vpc_id);
        return *before;
    });
}

} // namespace pileus::cloud
