// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which node stands on which in a running guest, as QEMU tells it (x-debug-query-block-graph; of
// all its commands the only one that names both ends). A value; pure but for ask().

#include "drivers/hypervisor/qemu/machine.h"

#include <map>
#include <set>

namespace pileus::drivers {

class DiskGraph {
  public:
    static Result<DiskGraph> ask(Machine& machine, Machine::Deadline deadline);
    static Result<DiskGraph> parse(const boost::json::value& answer);

    bool has(const std::string& node) const { return nodes_.contains(node); }
    // The node that the guest reads and writes as this volume; "" when it has no such disk.
    std::string top_of(const std::string& volume_id) const;
    // The node under it; "" for none.
    std::string backing_of(const std::string& node) const;
    // Nodes of the volume that no device stands on, in an order in which they can be removed.
    std::vector<std::string> unused_of(const std::string& volume_id) const;

  private:
    bool has_parent_in(const std::string& node, const std::set<std::string>& nodes) const;

    std::set<std::string> nodes_;
    std::map<std::string, std::string> tops_;           // by the device's path
    std::map<std::string, std::string> backings_;       // by the node above
    std::map<std::string, std::set<std::string>> over_; // who stands on a node, devices included
};

} // namespace pileus::drivers
