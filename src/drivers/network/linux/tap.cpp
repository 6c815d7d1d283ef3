// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/tap.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <system_error>

namespace pileus::drivers {

namespace {

tl::unexpected<Error> fail_errno(const std::string& what, const std::string& name) {
    const int number = errno;
    if (number == EBUSY)
        return fail(errors::unavailable,
                    fmt::format("the tap {} is open in another process", name));
    return fail(
        errors::unavailable,
        fmt::format("cannot {} {}: {}", what, name, std::generic_category().message(number)));
}

Result<UniqueFd> attach(const std::string& name) {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        return fail_errno("open", "/dev/net/tun");
    struct ifreq request {};
    if (name.size() >= sizeof(request.ifr_name))
        return fail(errors::invalid, fmt::format("{} is too long for a link", name));
    std::memcpy(request.ifr_name, name.c_str(), name.size());
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0)
        return fail_errno("attach to the tap", name);
    return fd;
}

} // namespace

Result<void> make_tap(const std::string& name) {
    PILEUS_ASSIGN(const UniqueFd fd, attach(name));
    if (::ioctl(fd.get(), TUNSETPERSIST, 1) != 0)
        return fail_errno("keep the tap", name);
    return {};
}

Result<UniqueFd> open_tap_fd(const std::string& name) {
    return attach(name);
}

} // namespace pileus::drivers
