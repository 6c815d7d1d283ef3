// SPDX-License-Identifier: Apache-2.0
#pragma once

// The layers of a running guest's disks: opened, changed for others under the guest's writes, and
// let go of. Only the layer that is written to has a descriptor set in QEMU, with which goes its
// lock; a layer that a snapshot was taken of can only be read by QEMU from then on, also by one
// that its guest has taken over. One thread for a machine at a time.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/disk_graph.h"
#include "drivers/hypervisor/qemu/machine.h"

namespace pileus::drivers {

// Opens all of them, from the bottom up.
Result<void> add_layers(Machine& machine, const DiskChain& chain, Machine::Deadline deadline);
// Lets go of the volume's layers that no disk stands on, of their descriptors and secrets, and of
// the descriptors that its read-only layers were opened with.
Result<void>
drop_unused_layers(Machine& machine, const std::string& volume_id, Machine::Deadline deadline);

// How large the node is, in bytes.
Result<int64_t> size_of_node(Machine& machine, const std::string& node, Machine::Deadline deadline);
Result<void> grow_node(Machine& machine,
                       const std::string& node,
                       int64_t size_bytes,
                       Machine::Deadline deadline);
// The node that the guest writes to; errors::not_found when it has no such disk.
Result<std::string> find_top(const DiskGraph& graph, const std::string& volume_id);

Result<void> switch_disk_layers(Machine& machine,
                                const std::vector<LayerSwitch>& switches,
                                Machine::Deadline deadline);
Result<bool> disk_writes_to(Machine& machine,
                            const std::string& volume_id,
                            const std::string& path,
                            Machine::Deadline deadline);
Result<void>
replace_disk_backing(Machine& machine, const DiskChain& chain, Machine::Deadline deadline);

} // namespace pileus::drivers
