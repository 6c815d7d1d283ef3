// SPDX-License-Identifier: Apache-2.0
#pragma once

// The folder of one instance, and the sockets in it. Only root enters it (mode 0700): QEMU is given
// what it needs as descriptors. Any thread, one an instance at a time.
//
//   machine.json   who runs it: machine_record.h
//   qmp.sock       QEMU's monitor
//   serial.sock    the guest's serial port, for an interactive console
//   screen.sock    the guest's screen, keyboard and pointer, by VNC
//   agent.sock     the line to the agent in the guest
//   console.log    what the guest wrote there, bounded
//   qemu.log       what the launcher and QEMU have to say
//   memory         of a guest that hibernates, sealed: saved_memory.h; memory.new while it is saved
//   memory.lock    what its memory would be sealed with
//   uefi-variables the guest's firmware settings, if it has such firmware

#include "base/result.h"
#include "base/unique_fd.h"

#include <filesystem>

namespace pileus::drivers {

class MachineFolder {
  public:
    explicit MachineFolder(std::filesystem::path path) : path_(std::move(path)) {}

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path record() const { return path_ / "machine.json"; }
    std::filesystem::path console_log() const { return path_ / "console.log"; }
    std::filesystem::path emulator_log() const { return path_ / "qemu.log"; }
    std::filesystem::path memory() const { return path_ / "memory"; }
    std::filesystem::path new_memory() const { return path_ / "memory.new"; }
    std::filesystem::path memory_lock() const { return path_ / "memory.lock"; }
    std::filesystem::path uefi_variables() const { return path_ / "uefi-variables"; }

    // A listening socket of this name, in place of any that was there.
    Result<UniqueFd> listen(const char* name) const;
    // Connects without waiting for the other side.
    Result<UniqueFd> connect(const char* name) const;

    static constexpr const char* monitor_socket = "qmp.sock";
    static constexpr const char* serial_socket = "serial.sock";
    static constexpr const char* agent_socket = "agent.sock";
    static constexpr const char* screen_socket = "screen.sock";

  private:
    std::filesystem::path path_;
};

// open(2) as a Result.
Result<UniqueFd> open_path(const std::filesystem::path& path, int flags, unsigned mode = 0600);

} // namespace pileus::drivers
