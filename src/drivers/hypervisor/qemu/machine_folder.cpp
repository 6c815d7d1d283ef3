// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/machine_folder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

namespace pileus::drivers {

namespace {

tl::unexpected<Error> fail_errno(const char* what, const std::filesystem::path& path) {
    const int number = errno;
    return fail(
        number == ENOENT ? errors::not_found : errors::unavailable,
        fmt::format(
            "cannot {} {}: {}", what, path.string(), std::generic_category().message(number)));
}

// A socket's address holds 107 bytes and a path may be longer: it is named through the folder's
// descriptor instead.
struct ShortAddress {
    UniqueFd folder;
    sockaddr_un address{};
};

Result<ShortAddress> address_in(const std::filesystem::path& folder, const char* name) {
    ShortAddress result;
    PILEUS_ASSIGN(result.folder, open_path(folder, O_PATH | O_DIRECTORY));
    const auto path = fmt::format("/proc/self/fd/{}/{}", result.folder.get(), name);
    result.address.sun_family = AF_UNIX;
    std::memcpy(result.address.sun_path, path.c_str(), path.size() + 1);
    return result;
}

} // namespace

Result<UniqueFd> MachineFolder::listen(const char* name) const {
    PILEUS_ASSIGN(const ShortAddress at, address_in(path_, name));
    ::unlink((path_ / name).c_str());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at.address), sizeof(at.address)) != 0 ||
        ::listen(fd.get(), 1) != 0)
        return fail_errno("listen on", path_ / name);
    return fd;
}

Result<UniqueFd> MachineFolder::connect(const char* name) const {
    PILEUS_ASSIGN(const ShortAddress at, address_in(path_, name));
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at.address), sizeof(at.address)) !=
            0)
        return fail_errno("connect to", path_ / name);
    return fd;
}

Result<UniqueFd> open_path(const std::filesystem::path& path, int flags, unsigned mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd)
        return fail_errno("open", path);
    return fd;
}

} // namespace pileus::drivers
