// SPDX-License-Identifier: Apache-2.0
#pragma once

// The networks of VPCs in the Linux kernel; see README.md for what lies where. Owned by the daemon,
// which is root. Any thread may call it; calls for different VPCs run side by side. What it made
// outlives the daemon, and recover() takes it over.

#include "base/process.h"
#include "drivers/network/linux/edge.h"
#include "drivers/network/linux/options.h"
#include "drivers/network/linux/vpc.h"
#include "drivers/network/network.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace pileus::drivers {

class LinuxNetwork final : public Network {
  public:
    LinuxNetwork(LinuxNetworkOptions options, ProcessRunner& runner); // the options were checked
    ~LinuxNetwork() override;

    Result<void> recover() override;
    Result<void> ensure_vpc(const VpcSpec& vpc) override;
    Result<void> remove_vpc(const std::string& vpc_id) override;
    Result<void> apply_security_groups(const std::vector<SecurityGroupSpec>& groups) override;
    Result<void> remove_security_group(const std::string& vpc_id,
                                       const std::string& group_id) override;
    Result<void> ensure_interface(const InterfaceSpec& interface) override;
    Result<void> remove_interface(const std::string& vpc_id,
                                  const std::string& interface_id) override;
    Result<UniqueFd> open_tap(const std::string& vpc_id, const std::string& interface_id) override;
    Result<InterfaceCounters> read_counters(const std::string& vpc_id,
                                            const std::string& interface_id) override;
    void on_metadata_listener(std::function<void(MetadataListener)> added,
                              std::function<void(const std::string& vpc_id)> removed) override;
    std::optional<std::string> interface_of_mark(const std::string& vpc_id, uint32_t mark) override;
    Result<std::vector<std::string>> observe_vpcs() override;
    Result<std::vector<std::string>> observe_interfaces() override;
    Result<void> remove_all() override;

  private:
    std::shared_ptr<Vpc> find(const std::string& vpc_id);
    Result<std::shared_ptr<Vpc>> require(const std::string& vpc_id);
    Result<void> add(VpcState state);
    uint32_t free_slot() const; // with mutex_ held
    std::vector<std::shared_ptr<Vpc>> all();
    void watch_dns_servers();
    // Makes the links of this VPC's peerings whose other VPC agrees, and removes the others.
    Result<void> connect_peerings(const std::string& vpc_id);
    Result<void> disconnect(Vpc& vpc, const std::string& vpc_id, const std::string& peering_id);
    // Tells peered VPCs who is in the groups that they name, and this one of theirs.
    Result<void> share_members(const std::string& vpc_id);

    const LinuxNetworkOptions options_;
    ProcessRunner& runner_;
    Edge edge_;
    std::function<void(MetadataListener)> on_listener_added_;
    std::function<void(const std::string&)> on_listener_removed_;

    std::mutex making_; // of VPCs and of the edge: rare, and one at a time
    bool edge_is_there_ = false;
    std::mutex peering_; // of any two VPCs: one at a time; before a VPC's own lock
    std::map<std::string, std::pair<std::string, std::string>> connected_; // VPCs, by peering
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Vpc>> vpcs_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::thread watchman_; // starts a dnsmasq again that died
};

} // namespace pileus::drivers
