// SPDX-License-Identifier: Apache-2.0
#include "engine/guest_identity.h"

#include "base/net.h"
#include "base/text.h"
#include "domain/private_dns.h"
#include "engine/network_specs.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::engine {

namespace {

constexpr size_t seed_bytes = 32; // RFC 8032
constexpr size_t random_seed_bytes = 64;

// Version 4, variant 1 (RFC 9562).
std::string random_uuid(Random& random) {
    static constexpr std::string_view variants = "89ab";
    const auto hex = random.hex(32);
    return fmt::format("{}-{}-4{}-{}{}-{}",
                       hex.substr(0, 8),
                       hex.substr(8, 4),
                       hex.substr(13, 3),
                       variants[random.next_u64() % variants.size()],
                       hex.substr(17, 3),
                       hex.substr(20, 12));
}

std::optional<domain::NetworkInterface> primary_interface(store::Transaction& tx,
                                                          const std::string& instance_id) {
    for (auto& row : store::network_interfaces::list_of_instance(tx, instance_id))
        if (row.device_index == 0 && !row.detaching)
            return std::move(row);
    return std::nullopt;
}

// What DHCP tells, in its order: the VPC's own resolver, then the others.
std::vector<std::string> dns_servers(const drivers::DhcpSpec& dhcp, const Ipv4Cidr& vpc) {
    std::vector<std::string> servers;
    if (dhcp.vpc_resolver)
        servers.push_back(vpc.at(2).str());
    for (const auto& server : dhcp.domain_name_servers)
        if (const auto* v4 = std::get_if<Ipv4Cidr>(&server))
            servers.push_back(v4->base.str());
    return servers;
}

} // namespace

Result<drivers::GuestIdentity> make_guest_identity(store::Transaction& tx,
                                                   const domain::Instance& instance,
                                                   Random& random,
                                                   int mtu) {
    const auto interface = primary_interface(tx, instance.id);
    if (!interface)
        return fail(errors::invalid, instance.id + " has no primary network interface");
    const auto vpc = store::vpcs::find(tx, interface->vpc_id);
    const auto subnet = store::subnets::find(tx, interface->subnet_id);
    const auto vpc_cidr = vpc ? Ipv4Cidr::parse(vpc->cidr_block) : std::nullopt;
    const auto cidr = subnet ? Ipv4Cidr::parse(subnet->cidr_block) : std::nullopt;
    if (!vpc_cidr || !cidr)
        return fail(errors::invalid, interface->id + " has no subnet");
    const auto dhcp = make_dhcp_spec(tx, *vpc);

    drivers::GuestIdentity identity;
    identity.instance_id = instance.id;
    identity.host_name = domain::private_host_name(interface->private_ip);
    if (!instance.public_key.empty())
        identity.ssh_keys.emplace_back(trim(instance.public_key));
    identity.host_key_seed = random.bytes(seed_bytes);
    identity.machine_id = random.hex(32);
    identity.boot_id = random_uuid(random);
    identity.random_seed = random.bytes(random_seed_bytes);
    identity.address = interface->private_ip;
    identity.prefix_length = cidr->prefix;
    identity.gateway = cidr->at(1).str();
    identity.dns_servers = dns_servers(dhcp, *vpc_cidr);
    identity.domain = dhcp.domain_name;
    identity.mtu = mtu;
    return identity;
}

} // namespace pileus::engine
