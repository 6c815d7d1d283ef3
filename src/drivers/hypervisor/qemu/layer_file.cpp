// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/layer_file.h"

#include "base/file.h"
#include "base/text.h"
#include "drivers/hypervisor/qemu/machine_folder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pileus::drivers {

Result<UniqueFd> open_writable_layer(const DiskLayer& layer) {
    PILEUS_ASSIGN(UniqueFd fd, open_path(layer.path, O_RDWR));
    if (!lock_exclusively(fd.get()))
        return fail(errors::unavailable,
                    fmt::format("the volume in {} is in use by another instance", layer.path));
    return fd;
}

Result<UniqueFd> open_layer_to_read(const DiskLayer& layer) {
    return open_path(layer.path, O_RDONLY);
}

Result<void> sync_layer(const std::string& path) {
    PILEUS_ASSIGN(const UniqueFd fd, open_path(path, O_RDONLY));
    if (::fdatasync(fd.get()) != 0)
        return fail(errors::unavailable, fmt::format("cannot write {} to its disk", path));
    return {};
}

std::string secret_text(const DiskLayer& layer) {
    return base64_encode(layer.secret);
}

Result<UniqueFd> make_secret_file(const DiskLayer& layer) {
    const auto text = secret_text(layer);
    UniqueFd fd(::memfd_create("secret", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::lseek(fd.get(), 0, SEEK_SET) != 0)
        return fail(errors::unavailable, "the secret of a layer cannot be handed over");
    return fd;
}

} // namespace pileus::drivers
