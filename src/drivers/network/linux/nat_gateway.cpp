// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/nat_gateway.h"

#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/nft.h"
#include "drivers/network/linux/rules.h"

namespace pileus::drivers {

namespace {

constexpr const char* inner_link = "eth0";

} // namespace

Result<void> make_nat_link(Netlink& vpc, const Port& port, const LinuxNetworkOptions& options) {
    PILEUS_ASSIGN(const auto inside,
                  NetworkNamespace::create(nat_namespace_name(options.installation, port.spec.id)));
    return vpc.ensure_veth(port.tap, inner_link, inside.fd(), options.mtu);
}

Result<void> ensure_nat_gateway(ProcessRunner& runner,
                                const InterfaceSpec& interface,
                                Ipv4 router,
                                const LinuxNetworkOptions& options) {
    PILEUS_ASSIGN(const auto inside,
                  NetworkNamespace::open(nat_namespace_name(options.installation, interface.id)));
    PILEUS_ASSIGN(auto links, inside.run([] { return Netlink::open(); }));
    PILEUS_ASSIGN(const auto link, links.find_link(inner_link));
    if (!link)
        return fail(errors::unavailable, "the link of " + interface.id + " is gone");
    const auto prepared = inside.run([&]() -> Result<void> {
        if (machine_has_ipv6())
            PILEUS_TRY(write_sysctl("ipv6/conf/all/disable_ipv6", "1"));
        return write_sysctls({{"ipv4/ip_forward", "1"},
                              {"ipv4/conf/all/rp_filter", "0"},
                              {"ipv4/conf/eth0/rp_filter", "0"},
                              {"ipv4/conf/all/send_redirects", "0"},
                              {"ipv4/conf/eth0/send_redirects", "0"}});
    });
    PILEUS_TRY(prepared);
    PILEUS_TRY(run_nft(runner, inside, nat_gateway_rules(interface)));
    if (!link->up)
        PILEUS_TRY(links.change_link(link->index, {.mac = interface.mac}));
    PILEUS_TRY(links.ensure_address(link->index, interface.private_ip(), 32));
    PILEUS_TRY(links.change_link(link->index, {.up = true}));
    return links.ensure_route({.destination = Ipv4Cidr{}, .link = link->index, .via = router});
}

Result<void> remove_nat_gateway(const InterfaceSpec& interface,
                                const LinuxNetworkOptions& options) {
    return remove_namespace(nat_namespace_name(options.installation, interface.id));
}

} // namespace pileus::drivers
