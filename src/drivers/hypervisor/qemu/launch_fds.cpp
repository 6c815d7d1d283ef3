// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/launch_fds.h"

#include "base/file.h"
#include "drivers/hypervisor/qemu/layer_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

Result<UniqueFd> open_uefi_variables(const MachineFolder& folder, const std::string& template_) {
    if (!std::filesystem::exists(folder.uefi_variables())) {
        PILEUS_ASSIGN(const auto content, read_file(template_));
        PILEUS_TRY(write_file_durably(folder.uefi_variables(), content));
    }
    return open_path(folder.uefi_variables(), O_RDWR);
}

Result<UniqueFd> open_console_log(const MachineFolder& folder, std::string_view beginning) {
    PILEUS_ASSIGN(UniqueFd log,
                  open_path(folder.console_log(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND));
    if (::write(log.get(), beginning.data(), beginning.size()) !=
        static_cast<ssize_t>(beginning.size()))
        return fail(errors::unavailable, "cannot write the beginning of a console's log");
    return log;
}

Result<UniqueFd> copy_of(int fd) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy)
        return fail(errors::internal, "a guest came without its memory");
    return copy;
}

Result<UniqueFd> open_one(const PassedFd& passed,
                          const MachineSpec& spec,
                          const MachineFolder& folder,
                          const LaunchFiles& files) {
    switch (passed.what) {
    case Passed::monitor_socket:
        return folder.listen(MachineFolder::monitor_socket);
    case Passed::serial_socket:
        return folder.listen(MachineFolder::serial_socket);
    case Passed::console_log:
        return open_console_log(folder, files.console);
    case Passed::agent_socket:
        return folder.listen(MachineFolder::agent_socket);
    case Passed::guest_memory:
        return copy_of(files.guest_memory);
    case Passed::uefi_variables:
        return open_uefi_variables(folder, files.uefi_variables);
    case Passed::disk_layer:
        return open_layer_to_read(spec.disks[passed.index].chain.layers[passed.layer]);
    case Passed::writable_disk_layer:
        return open_writable_layer(spec.disks[passed.index].chain.layers[passed.layer]);
    case Passed::disk_secret:
        return make_secret_file(spec.disks[passed.index].chain.layers[passed.layer]);
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
                                  const LaunchFiles& files) {
    LaunchFds fds;
    for (const auto& passed : line.fds) {
        PILEUS_ASSIGN(UniqueFd fd, open_one(passed, spec, folder, files));
        fds.inherited_.push_back({fd.get(), passed.child_fd});
        fds.owned_.push_back(std::move(fd));
    }
    return fds;
}

} // namespace pileus::drivers
