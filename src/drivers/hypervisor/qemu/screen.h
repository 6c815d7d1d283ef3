// SPDX-License-Identifier: Apache-2.0
#pragma once

// A guest's screen: a VGA card, the keyboard that every PC has and a tablet, so that a pointer is
// where the viewer's is. QEMU shows it by VNC on a socket in the instance's folder that it is given
// open; who may enter the folder (root) needs no password. One thread for a machine at a time; the
// socket lives as long as its QEMU.

#include "drivers/hypervisor/qemu/machine.h"
#include "drivers/picture/picture.h"

#include <string>
#include <vector>

namespace pileus::drivers {

// What QEMU's command line has for it.
std::vector<std::string> screen_arguments();

// From now on viewers may connect.
Result<void> open_screen(Machine& machine, const MachineFolder& folder, Machine::Deadline deadline);
Result<Picture> take_picture(Machine& machine, Machine::Deadline deadline);
// A keystroke that types nothing, for a guest that has switched its screen off.
Result<void> press_shift(Machine& machine, Machine::Deadline deadline);

} // namespace pileus::drivers
