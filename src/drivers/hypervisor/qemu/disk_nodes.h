// SPDX-License-Identifier: Apache-2.0
#pragma once

// How QEMU is told of disks: the names of their devices, nodes and secrets, and what these are made
// with, the same at a guest's start and while it runs. Names follow from ids and paths alone, so
// that they depend on no order, and a daemon that knows nothing finds everything again. Pure.
//
//   disk-vol0123456789abcdef0         the device, as which the guest sees the volume
//   vol0123456789abcdef0-Xy3_9aBc     a layer; what follows the dash is made of its path
//   vol0123456789abcdef0-Xy3_9aBc.f   the file of this layer
//   secret-vol0123456789abcdef0-…     what opens the layer, if it is encrypted
//   dead-vol0123456789abcdef0         what a guest reads that did not let go of a volume cut off

#include "drivers/hypervisor/hypervisor.h"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace pileus::drivers {

inline constexpr std::string_view disk_prefix = "disk-";
inline constexpr std::string_view disk_bus = "disks"; // of all disks but the boot disk
inline constexpr size_t max_data_disks = 26;
inline constexpr size_t max_layers = 64;

// "vol-0123456789abcdef0" → "vol0123456789abcdef0" and back.
std::string serial_of(const std::string& volume_id);
std::string volume_of(std::string_view serial);

std::string disk_id(const std::string& volume_id);
// By which QEMU knows the half of the device that does the I/O.
std::string disk_backend_path(const std::string& volume_id);
std::string layer_node(const std::string& volume_id, const std::string& path);
bool is_layer_of(std::string_view node, const std::string& volume_id);
std::string dead_node(const std::string& volume_id);
std::string secret_id(const std::string& node);

Result<void> check_volume_id(const std::string& volume_id);
Result<void> check_disk(const MachineDisk& disk);

// The arguments of blockdev-add. The layer stands on the node `backing` ("": on nothing, whatever
// its header says) and its file is in the descriptor set.
boost::json::object layer_options(const std::string& volume_id,
                                  const DiskLayer& layer,
                                  bool writable,
                                  const std::string& backing,
                                  int64_t fd_set);
// Those of blockdev-reopen for a layer that is there, to stand it on another node.
boost::json::object layer_reopen_options(const std::string& volume_id,
                                         const DiskLayer& layer,
                                         bool writable,
                                         const std::string& backing);
// A node of the size on which every read and write fails.
boost::json::object dead_node_options(const std::string& volume_id, int64_t size_bytes);
// The arguments of device_add, all of them text; the caller says where it sits.
boost::json::object disk_device(const MachineDisk& disk);
// Those of block_set_io_throttle.
boost::json::object throttle_options(const std::string& volume_id, const DiskLimits& limits);

} // namespace pileus::drivers
