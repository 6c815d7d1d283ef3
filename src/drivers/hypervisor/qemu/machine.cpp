// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/machine.h"

#include "base/log.h"
#include "base/text.h"
#include "drivers/hypervisor/qemu/console_log.h"
#include "drivers/qmp/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <set>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr int64_t emulator_log_limit_bytes = 256 * 1024;
constexpr size_t last_words_bytes = 400;

UniqueFd open_pidfd(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

constexpr const char* out_of_space = "no space left on the disk that holds its volumes";

// After these the state may be another; query-status tells which.
const std::set<std::string, std::less<>> telling_events = {"STOP",
                                                           "RESUME",
                                                           "SHUTDOWN",
                                                           "RESET",
                                                           "POWERDOWN",
                                                           "SUSPEND",
                                                           "WAKEUP",
                                                           "GUEST_PANICKED",
                                                           "BLOCK_IO_ERROR"};

} // namespace

Result<std::shared_ptr<Machine>> Machine::attach(MachineOptions options, Watcher& watcher) {
    UniqueFd pidfd = open_pidfd(options.process.pid);
    // Looked at after the descriptor was opened, which from then on means this very process. (One
    // that has ended and is our child's zombie still is worth attaching to: it tells how it ended.)
    const auto now = identify_process(options.process.pid);
    if (!pidfd || !now || *now != options.process)
        return fail(errors::not_found,
                    fmt::format("the process of {} has ended", options.instance_id));
    auto machine = std::make_shared<Machine>(Key{}, std::move(options), watcher, std::move(pidfd));
    PILEUS_TRY(machine->watch());
    return machine;
}

Machine::Machine(Key, MachineOptions options, Watcher& watcher, UniqueFd pidfd)
    : options_(std::move(options)), watcher_(watcher), pidfd_(std::move(pidfd)) {
    console_log_.reset(
        ::open(options_.folder.console_log().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    emulator_log_.reset(
        ::open(options_.folder.emulator_log().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
}

Machine::~Machine() {
    watcher_.remove(pidfd_token_, pidfd_.get());
    disconnect();
}

Result<void> Machine::watch() {
    const std::weak_ptr<Machine> weak = weak_from_this();
    PILEUS_ASSIGN(pidfd_token_, watcher_.add(pidfd_.get(), [weak] {
        if (const auto machine = weak.lock())
            machine->on_end();
    }));
    connect();
    return {};
}

std::shared_ptr<QmpSession> Machine::session() const {
    const std::lock_guard lock(mutex_);
    return session_;
}

void Machine::connect() {
    auto socket = options_.folder.connect(MachineFolder::monitor_socket);
    if (!socket)
        return; // the next tick tries again
    const std::weak_ptr<Machine> weak = weak_from_this();
    const auto made =
        std::make_shared<QmpSession>(std::move(*socket), [weak](const QmpMessage& event) {
            if (const auto machine = weak.lock())
                machine->on_event(event);
        });
    const std::lock_guard lock(mutex_);
    session_ = made;
    const auto token = watcher_.add(made->fd(), [weak, made] {
        if (const auto machine = weak.lock())
            machine->on_monitor_readable(made);
    });
    session_token_ = token.value_or(0);
}

void Machine::disconnect() {
    std::shared_ptr<QmpSession> old;
    {
        const std::lock_guard lock(mutex_);
        old.swap(session_);
        if (old)
            watcher_.remove(session_token_, old->fd());
        changed_.notify_all();
    }
    if (old)
        old->close("the connection to QEMU's monitor was given up");
}

void Machine::on_monitor_readable(const std::shared_ptr<QmpSession>& session) {
    const bool was_ready = session->is_ready();
    if (!session->on_readable())
        return disconnect();
    if (!was_ready && session->is_ready())
        ask_status();
}

void Machine::on_event(const QmpMessage& event) {
    if (event.name == "BLOCK_IO_ERROR" && text_at(event.data, "action") == "stop") {
        const std::lock_guard lock(mutex_);
        pause_reason_ = flag_at(event.data, "nospace") ? out_of_space
                                                       : "a volume cannot be read or written: " +
                                                             text_at(event.data, "reason");
    }
    if (event.name == "DEVICE_DELETED" || event.name == "DEVICE_UNPLUG_GUEST_ERROR") {
        const std::lock_guard lock(mutex_);
        ++device_events_;
        changed_.notify_all();
    }
    if (telling_events.contains(event.name))
        ask_status();
}

void Machine::ask_status() {
    const auto current = session();
    if (!current)
        return;
    const std::weak_ptr<Machine> weak = weak_from_this();
    current->post("query-status", {}, [weak](const Result<boost::json::value>& status) {
        const auto machine = weak.lock();
        if (machine && status)
            machine->take_status(*status);
    });
}

void Machine::take_status(const boost::json::value& status) {
    const std::string name = text_at(status, "status");
    if (name == "running") {
        {
            const std::lock_guard lock(mutex_);
            pause_reason_.clear();
        }
        return set({MachineState::running, ""});
    }
    if (name == "shutdown")
        return set({MachineState::shut_down, ""});
    if (name != "io-error")
        return set({MachineState::paused, "QEMU says: " + name});
    std::string reason;
    {
        const std::lock_guard lock(mutex_);
        reason = pause_reason_;
    }
    set({MachineState::paused, reason.empty() ? "a volume cannot be read or written" : reason});
    if (reason.empty())
        ask_why_io_failed();
}

// The event that told was one that a former daemon got.
void Machine::ask_why_io_failed() {
    const auto current = session();
    if (!current)
        return;
    const std::weak_ptr<Machine> weak = weak_from_this();
    current->post("query-block", {}, [weak](const Result<boost::json::value>& disks) {
        const auto machine = weak.lock();
        if (machine && disks)
            machine->take_disk_states(*disks);
    });
}

void Machine::take_disk_states(const boost::json::value& disks) {
    const auto* all = disks.if_array();
    const bool nospace = all && std::any_of(all->begin(), all->end(), [](const auto& disk) {
                             return text_at(disk, "io-status") == "nospace";
                         });
    {
        const std::lock_guard lock(mutex_);
        if (!nospace || observation_.state != MachineState::paused)
            return;
        pause_reason_ = out_of_space;
    }
    set({MachineState::paused, out_of_space});
}

void Machine::set(MachineObservation observation) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_ && observation.state != MachineState::absent)
            return; // an answer that was under way when it ended
        if (known_ && observation_.state == observation.state &&
            observation_.detail == observation.detail)
            return;
        known_ = true;
        ended_ = observation.state == MachineState::absent;
        observation_ = std::move(observation);
        changed_.notify_all();
    }
    options_.on_change(options_.instance_id);
}

void Machine::on_end() {
    watcher_.remove(pidfd_token_, pidfd_.get());
    set({MachineState::absent, describe_end()});
    disconnect();
}

std::string Machine::describe_end() const {
    siginfo_t info{};
    std::string how = "its QEMU ended";
    // Only of a child the kernel tells how it ended; a guest of a former daemon is none.
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0 &&
        info.si_pid != 0)
        how = info.si_code == CLD_EXITED
                  ? fmt::format("its QEMU ended with exit code {}", info.si_status)
                  : fmt::format("its QEMU was killed by signal {}", info.si_status);
    const auto words = read_log_end(options_.folder.emulator_log(), last_words_bytes);
    const auto text = words ? trim(*words) : std::string_view();
    return text.empty() ? how : fmt::format("{}: {}", how, text);
}

