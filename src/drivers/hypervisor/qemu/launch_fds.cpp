// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/launch_fds.h"

#include "base/file.h"

#include <chrono>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <thread>

namespace pileus::drivers {

namespace {

// The lock belongs to the open file, which QEMU inherits: it lasts exactly as long as QEMU has the
// volume, and no other guest gets it meanwhile, whatever happens to the daemon.
//
// Tried for a second: a child that another thread has just started holds copies of our descriptors,
// and so of their locks, until its exec.
bool lock_exclusively(int fd) {
    constexpr int attempts = 40;
    constexpr std::chrono::milliseconds pause{25};
    for (int i = 0; i < attempts; ++i) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        std::this_thread::sleep_for(pause);
    }
    return false;
}

Result<UniqueFd> open_layer(const DiskLayer& layer, bool read_only) {
    PILEUS_ASSIGN(UniqueFd fd, open_path(layer.path, read_only ? O_RDONLY : O_RDWR));
    if (!read_only && !lock_exclusively(fd.get()))
        return fail(errors::unavailable,
                    fmt::format("the volume in {} is in use by another instance", layer.path));
    return fd;
}

Result<UniqueFd> open_uefi_variables(const MachineFolder& folder, const std::string& template_) {
    if (!std::filesystem::exists(folder.uefi_variables())) {
        PILEUS_ASSIGN(const auto content, read_file(template_));
        PILEUS_TRY(write_file_durably(folder.uefi_variables(), content));
    }
    return open_path(folder.uefi_variables(), O_RDWR);
}

Result<UniqueFd> open_one(const PassedFd& passed,
                          const MachineSpec& spec,
                          const MachineFolder& folder,
                          const std::string& uefi_variables) {
    switch (passed.what) {
    case Passed::monitor_socket:
        return folder.listen(MachineFolder::monitor_socket);
    case Passed::serial_socket:
        return folder.listen(MachineFolder::serial_socket);
    case Passed::console_log:
        return open_path(folder.console_log(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    case Passed::uefi_variables:
        return open_uefi_variables(folder, uefi_variables);
    case Passed::disk_layer: {
        const auto& layer = spec.disks[passed.index].chain.layers[passed.layer];
        return open_layer(layer, passed.layer > 0 || layer.read_only);
    }
    case Passed::tap:
        if (!spec.interfaces[passed.index].open_tap)
            return fail(errors::internal, "an interface came without a tap");
        return spec.interfaces[passed.index].open_tap();
    }
    return fail(errors::internal, "a descriptor of no known kind");
}

} // namespace

Result<LaunchFds> LaunchFds::open(const MachineSpec& spec,
                                  const CommandLine& line,
                                  const MachineFolder& folder,
                                  const std::string& uefi_variables) {
    LaunchFds fds;
    for (const auto& passed : line.fds) {
        PILEUS_ASSIGN(UniqueFd fd, open_one(passed, spec, folder, uefi_variables));
        fds.inherited_.push_back({fd.get(), passed.child_fd});
        fds.owned_.push_back(std::move(fd));
    }
    return fds;
}

} // namespace pileus::drivers
