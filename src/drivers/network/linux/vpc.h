// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/dns_server.h"
#include "drivers/network/linux/edge.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/vpc_state.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

// One VPC in the kernel. Made by LinuxNetwork; any thread, one at a time by its own lock.
// Destroying the object leaves the network alone.
class Vpc {
  public:
    // Makes what is missing of the VPC that `state` describes. Rules that are in the kernel already
    // are left as they are.
    static Result<std::unique_ptr<Vpc>>
    build(VpcState state, const LinuxNetworkOptions& options, Edge& edge, ProcessRunner& runner);

    Result<void> change(const VpcSpec& spec);
    Result<void> apply_groups(const std::vector<SecurityGroupSpec>& groups);
    Result<void> remove_group(const std::string& group_id);
    Result<void> ensure_port(const InterfaceSpec& interface);
    Result<void> remove_port(const std::string& interface_id);
    Result<UniqueFd> open_tap(const std::string& interface_id);
    Result<InterfaceCounters> read_counters(const std::string& interface_id);
    Result<UniqueFd> listen_for_metadata();
    Result<void> keep_dns_running();
    Result<void> remove();

    bool has_port(const std::string& interface_id);
    std::optional<std::string> interface_of(uint32_t number);
    std::vector<std::string> interfaces();
    uint32_t slot() const { return slot_; }

    static std::filesystem::path state_path(const LinuxNetworkOptions& options,
                                            const std::string& vpc_id);

  private:
    Vpc(VpcState state,
        const LinuxNetworkOptions& options,
        Edge& edge,
        ProcessRunner& runner,
        NetworkNamespace network_namespace,
        Netlink netlink);

    Result<void> ensure_base();
    Result<void> ensure_subnets();
    Result<void> ensure_dns();
    Result<void> ensure_tap(const Port& port);
    bool release_lease(const Port& port);
    Result<void> ensure_public_address(const Port& port, const Port* before);
    Result<void> apply_port(const Port& port, const Port* before);
    // Writes all rules anew, in one transaction: when the kernel is not as we remember it.
    Result<void> rewrite_rules();
    Result<void> save() const;
    uint32_t free_subnet_slot() const;
    Ipv4 gateway_address(const std::string& subnet_id) const;

    const LinuxNetworkOptions& options_;
    const AddressPlan plan_;
    Edge& edge_;
    ProcessRunner& runner_;
    const uint32_t slot_;

    std::mutex mutex_;
    VpcState state_;
    NetworkNamespace namespace_;
    Netlink netlink_;
    DnsServer dns_;
};

} // namespace pileus::drivers
