// SPDX-License-Identifier: Apache-2.0
#include "cloud/dhcp_options.h"

#include "base/text.h"
#include "cloud/listing.h"
#include "cloud/vpc_work.h"
#include "cloud/vpcs.h"
#include "domain/ids.h"
#include "store/dhcp_options.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view none = "default";
constexpr std::string_view own_resolver = "AmazonProvidedDNS";
constexpr size_t servers_max = 4; // of each sort
constexpr size_t domain_name_chars_max = 253;

tl::unexpected<Error>
bad_value(std::string_view key, std::string_view value, std::string_view why) {
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter {} is invalid. {}", value, key, why));
}

Result<void> check_count(const DhcpConfiguration& configuration, size_t most) {
    if (configuration.values.empty())
        return bad_value(configuration.key, "", "Invalid DHCP option value.");
    if (configuration.values.size() > most)
        return bad_value(configuration.key,
                         configuration.values.back(),
                         fmt::format("At most {} can be given.", most));
    return {};
}

Result<void> check_addresses(const DhcpConfiguration& configuration, bool with_ipv6) {
    PILEUS_TRY(check_count(configuration, with_ipv6 ? 2 * servers_max : servers_max));
    size_t ipv4 = 0;
    size_t ipv6 = 0;
    for (const auto& value : configuration.values) {
        if (with_ipv6 && value == own_resolver)
            continue;
        if (Ipv4::parse(value))
            ++ipv4;
        else if (with_ipv6 && Ipv6::parse(value))
            ++ipv6;
        else
            return bad_value(configuration.key, value, "Invalid DHCP option value.");
    }
    if (ipv4 > servers_max || ipv6 > servers_max)
        return bad_value(
            configuration.key,
            configuration.values.back(),
            fmt::format("At most {} of each address family can be given.", servers_max));
    return {};
}

// One name, or several with spaces between: some guests take them for a search list.
bool is_domain_name(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == ' ';
    };
    return !text.empty() && text.size() <= domain_name_chars_max && text.front() != ' ' &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

Result<void> read_domain_name(const DhcpConfiguration& configuration, domain::DhcpOptions& out) {
    PILEUS_TRY(check_count(configuration, 1));
    if (!is_domain_name(configuration.values.front()))
        return bad_value(
            configuration.key, configuration.values.front(), "Invalid DHCP option value.");
    out.domain_name = configuration.values.front();
    return {};
}

Result<void> read_node_type(const DhcpConfiguration& configuration, domain::DhcpOptions& out) {
    static const std::set<int64_t> node_types{1, 2, 4, 8}; // RFC 2132, 8.7
    PILEUS_TRY(check_count(configuration, 1));
    const auto type = parse_int(configuration.values.front());
    if (!type || !node_types.contains(*type))
        return bad_value(
            configuration.key, configuration.values.front(), "Expected: 1, 2, 4 or 8.");
    out.netbios_node_type = static_cast<int>(*type);
    return {};
}

Result<void> read_option(const DhcpConfiguration& configuration, domain::DhcpOptions& out) {
    const auto& key = configuration.key;
    if (key == "domain-name")
        return read_domain_name(configuration, out);
    if (key == "netbios-node-type")
        return read_node_type(configuration, out);
    if (key == "ipv6-address-preferred-lease-time")
        return fail(codes::unsupported_operation,
                    "The DHCP option ipv6-address-preferred-lease-time is not supported by Pileus: "
                    "its guests keep their IPv6 addresses as long as their interfaces have them.");
    if (key == "domain-name-servers") {
        PILEUS_TRY(check_addresses(configuration, true));
        out.domain_name_servers = configuration.values;
    } else if (key == "ntp-servers") {
        PILEUS_TRY(check_addresses(configuration, false));
        out.ntp_servers = configuration.values;
    } else if (key == "netbios-name-servers") {
        PILEUS_TRY(check_addresses(configuration, false));
        out.netbios_name_servers = configuration.values;
    } else {
        return bad_value("key", key, "Unknown DHCP option");
    }
    return {};
}

