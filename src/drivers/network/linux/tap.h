// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

#include <string>

namespace pileus::drivers {

// Taps of the calling thread's network namespace (call them inside NetworkNamespace::run). A tap
// that was made is persistent: it outlives the process, and its name, number and rules stay the
// same however often a hypervisor opens and closes it. Frames carry the 10 bytes of struct
// virtio_net_hdr before them.
Result<void> make_tap(const std::string& name);        // or finds the one that is there
Result<UniqueFd> open_tap_fd(const std::string& name); // one at a time

} // namespace pileus::drivers
