// SPDX-License-Identifier: Apache-2.0
#pragma once

// Opens what a guest's QEMU gets as descriptors, in the daemon's name. They are closed in the
// daemon when the object goes, and live on in QEMU. One thread.

#include "base/process.h"
#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/machine_folder.h"

#include <vector>

namespace pileus::drivers {

struct LaunchFiles {
    std::string uefi_variables; // copied into the folder when the instance has none yet
    std::string console;        // with what the console's log begins
    int guest_memory = -1;      // stays the caller's
};

class LaunchFds {
  public:
    static Result<LaunchFds> open(const MachineSpec& spec,
                                  const CommandLine& line,
                                  const MachineFolder& folder,
                                  const LaunchFiles& files);

    const std::vector<InheritedFd>& inherited() const { return inherited_; }

  private:
    std::vector<UniqueFd> owned_;
    std::vector<InheritedFd> inherited_;
};

} // namespace pileus::drivers
