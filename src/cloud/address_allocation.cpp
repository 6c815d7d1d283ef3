// SPDX-License-Identifier: Apache-2.0
#include "cloud/address_allocation.h"

#include "base/text.h"
#include "domain/ids.h"
#include "store/client_tokens.h"
#include "store/network_interfaces.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
namespace interfaces = store::network_interfaces;

namespace {

// The low addresses of the pool stay free for the host's own use; the last is the broadcast one.
constexpr uint64_t reserved_first_public = 10;

tl::unexpected<Error> not_in_subnet(const std::string& address) {
    return fail(codes::invalid_parameter_value,
                fmt::format("Address {} does not fall within the subnet's address range", address));
}

tl::unexpected<Error> in_use(const std::string& address) {
    return fail(codes::ip_address_in_use, fmt::format("Address {} is in use.", address));
}

// Of IPv6 the first four and the last are reserved too.
bool is_usable(const Ipv6Cidr& cidr, const Ipv6& address) {
    if (!cidr.contains(address))
        return false;
    if (address == cidr.at(~uint64_t{0}))
        return false;
    for (uint64_t index = 0; index < reserved_first_addresses; ++index)
        if (address == cidr.at(index))
            return false;
    return true;
}

} // namespace

SubnetAddresses::SubnetAddresses(store::Transaction& tx,
                                 const Context& context,
                                 const domain::Subnet& subnet)
    : tx_(tx), context_(context), subnet_id_(subnet.id),
      cidr_(Ipv4Cidr::parse(subnet.cidr_block).value()),
      ipv6_cidr_(Ipv6Cidr::parse(subnet.ipv6_cidr_block)) {}

bool SubnetAddresses::is_taken(const std::string& address) const {
    return given_.contains(address) || interfaces::has_private_ip(tx_, subnet_id_, address);
}

Result<std::string> SubnetAddresses::take_ipv4(const std::string& wanted) {
    const auto address = Ipv4::parse(wanted);
    if (!address)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter privateIpAddress is invalid. Invalid IPv4 "
                        "address.",
                        wanted));
    if (!cidr_.contains(*address))
        return not_in_subnet(wanted);
    const uint64_t index = address->value - cidr_.base.value;
    if (index < reserved_first_addresses || index >= cidr_.size() - reserved_last_addresses)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Address {} is in subnet's reserved address range", wanted));
    if (is_taken(wanted))
        return in_use(wanted);
    given_.insert(wanted);
    ipv4_given_ += 1;
    return wanted;
}

Result<std::vector<std::string>> SubnetAddresses::take_free_ipv4(size_t count) {
    const auto usable = cidr_.size() - reserved_first_addresses - reserved_last_addresses;
    const auto used =
        static_cast<uint64_t>(interfaces::count_in_subnet(tx_, subnet_id_)) + ipv4_given_;
    if (used + count > usable)
        return fail(codes::insufficient_addresses,
                    fmt::format("The specified subnet does not have enough free addresses to "
                                "satisfy the request: '{}' has {}, {} are needed.",
                                subnet_id_,
                                usable - std::min(usable, used),
                                count));
    std::vector<std::string> chosen;
    while (chosen.size() < count) {
        auto index = context_.random.next_u64() % usable;
        while (is_taken(cidr_.at(reserved_first_addresses + index).str()))
            index = (index + 1) % usable;
        chosen.push_back(cidr_.at(reserved_first_addresses + index).str());
        given_.insert(chosen.back());
        ipv4_given_ += 1;
    }
    return chosen;
}

Result<std::string> SubnetAddresses::take_one_ipv4(const std::string& wanted) {
    if (!wanted.empty())
        return take_ipv4(wanted);
    PILEUS_ASSIGN(auto chosen, take_free_ipv4(1));
    return std::move(chosen.front());
}

Result<std::string> SubnetAddresses::take_ipv6(const std::string& wanted) {
    const auto address = Ipv6::parse(wanted);
    if (!address)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter ipv6Address is invalid. Invalid IPv6 "
                                "address.",
                                wanted));
    if (!ipv6_cidr_ || !is_usable(*ipv6_cidr_, *address))
        return not_in_subnet(wanted);
    auto text = address->str();
    if (is_taken(text))
        return in_use(text);
    given_.insert(text);
    return text;
}

Result<std::vector<std::string>> SubnetAddresses::take_free_ipv6(size_t count) {
    if (!ipv6_cidr_ && count != 0)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The subnet '{}' has no IPv6 CIDR block, so that no IPv6 address "
                                "can be assigned. Associate one with it first.",
                                subnet_id_));
    std::vector<std::string> chosen;
    while (chosen.size() < count) {
        const auto address = ipv6_cidr_->at(context_.random.next_u64());
        auto text = address.str();
        if (!is_usable(*ipv6_cidr_, address) || is_taken(text))
            continue;
        given_.insert(text);
        chosen.push_back(std::move(text));
    }
    return chosen;
}

bool is_in_public_pool(const Context& context, Ipv4 address) {
    const auto& pool = context.settings.public_pool;
    return pool.contains(address) && address.value - pool.base.value >= reserved_first_public &&
           address.value - pool.base.value < pool.size() - 1;
}

Result<std::string> take_public_ip(store::Transaction& tx, const Context& context) {
    static constexpr auto cursor_name = "public-address-cursor";
    const auto& pool = context.settings.public_pool;
    const auto stored = store::settings::get(tx, cursor_name);
    const auto cursor = stored ? parse_int(*stored).value_or(0) : 0;
    if (pool.size() <= reserved_first_public + 1)
        return fail(codes::insufficient_public_addresses,
                    "The pool of public addresses is too small.");
    const auto usable = pool.size() - reserved_first_public - 1;
    for (uint64_t step = 0; step < usable; ++step) {
        const auto index = (static_cast<uint64_t>(cursor) + step) % usable;
        auto address = pool.at(reserved_first_public + index).str();
        if (interfaces::has_public_ip(tx, address))
            continue;
        store::settings::put(tx, cursor_name, std::to_string(index + 1));
        return address;
    }
    return fail(codes::insufficient_public_addresses,
                fmt::format("All public addresses of the pool {} are in use.", pool.str()));
}

std::string new_mac(Random& random) {
    MacAddress mac;
    random.fill(mac.bytes);
    mac.bytes[0] = 0x02; // locally administered, not multicast
    return mac.str();
}

domain::NetworkInterface make_network_interface(const Context& context,
                                                const domain::Subnet& subnet) {
    domain::NetworkInterface interface;
    interface.id = domain::new_id(context.random, domain::prefix::network_interface);
    interface.account_id = subnet.account_id;
    interface.region = subnet.region;
    interface.zone = subnet.zone;
    interface.host_id = context.settings.host.host_id;
    interface.vpc_id = subnet.vpc_id;
    interface.subnet_id = subnet.id;
    interface.mac = new_mac(context.random);
    interface.created_at = context.clock.now();
    return interface;
}

} // namespace pileus::cloud
