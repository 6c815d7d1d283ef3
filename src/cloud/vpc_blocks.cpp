// SPDX-License-Identifier: Apache-2.0
#include "cloud/vpc_blocks.h"

#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr int largest_ipv4_block = 16;
constexpr int smallest_ipv4_block = 28;

Ipv4Cidr block(uint8_t a, uint8_t b, int prefix) {
    return {Ipv4{static_cast<uint32_t>(a) << 24 | static_cast<uint32_t>(b) << 16}, prefix};
}

// The private ranges of RFC 1918, which EC2 does not mix in one VPC.
std::vector<Ipv4Cidr> private_ranges() {
    return {block(10, 0, 8), block(172, 16, 12), block(192, 168, 16)};
}

// "This network", loopback, link-local, multicast and reserved: nobody's addresses.
bool is_unusable(const Ipv4Cidr& cidr) {
    for (const auto& range :
         {block(0, 0, 8), block(127, 0, 8), block(169, 254, 16), block(224, 0, 3)})
        if (range.overlaps(cidr))
            return true;
    return false;
}

bool has_allowed_size(const Ipv4Cidr& cidr) {
    return cidr.prefix >= largest_ipv4_block && cidr.prefix <= smallest_ipv4_block;
}

tl::unexpected<Error> malformed(std::string_view parameter, const std::string& text) {
    return fail(
        codes::invalid_parameter_value,
        fmt::format("Value ({}) for parameter {} is invalid. This is not a valid CIDR block.",
                    text,
                    parameter));
}

tl::unexpected<Error> restricted(const Ipv4Cidr& cidr) {
    return fail(codes::vpc_range,
                fmt::format("The CIDR '{}' is restricted. Use a CIDR from the same private address "
                            "range as the current VPC CIDR, or use a publicly-routable CIDR. For "
                            "additional restrictions, see "
                            "https://docs.aws.amazon.com/vpc/latest/userguide/"
                            "VPC_Subnets.html#add-cidr-block-restrictions",
                            cidr.str()));
}

template <class Cidr> bool any_contains(const std::vector<Cidr>& blocks, const Cidr& cidr) {
    return std::any_of(
        blocks.begin(), blocks.end(), [&](const Cidr& block) { return block.contains(cidr); });
}

} // namespace

Result<Ipv4Cidr> parse_vpc_block(const Settings& settings, const std::string& text) {
    const auto cidr = Ipv4Cidr::parse(text);
    if (!cidr)
        return malformed("cidrBlock", text);
    if (!has_allowed_size(*cidr) || is_unusable(*cidr))
        return fail(codes::vpc_range, fmt::format("The CIDR '{}' is invalid.", text));
    for (const auto& reserved : settings.reserved_blocks)
        if (reserved.overlaps(*cidr))
            return fail(codes::vpc_range,
                        fmt::format("The CIDR '{}' is invalid: this installation uses {} between "
                                    "itself and the VPCs (network.transit in its configuration).",
                                    text,
                                    reserved.str()));
    return *cidr;
}

Result<void> check_association(const Ipv4Cidr& primary, const Ipv4Cidr& cidr) {
    static const Ipv4Cidr internal = block(198, 19, 16);
    static const Ipv4Cidr of_default_vpcs = block(172, 31, 16);
    if (internal.overlaps(cidr))
        return restricted(cidr);
    for (const auto& range : private_ranges())
        if (range.overlaps(cidr) && !range.contains(primary))
            return restricted(cidr);
    if (of_default_vpcs.overlaps(cidr) && !of_default_vpcs.contains(primary))
        return restricted(cidr);
    if (block(10, 0, 15).contains(primary) && block(10, 0, 16).overlaps(cidr))
        return restricted(cidr);
    return {};
}

Result<Ipv6Cidr> find_free_ipv6_block(store::Transaction& tx, const Context& context) {
    constexpr uint64_t attempts_max = uint64_t{1} << 16;
    const auto& pool = context.settings.ipv6_pool;
    const int bits = std::min(vpc_ipv6_prefix - pool.prefix, 63);
    const uint64_t count = uint64_t{1} << bits;
    const uint64_t start = context.random.next_u64() % count;
    for (uint64_t i = 0; i < std::min(count, attempts_max); ++i) {
        const auto candidate = pool.block(vpc_ipv6_prefix, (start + i) % count);
        if (!store::vpc_cidr_blocks::has_ipv6(tx, candidate.str()))
            return candidate;
    }
    return fail(codes::insufficient_cidr_blocks,
                fmt::format("All IPv6 blocks of this installation's pool {} are taken: give one "
                            "back, or configure a larger network.ipv6_pool.",
                            pool.str()));
}

std::vector<Ipv4Cidr> ipv4_blocks_of(store::Transaction& tx, const domain::Vpc& vpc) {
    std::vector<Ipv4Cidr> blocks{Ipv4Cidr::parse(vpc.cidr_block).value()};
    for (const auto& row : store::vpc_cidr_blocks::list_of_vpc(tx, vpc.id))
        if (!row.is_ipv6)
            blocks.push_back(Ipv4Cidr::parse(row.cidr_block).value());
    return blocks;
}

std::vector<Ipv6Cidr> ipv6_blocks_of(store::Transaction& tx, const std::string& vpc_id) {
    std::vector<Ipv6Cidr> blocks;
    for (const auto& row : store::vpc_cidr_blocks::list_of_vpc(tx, vpc_id))
        if (row.is_ipv6)
            blocks.push_back(Ipv6Cidr::parse(row.cidr_block).value());
    return blocks;
}

Result<Ipv4Cidr>
find_subnet_block(store::Transaction& tx, const domain::Vpc& vpc, const std::string& text) {
    const auto cidr = Ipv4Cidr::parse(text);
    if (!cidr)
        return malformed("cidrBlock", text);
    if (!has_allowed_size(*cidr) || !any_contains(ipv4_blocks_of(tx, vpc), *cidr))
        return fail(codes::subnet_range, fmt::format("The CIDR '{}' is invalid.", text));
    for (const auto& other : store::subnets::list_of_vpc(tx, vpc.id))
        if (Ipv4Cidr::parse(other.cidr_block).value().overlaps(*cidr))
            return fail(codes::subnet_conflict,
                        fmt::format("The CIDR '{}' conflicts with another subnet", text));
    return *cidr;
}

Result<Ipv6Cidr>
find_subnet_ipv6_block(store::Transaction& tx, const std::string& vpc_id, const std::string& text) {
    const auto cidr = Ipv6Cidr::parse(text);
    if (!cidr)
        return malformed("ipv6CidrBlock", text);
    if (cidr->prefix != subnet_ipv6_prefix || !any_contains(ipv6_blocks_of(tx, vpc_id), *cidr))
        return fail(codes::subnet_range,
                    fmt::format("The IPv6 CIDR '{}' is invalid: a subnet takes a /64 of one of its "
                                "VPC's IPv6 blocks.",
                                text));
    for (const auto& other : store::subnets::list_of_vpc(tx, vpc_id))
        if (other.ipv6_cidr_block == cidr->str())
            return fail(codes::subnet_conflict,
                        fmt::format("The IPv6 CIDR '{}' conflicts with another subnet", text));
    return *cidr;
}

} // namespace pileus::cloud
