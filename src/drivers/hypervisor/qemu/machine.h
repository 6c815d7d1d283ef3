// SPDX-License-Identifier: Apache-2.0
#pragma once

// One running guest as the daemon sees it: its process, its monitor and what is known of its state.
// Made by QemuHypervisor when it starts or adopts a guest; destroying the object leaves the guest
// alone. Any thread may call it; what the guest does is taken in on the watcher's thread.

#include "base/process.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/machine_folder.h"
#include "drivers/hypervisor/qemu/qmp_session.h"
#include "drivers/hypervisor/qemu/watcher.h"

#include <memory>
#include <mutex>

namespace pileus::drivers {

struct MachineOptions {
    std::string instance_id;
    MachineFolder folder;
    uint32_t uid = 0;
    ProcessIdentity process;
    int64_t console_limit_bytes = 0;
    std::function<void(const std::string& instance_id)> on_change; // on the watcher's thread
};

class Machine : public std::enable_shared_from_this<Machine> {
    struct Key {}; // makes the constructor attach()'s own

  public:
    using Deadline = QmpSession::Deadline;

    // Takes hold of the process; fails when it has ended already.
    static Result<std::shared_ptr<Machine>> attach(MachineOptions options, Watcher& watcher);
    Machine(Key key, MachineOptions options, Watcher& watcher, UniqueFd pidfd);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const std::string& instance_id() const { return options_.instance_id; }
    uint32_t uid() const { return options_.uid; }
    const ProcessIdentity& process() const { return options_.process; }
    pid_t pid() const { return options_.process.pid; }
    bool has_ended() const;
    // What is known now; never waits.
    MachineObservation observe() const;

    // Waits until the monitor has told the guest's state for the first time.
    Result<void> wait_until_known(Deadline deadline);
    // False when it had not ended by then.
    bool wait_until_ended(Deadline deadline);
    Result<boost::json::value>
    execute(std::string_view command, boost::json::value arguments, Deadline deadline);
    // As execute(), with a descriptor beside the command: QEMU gets a copy.
    Result<boost::json::value> execute_with_fd(std::string_view command,
                                               boost::json::value arguments,
                                               int fd,
                                               Deadline deadline);
    // Gives QEMU a copy of the descriptor, for a later command that names it.
    Result<void> pass_fd(int fd, const std::string& name, Deadline deadline);
    // How often QEMU has told that a device went, or that the guest keeps one.
    uint64_t device_events() const;
    // Until it tells so once more than `seen`, or the deadline.
    void wait_for_device_event(uint64_t seen, Deadline deadline);
    // Asks the monitor for the state and takes it in.
    Result<void> refresh(Deadline deadline);
    void kill();

    // The watcher's tick: bounds the logs, mends the connection to the monitor.
    void on_tick();

  private:
    Result<void> watch();
    void connect();
    void disconnect();
    void on_monitor_readable(const std::shared_ptr<QmpSession>& session);
    void on_event(const QmpMessage& event);
    void on_end();
    void ask_status();
    void ask_why_io_failed();
    void take_status(const boost::json::value& status);
    void take_disk_states(const boost::json::value& disks);
    void set(MachineObservation observation);
    std::string describe_end() const;
    std::shared_ptr<QmpSession> session() const;

    const MachineOptions options_;
    Watcher& watcher_;
    const UniqueFd pidfd_;
    UniqueFd console_log_;
    UniqueFd emulator_log_;
    Watcher::Token pidfd_token_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<QmpSession> session_;
    Watcher::Token session_token_ = 0;
    bool known_ = false;
    bool ended_ = false;
    uint64_t device_events_ = 0;
    std::string pause_reason_; // why I/O failed, which the status does not tell
    MachineObservation observation_{MachineState::running, ""};
};

} // namespace pileus::drivers