Result<domain::DhcpOptions> read_options(const std::vector<DhcpConfiguration>& configurations) {
    if (configurations.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter dhcpConfigurationSet");
    domain::DhcpOptions options;
    std::set<std::string_view> keys;
    for (const auto& configuration : configurations) {
        if (!keys.insert(configuration.key).second)
            return bad_value("key", configuration.key, "Duplicate DHCP option");
        PILEUS_TRY(read_option(configuration, options));
    }
    return options;
}

void emit_keys(const DhcpOptionsView& v, const Emit& emit) {
    for (const auto& configuration : configurations_of(v.options))
        emit(configuration.key);
}
void emit_values(const DhcpOptionsView& v, const Emit& emit) {
    for (const auto& configuration : configurations_of(v.options))
        for (const auto& value : configuration.values)
            emit(value);
}

constexpr FilterField<DhcpOptionsView> options_filters[]{
    {"dhcp-options-id", [](const DhcpOptionsView& v, const Emit& emit) { emit(v.options.id); }},
    {"key", emit_keys},
    {"owner-id", [](const DhcpOptionsView& v, const Emit& emit) { emit(v.options.account_id); }},
    {"value", emit_values},
};

constexpr ListingKind<DhcpOptionsView> options_listing{
    "DescribeDhcpOptions", options_filters, [](const DhcpOptionsView& v) { return v.options.id; }};

std::vector<DhcpOptionsView> view_options(store::Transaction& tx,
                                          std::vector<domain::DhcpOptions> rows) {
    std::vector<DhcpOptionsView> views;
    for (auto& row : rows)
        views.push_back({std::move(row), {}});
    attach_tags(tx, views, [](const DhcpOptionsView& v) { return v.options.id; });
    return views;
}

Result<domain::DhcpOptions>
find_options(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    if (auto options = store::dhcp_options::find(tx, scope_of(caller), id))
        return std::move(*options);
    return fail(missing_error(kinds::dhcp_options, id));
}

} // namespace

std::vector<DhcpConfiguration> configurations_of(const domain::DhcpOptions& options) {
    std::vector<DhcpConfiguration> all;
    const auto add = [&](const char* key, std::vector<std::string> values) {
        if (!values.empty())
            all.push_back({key, std::move(values)});
    };
    if (!options.domain_name.empty())
        add("domain-name", {options.domain_name});
    add("domain-name-servers", options.domain_name_servers);
    add("ntp-servers", options.ntp_servers);
    add("netbios-name-servers", options.netbios_name_servers);
    if (options.netbios_node_type != 0)
        add("netbios-node-type", {std::to_string(options.netbios_node_type)});
    return all;
}

Result<DhcpOptionsView>
DhcpOptionsSets::create(const domain::Caller& caller,
                        const std::vector<DhcpConfiguration>& configurations,
                        const std::vector<TagSpecification>& tag_specifications) {
    PILEUS_ASSIGN(auto options, read_options(configurations));
    PILEUS_TRY(check_tag_specifications(context_, tag_specifications, {kinds::dhcp_options.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<DhcpOptionsView> {
        const auto scope = scope_of(caller);
        if (store::dhcp_options::count(tx, scope) >= context_.settings.limits.dhcp_options)
            return fail(codes::dhcp_options_limit_exceeded,
                        "The maximum number of DHCP options sets has been reached.");
        PILEUS_TRY(end_if_dry_run(caller));
        options.id = domain::new_id(context_.random, domain::prefix::dhcp_options);
        options.account_id = scope.account_id;
        options.region = scope.region;
        options.created_at = context_.clock.now();
        store::dhcp_options::insert(tx, options);
        write_tags(tx, caller, tag_specifications, kinds::dhcp_options.type, options.id);
        return std::move(view_options(tx, {options}).front());
    });
}

Result<void> DhcpOptionsSets::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(const auto options, find_options(tx, caller, id));
        if (store::vpcs::has_dhcp_options(tx, options.id))
            return fail(codes::dependency_violation,
                        fmt::format("The dhcpOptions '{}' has dependencies and cannot be deleted.",
                                    options.id));
        PILEUS_TRY(end_if_dry_run(caller));
        store::tags::erase_all(tx, options.id);
        store::dhcp_options::erase(tx, options.id);
        return {};
    });
}

Result<void> DhcpOptionsSets::associate(const domain::Caller& caller,
                                        const std::string& id,
                                        const std::string& vpc_id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        if (id != none)
            PILEUS_TRY(find_options(tx, caller, id));
        PILEUS_ASSIGN(auto vpc, find_vpc(tx, caller, vpc_id));
        PILEUS_TRY(end_if_dry_run(caller));
        vpc.dhcp_options_id = id;
        store::vpcs::update(tx, vpc);
        enqueue_vpc(tx, context_, vpc.id);
        return {};
    });
}

Result<Listing<DhcpOptionsView>> DhcpOptionsSets::describe(const domain::Caller& caller,
                                                           const std::vector<std::string>& ids,
                                                           const Filters& filters,
                                                           const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, store::dhcp_options::find(tx, scope, id), view_options);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        return view_options(tx, store::dhcp_options::list(tx, scope, rows));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, options_listing, kinds::dhcp_options, ids, filters, page, find);
    return list_matching(context_, caller, options_listing, filters, page, batch);
}

} // namespace pileus::cloud
