// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state folder as the first release of Pileus left it: one file for each volume and snapshot,
// and marks on snapshots that were deleted while volumes stood on them. Its files stay where they
// are, since guests that outlived the old daemon write to them, and become layers by a record. Can
// be broken off anywhere and repeated.

#include "drivers/volumes/qcow2/layer_store.h"

namespace pileus::drivers {

Result<void> take_over_old_folder(const std::filesystem::path& state_folder,
                                  const LayerStore& layers);

} // namespace pileus::drivers