bool Machine::has_ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

MachineObservation Machine::observe() const {
    const std::lock_guard lock(mutex_);
    return observation_;
}

Result<void> Machine::wait_until_known(Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return known_; });
    if (ended_)
        return fail(errors::unavailable, observation_.detail);
    if (!known_)
        return fail(errors::timeout, "QEMU's monitor did not answer in time");
    return {};
}

bool Machine::wait_until_ended(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return ended_; });
}

Result<boost::json::value>
Machine::execute(std::string_view command, boost::json::value arguments, Deadline deadline) {
    const auto current = session();
    if (!current)
        return fail(errors::unavailable, "QEMU's monitor is not connected");
    return current->execute(command, std::move(arguments), deadline);
}

Result<boost::json::value> Machine::execute_with_fd(std::string_view command,
                                                    boost::json::value arguments,
                                                    int fd,
                                                    Deadline deadline) {
    const auto current = session();
    if (!current)
        return fail(errors::unavailable, "QEMU's monitor is not connected");
    return current->execute_with_fd(command, std::move(arguments), fd, deadline);
}

Result<void> Machine::pass_fd(int fd, const std::string& name, Deadline deadline) {
    PILEUS_TRY(execute_with_fd("getfd", {{"fdname", name}}, fd, deadline));
    return {};
}

uint64_t Machine::device_events() const {
    const std::lock_guard lock(mutex_);
    return device_events_;
}

void Machine::wait_for_device_event(uint64_t seen, Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return ended_ || device_events_ != seen; });
}

Result<void> Machine::refresh(Deadline deadline) {
    PILEUS_ASSIGN(const auto status, execute("query-status", {}, deadline));
    take_status(status);
    return {};
}

void Machine::kill() {
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void Machine::on_tick() {
    if (has_ended())
        return;
    if (console_log_)
        bound_log(console_log_.get(), options_.console_limit_bytes);
    if (emulator_log_)
        bound_log(emulator_log_.get(), emulator_log_limit_bytes);
    if (!session())
        connect();
}

} // namespace pileus::drivers
