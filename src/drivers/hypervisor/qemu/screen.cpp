// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/screen.h"

#include "base/file.h"
#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

// Fixed places on the root bus, as those of the other devices.
constexpr int card_slot = 0x02;
constexpr int tablet_slot = 0x08;
constexpr const char* listener_name = "vnc-listener";

std::string path_of(const UniqueFd& fd) {
    return fmt::format("/proc/self/fd/{}", fd.get());
}

// QEMU takes a descriptor for a file only if it was opened exactly as QEMU would open it.
Result<int64_t>
lend_to_write(Machine& machine, const UniqueFd& memory, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const UniqueFd writable, open_path(path_of(memory), O_WRONLY));
    PILEUS_ASSIGN(
        const auto answer,
        machine.execute_with_fd("add-fd", {{"opaque", "screen"}}, writable.get(), deadline));
    return number_at(answer, "fdset-id");
}

Result<void> dump_screen(Machine& machine, int64_t fd_set, Machine::Deadline deadline) {
    const auto dumped = machine.execute(
        "screendump", {{"filename", fmt::format("/dev/fdset/{}", fd_set)}}, deadline);
    if (!dumped)
        return fail(errors::unavailable,
                    fmt::format("its screen shows nothing ({}): a guest that was started by an "
                                "earlier Pileus has none until it is stopped and started again",
                                dumped.error().message));
    return {};
}

} // namespace

std::vector<std::string> screen_arguments() {
    return {"-vnc",
            "none", // nobody can connect yet
            "-device",
            fmt::format("VGA,id=screen,addr={:#x}", card_slot),
            "-device",
            fmt::format("virtio-tablet-pci,id=pointer,addr={:#x}", tablet_slot)};
}

Result<void>
open_screen(Machine& machine, const MachineFolder& folder, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const UniqueFd listener, folder.listen(MachineFolder::screen_socket));
    PILEUS_TRY(machine.pass_fd(listener.get(), listener_name, deadline));
    boost::json::array addresses = {{{"type", "fd"}, {"str", listener_name}}};
    PILEUS_TRY(machine.execute(
        "display-update", {{"type", "vnc"}, {"addresses", std::move(addresses)}}, deadline));
    return {};
}

Result<Picture> take_picture(Machine& machine, Machine::Deadline deadline) {
    const UniqueFd memory(::memfd_create("screen", MFD_CLOEXEC));
    if (!memory)
        return fail(errors::unavailable, "there is no memory for the picture of a screen");
    PILEUS_ASSIGN(const auto fd_set, lend_to_write(machine, memory, deadline));
    const auto dumped = dump_screen(machine, fd_set, deadline);
    (void)machine.execute("remove-fd", {{"fdset-id", fd_set}}, deadline);
    PILEUS_TRY(dumped);
    PILEUS_ASSIGN(const auto text, read_file(path_of(memory), max_ppm_bytes));
    return parse_ppm(text);
}

Result<void> press_shift(Machine& machine, Machine::Deadline deadline) {
    boost::json::array keys = {{{"type", "qcode"}, {"data", "shift"}}};
    PILEUS_TRY(machine.execute("send-key", {{"keys", std::move(keys)}}, deadline));
    return {};
}

} // namespace pileus::drivers
