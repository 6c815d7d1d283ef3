// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/topology/topology.h"

#include <map>
#include <mutex>
#include <string>

namespace pileus::drivers {

// A network that remembers what it was told and makes nothing, with the same checks as the real
// one. The daemon owns it in emulation mode. Any thread may call it. Nothing survives a restart:
// the engine tells it again.
class EmulatedNetwork final : public Network {
  public:
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
    // Nothing ever passes: they stay zero.
    Result<InterfaceCounters> read_counters(const std::string& vpc_id,
                                            const std::string& interface_id) override;
    // There is no network to listen in: neither is ever called.
    void on_metadata_listener(std::function<void(MetadataListener)> added,
                              std::function<void(const std::string& vpc_id)> removed) override;
    std::optional<std::string> interface_of_mark(const std::string& vpc_id, uint32_t mark) override;
    Result<std::vector<std::string>> observe_vpcs() override;
    Result<std::vector<std::string>> observe_interfaces() override;
    Result<void> remove_all() override;

  private:
    std::mutex mutex_;
    std::map<std::string, VpcTopology> vpcs_;
};

} // namespace pileus::drivers
