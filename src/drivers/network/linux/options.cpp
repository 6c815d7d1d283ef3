// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/options.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr size_t longest_installation = 10; // "…-edge" is the name of a link, at most 15 characters
constexpr size_t most_resolvers = 8;

const Ipv4Cidr loopback{Ipv4{0x7f00'0000}, 8};

bool is_installation_name(const std::string& name) {
    return !name.empty() && name.size() <= longest_installation && name[0] >= 'a' &&
           name[0] <= 'z' && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
           });
}

std::vector<Ipv4> resolvers_in(const char* path) {
    std::vector<Ipv4> found;
    const auto text = read_file(path, 65536);
    if (!text)
        return found;
    for (const auto line : split(*text, '\n')) {
        constexpr std::string_view keyword = "nameserver";
        const auto words = trim(line);
        if (!words.starts_with(keyword))
            continue;
        const auto address = Ipv4::parse(trim(words.substr(keyword.size())));
        if (address && !loopback.contains(*address) && found.size() < most_resolvers)
            found.push_back(*address);
    }
    return found;
}

} // namespace

Result<void> check_options(const LinuxNetworkOptions& options) {
    if (!is_installation_name(options.installation))
        return fail(errors::invalid,
                    fmt::format("the installation's name must be a lower-case letter, then "
                                "letters and digits, at most {}",
                                longest_installation));
    if (options.public_pool.overlaps(loopback) && (!loopback.contains(options.public_pool) ||
                                                   options.public_pool.contains(Ipv4{0x7f00'0001})))
        return fail(errors::invalid,
                    fmt::format("the public pool {} must be inside 127.0.0.0/8 and without "
                                "127.0.0.1, or outside of it",
                                options.public_pool.str()));
    for (const char* taken : {"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"})
        if (options.public_pool.overlaps(*Ipv4Cidr::parse(taken)))
            return fail(
                errors::invalid,
                fmt::format("the public pool {} overlaps {}", options.public_pool.str(), taken));
    if (options.public_pool.overlaps(options.transit))
        return fail(errors::invalid, "the public pool and the transit block overlap");
    if (options.public_link.size() > 15 ||
        !std::all_of(options.public_link.begin(), options.public_link.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        }))
        return fail(errors::invalid, "the public link must be the name of a link");
    if (options.transit.prefix >= options.public_pool.prefix || options.transit.prefix > 24)
        return fail(errors::invalid,
                    fmt::format("the transit block {} must be at least twice as large as the "
                                "public pool {}, and a /24 or larger",
                                options.transit.str(),
                                options.public_pool.str()));
    if (options.mtu < 576 || options.mtu > 9216)
        return fail(errors::invalid, fmt::format("an MTU of {} is not possible", options.mtu));
    for (const auto resolver : options.upstream_resolvers)
        if (loopback.contains(resolver))
            return fail(errors::invalid,
                        fmt::format("guests cannot ask the resolver {}: it is a loopback address",
                                    resolver.str()));
    if (options.ipv6_pool.prefix < 16 || options.ipv6_pool.prefix > 56)
        return fail(
            errors::invalid,
            fmt::format("the IPv6 pool {} must be a /16 to a /56", options.ipv6_pool.str()));
    if (!options.run_dir.is_absolute())
        return fail(errors::invalid, "run_dir must be an absolute path");
    return {};
}

std::vector<Ipv4> resolvers_of_host() {
    auto found = resolvers_in("/etc/resolv.conf");
    return found.empty() ? resolvers_in("/run/systemd/resolve/resolv.conf") : found;
}

Ipv6 AddressPlan::ipv6_host() const {
    const auto links = ipv6_pool_.block(64, (uint64_t{1} << (64 - ipv6_pool_.prefix)) - 1);
    return links.at(1);
}

std::string host_link_name(const std::string& installation) {
    return installation + "-edge";
}

std::string edge_to_vpc_name(uint32_t slot) {
    return fmt::format("v{}", slot);
}

std::string gateway_link_name(uint32_t subnet_slot) {
    return fmt::format("s{}", subnet_slot);
}

std::string tap_prefix(uint32_t subnet_slot) {
    return fmt::format("t{}-", subnet_slot);
}

std::string tap_name(uint32_t subnet_slot, uint32_t number) {
    return fmt::format("t{}-{}", subnet_slot, number);
}

std::string peering_link_name(uint32_t peering_slot) {
    return fmt::format("p{}", peering_slot);
}

std::string namespace_prefix(const std::string& installation) {
    return installation + "-";
}

std::string vpc_namespace_name(const std::string& installation, const std::string& vpc_id) {
    return namespace_prefix(installation) + vpc_id;
}

std::string nat_namespace_name(const std::string& installation, const std::string& interface_id) {
    return namespace_prefix(installation) + "nat-" + interface_id;
}

std::string edge_namespace_name(const std::string& installation) {
    return namespace_prefix(installation) + "edge";
}

} // namespace pileus::drivers
