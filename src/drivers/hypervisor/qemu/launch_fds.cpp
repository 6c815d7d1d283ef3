// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/launch_fds.h"

#include "base/file.h"
#include "drivers/hypervisor/qemu/layer_file.h"

#include <fcntl.h>

namespace pileus::drivers {

namespace {

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
