// SPDX-License-Identifier: Apache-2.0
//
// The default VPC of an account in a region, and the set of DHCP options that stands beside it.

#include "cloud/security_groups.h"
#include "cloud/subnets.h"
#include "cloud/vpc_parts.h"
#include "cloud/vpcs.h"
#include "domain/ids.h"
#include "domain/private_dns.h"
#include "store/client_tokens.h"
#include "store/dhcp_options.h"
#include "store/vpcs.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
constexpr std::string_view default_vpc_cidr = "172.31.0.0/16";

// Holds the id of the account's own set of DHCP options; that it is there says that the default VPC
// was made.
std::string settings_name(const store::Scope& scope) {
    return fmt::format("default-dhcp-options/{}/{}", scope.account_id, scope.region);
}

void insert_default_dhcp_options(store::Transaction& tx,
                                 const Context& context,
                                 const store::Scope& scope) {
    domain::DhcpOptions options;
    options.id = domain::new_id(context.random, domain::prefix::dhcp_options);
    options.account_id = scope.account_id;
    options.region = scope.region;
    options.domain_name = domain::private_dns_domain(scope.region);
    options.domain_name_servers = {"AmazonProvidedDNS"};
    options.created_at = context.clock.now();
    store::dhcp_options::insert(tx, options);
    store::settings::put(tx, settings_name(scope), options.id);
}

domain::Vpc
insert_default_vpc(store::Transaction& tx, const Context& context, const store::Scope& scope) {
    domain::Vpc vpc;
    vpc.id = domain::new_id(context.random, domain::prefix::vpc);
    vpc.account_id = scope.account_id;
    vpc.region = scope.region;
    vpc.cidr_block = default_vpc_cidr;
    vpc.cidr_association_id = domain::new_id(context.random, domain::prefix::vpc_cidr_association);
    vpc.dhcp_options_id = default_dhcp_options_id(tx, scope);
    vpc.is_default = true;
    vpc.enable_dns_hostnames = true;
    vpc.created_at = context.clock.now();
    insert_vpc(tx, context, vpc);
    create_default_internet_gateway(tx, context, vpc);
    for (const auto& zone : find_region(context.settings, scope.region)->zones)
        insert_default_subnet(tx, context, vpc, zone);
    return vpc; // no work for the engine: there is nobody in it
}

Result<void> check_region(const Context& context, const std::string& region) {
    if (find_region(context.settings, region) == nullptr)
        return fail(codes::auth_failure,
                    fmt::format("This installation has no region '{}'.", region));
    return {};
}

} // namespace

std::string default_dhcp_options_id(store::Transaction& tx, const store::Scope& scope) {
    const auto id = store::settings::get(tx, settings_name(scope));
    return id && store::dhcp_options::find(tx, scope, *id) ? *id : "default";
}

Result<void> Vpcs::ensure_default(const domain::Caller& caller) {
    const std::pair key{caller.account_id, caller.region};
    {
        const std::lock_guard lock(mutex_);
        if (known_.contains(key))
            return {};
    }
    PILEUS_TRY(check_region(context_, caller.region));
    const auto scope = scope_of(caller);
    const auto was_made = [&](store::Transaction& tx) {
        return store::settings::get(tx, settings_name(scope)).has_value();
    };
    if (!context_.store.read(was_made))
        PILEUS_TRY(context_.store.write([&](store::Transaction& tx) -> Result<void> {
            if (was_made(tx))
                return {}; // another thread was quicker
            insert_default_dhcp_options(tx, context_, scope);
            insert_default_vpc(tx, context_, scope);
            return {};
        }));
    const std::lock_guard lock(mutex_);
    known_.insert(key);
    return {};
}

Result<VpcView> Vpcs::create_default(const domain::Caller& caller) {
    const auto scope = scope_of(caller);
    PILEUS_TRY(check_region(context_, caller.region));
    return context_.store.write([&](store::Transaction& tx) -> Result<VpcView> {
        if (store::vpcs::find_default(tx, scope))
            return fail(codes::default_vpc_already_exists,
                        "A Default VPC already exists for this account in this region.");
        if (store::vpcs::count(tx, scope) >= context_.settings.limits.vpcs)
            return fail(codes::vpc_limit_exceeded, "The maximum number of VPCs has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        return std::move(view_vpcs(tx, {insert_default_vpc(tx, context_, scope)}).front());
    });
}

} // namespace pileus::cloud
