// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/dns_server.h"
#include "drivers/network/linux/edge.h"
#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/policy_routing.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/vpc_state.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pileus::drivers {

// One VPC in the kernel. Made by LinuxNetwork; any thread, one at a time by its own lock.
// Destroying the object leaves the network alone. The parts: vpc.cpp (the whole), vpc_groups.cpp,
// vpc_ports.cpp (interfaces), vpc_routes.cpp (routes and peerings).
class Vpc {
  public:
    // Makes what is missing of the VPC that `state` describes, and brings the rest up to date.
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

    // Peerings. LinuxNetwork knows both sides, and calls these with the two in turn.
    std::vector<PeeringSpec> peerings();
    std::vector<std::string> peerings_with_slots();       // those that went from the spec too
    uint32_t peering_slot(const std::string& peering_id); // 0: not known
    int namespace_fd() const { return namespace_.fd(); }
    Result<void>
    make_peering_link(const std::string& peering_id, int other_namespace_fd, uint32_t other_slot);
    Result<void> connect_peering(const std::string& peering_id); // its link is there
    Result<void> disconnect_peering(const std::string& peering_id);
    Result<void> remove_peering_link(const std::string& peering_id);

    // Groups of other VPCs that rules here name, and the members of groups here for those VPCs.
    std::set<std::string> foreign_groups();
    std::map<std::string, GroupMembers> members_of(const std::set<std::string>& group_ids);
    Result<void> set_foreign_members(const std::string& vpc_id,
                                     const std::map<std::string, GroupMembers>& members);

    static std::filesystem::path state_path(const LinuxNetworkOptions& options,
                                            const std::string& vpc_id);

  private:
    Vpc(VpcState state,
        const LinuxNetworkOptions& options,
        Edge& edge,
        ProcessRunner& runner,
        NetworkNamespace network_namespace,
        Netlink netlink);

    Result<void> ensure_all();
    Result<void> ensure_sysctls();
    Result<void> ensure_base_links();
    Result<void> ensure_subnets();
    Result<void> remove_old_subnets(const VpcShape& before);
    Result<void> ensure_dns();
    void give_slots();
    VpcShape shape() const;
    // The rules of the VPC itself; nothing is run when they are what was run last.
    Result<void> ensure_rules(const VpcShape* before);
    // Writes all rules anew, in one transaction: when the kernel is not as we remember it.
    Result<void> rewrite_rules();
    Result<void> save() const;
    bool has_ipv6() const { return !state_.spec.ipv6_cidrs.empty(); }

    Result<void> ensure_link(const Port& port);
    Result<void> ensure_addresses(const Port& port, int link);
    Result<void> remove_addresses(const Port& before, const Port* port, int link);
    uint32_t take_number();
    bool release_lease(const Port& port);
    Result<void> ensure_public_addresses(const Port& port, const Port* before);
    Result<void> apply_port(const Port& port, const Port* before);
    Result<void> forget(const std::vector<IpAddress>& addresses);
    Ipv4 gateway_address(const std::string& subnet_id) const;

    Result<std::vector<SubnetRoutes>> wanted_routes();
    Result<Route> route_of(const RouteSpec& spec);
    Result<void> ensure_routes();
    Result<void> tighten_routes(); // only what is there now and wanted alike
    bool is_route_target(const std::string& id) const;

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
    std::optional<VpcShape> unfinished_; // from where a change began that is not through yet
    std::string applied_rules_; // of vpc_rules(): what the kernel has
    std::set<std::string> connected_peerings_;
    std::map<std::string, std::map<std::string, GroupMembers>> foreign_members_; // by VPC, group
};

} // namespace pileus::drivers
