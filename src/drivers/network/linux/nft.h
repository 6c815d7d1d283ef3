// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "drivers/network/linux/namespace.h"

#include <string>

namespace pileus::drivers {

// Carries out the commands as one transaction inside the namespace, with one `nft` process. All of
// them, or none.
Result<void> run_nft(ProcessRunner& runner,
                     const NetworkNamespace& network_namespace,
                     const std::string& commands);

} // namespace pileus::drivers
