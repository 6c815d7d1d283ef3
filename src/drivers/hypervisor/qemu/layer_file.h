// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of layers, opened in the daemon's name for a QEMU that can open nothing. Any thread.

#include "base/unique_fd.h"
#include "drivers/volumes/volumes.h"

namespace pileus::drivers {

// To read and write, with an exclusive lock. The lock belongs to the open file, which QEMU
// inherits: it lasts exactly as long as QEMU has the volume, and no other guest gets it meanwhile,
// whatever happens to the daemon.
Result<UniqueFd> open_writable_layer(const DiskLayer& layer);
Result<UniqueFd> open_layer_to_read(const DiskLayer& layer);

// Brings what was written to the layer so far to the disk.
Result<void> sync_layer(const std::string& path);

// What opens an encrypted layer, as text that QEMU takes (base64), and as a file in memory for a
// process that is being started.
std::string secret_text(const DiskLayer& layer);
Result<UniqueFd> make_secret_file(const DiskLayer& layer);

} // namespace pileus::drivers
