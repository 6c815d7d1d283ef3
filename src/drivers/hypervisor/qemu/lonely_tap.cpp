// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/lonely_tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <thread>

namespace pileus::drivers {

// In a network namespace of its own, which the tap's descriptor alone keeps. A thread that enters
// one stays there, so it is one that ends.
Result<UniqueFd> open_lonely_tap() {
    UniqueFd tap;
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0)
            return;
        tap.reset(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
        ifreq request{};
        request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
        if (::ioctl(tap.get(), TUNSETIFF, &request) != 0)
            tap.reset();
    }).join();
    if (!tap)
        return fail(errors::unavailable, "cannot make a tap that leads nowhere");
    return tap;
}

} // namespace pileus::drivers
