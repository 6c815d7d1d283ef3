// SPDX-License-Identifier: Apache-2.0
#pragma once

// A network that leads nowhere, for the interface of a guest that is to be frozen: the guest finds
// what it would find at a real one. It goes with its descriptor. Any thread.

#include "base/result.h"
#include "base/unique_fd.h"

namespace pileus::drivers {

Result<UniqueFd> open_lonely_tap();

} // namespace pileus::drivers
