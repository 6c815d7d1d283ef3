// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include "base/child.h"
#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>

namespace pileus {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t output_limit_bytes = 16 * 1024 * 1024;
constexpr size_t error_tail_bytes = 600;

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

Result<Pipe> make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
        return fail(errors::unavailable, "cannot make a pipe: " + errno_text(errno));
    Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
    ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
    return pipe;
}

Result<UniqueFd> open_null() {
    UniqueFd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!fd)
        return fail(errors::unavailable, "cannot open /dev/null: " + errno_text(errno));
    return fd;
}

// The child's stdin is a file in memory rather than a pipe: nothing to feed while it runs, and no
// SIGPIPE when it ends without having read everything.
Result<UniqueFd> make_stdin(std::string_view text) {
    if (text.empty())
        return open_null();
    UniqueFd fd(::memfd_create("stdin", MFD_CLOEXEC));
    while (fd && !text.empty()) {
        const ssize_t n = ::write(fd.get(), text.data(), text.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        text.remove_prefix(static_cast<size_t>(n));
    }
    if (!fd || !text.empty() || ::lseek(fd.get(), 0, SEEK_SET) != 0)
        return fail(errors::unavailable, "cannot keep a program's input: " + errno_text(errno));
    return fd;
}

enum class ReadState { open, ended, too_much };

// Takes what is there now; never blocks.
ReadState drain(UniqueFd& fd, std::string& out) {
    std::array<char, 65536> buffer;
    while (fd) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return ReadState::open;
        if (n <= 0) {
            fd.reset();
            break;
        }
        if (out.size() + static_cast<size_t>(n) > output_limit_bytes)
            return ReadState::too_much;
        out.append(buffer.data(), static_cast<size_t>(n));
    }
    return ReadState::ended;
}

int wait_milliseconds(SteadyClock::time_point deadline, int longest) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, longest));
}

enum class Ending { exited, timed_out, too_much_output, stopped };

// Reads both pipes until the child has ended. A grandchild that still holds a pipe is not waited
// for: all that the child itself wrote is in the pipe by then.
Ending follow(int pidfd, Pipe& out, Pipe& err, const ProcessSpec& spec, ProcessOutput& output) {
    const auto deadline = SteadyClock::now() + spec.timeout;
    const int longest = spec.keep_going ? 200 : 3'600'000;
    while (true) {
        pollfd polled[3] = {{pidfd, POLLIN, 0},
                            {out.read_end.get(), POLLIN, 0}, // -1 once it has ended: skipped
                            {err.read_end.get(), POLLIN, 0}};
        const int ready = ::poll(polled, 3, wait_milliseconds(deadline, longest));
        const bool exited = ready > 0 && polled[0].revents != 0; // before draining, not after
        if (drain(out.read_end, output.out) == ReadState::too_much ||
            drain(err.read_end, output.err) == ReadState::too_much)
            return Ending::too_much_output;
        if (exited)
            return Ending::exited;
        if (SteadyClock::now() >= deadline)
            return Ending::timed_out;
        if (spec.keep_going && !spec.keep_going())
            return Ending::stopped;
    }
}

Result<int> reap(int pidfd) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0)
        if (errno != EINTR)
            return fail(errors::internal, "cannot wait for a program: " + errno_text(errno));
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

std::string end_of(std::string_view text) {
    text = trim(text);
    if (text.size() > error_tail_bytes)
        text.remove_prefix(text.size() - error_tail_bytes);
    return std::string(text);
}

std::string seconds_text(Duration duration) {
    return fmt::format("{:g} s", std::chrono::duration<double>(duration).count());
}

} // namespace

Result<ProcessOutput> SystemProcessRunner::run(const ProcessSpec& spec) {
    PILEUS_ASSIGN(const UniqueFd in, make_stdin(spec.stdin_text));
    PILEUS_ASSIGN(Pipe out, make_pipe());
    PILEUS_ASSIGN(Pipe err, make_pipe());
    PILEUS_ASSIGN(const Child child,
                  start_child(spec,
                              {in.get(), out.write_end.get(), err.write_end.get()},
                              ChildKind::ends_with_caller));
    out.write_end.reset();
    err.write_end.reset();

    ProcessOutput output;
    const auto ending = follow(child.pidfd.get(), out, err, spec, output);
    if (ending != Ending::exited)
        ::kill(-child.pid, SIGKILL); // its whole group; the pid is ours until it is reaped
    PILEUS_ASSIGN(output.exit_code, reap(child.pidfd.get()));
    if (ending == Ending::timed_out)
        return fail(errors::timeout,
                    fmt::format("{} did not end within {} and was killed; its last words: {}",
                                spec.argv[0],
                                seconds_text(spec.timeout),
                                end_of(output.err)));
    if (ending == Ending::stopped)
        return fail(errors::unavailable, spec.argv[0] + " was stopped, as was asked for");
    if (ending == Ending::too_much_output)
        return fail(errors::unavailable,
                    fmt::format("{} wrote more than {} bytes and was killed",
                                spec.argv[0],
                                output_limit_bytes));
    return output;
}

Result<pid_t> SystemProcessRunner::spawn(const ProcessSpec& spec) {
    PILEUS_ASSIGN(const UniqueFd null, open_null());
    UniqueFd log;
    if (!spec.output_path.empty()) {
        log.reset(
            ::open(spec.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (!log)
            return fail(errors::unavailable,
                        fmt::format("cannot open {}: {}", spec.output_path, errno_text(errno)));
    }
    const int out = log ? log.get() : null.get();
    const auto kind = spec.new_session ? ChildKind::own_session : ChildKind::same_session;
    PILEUS_ASSIGN(const Child child, start_child(spec, {null.get(), out, out}, kind));
    return child.pid;
}

Result<std::string> run_checked(ProcessRunner& runner, const ProcessSpec& spec) {
    PILEUS_ASSIGN(ProcessOutput output, runner.run(spec));
    if (output.exit_code == 0)
        return std::move(output.out);
    const auto words = end_of(trim(output.err).empty() ? output.out : output.err);
    return fail(errors::unavailable,
                fmt::format("{} failed with exit code {}: {}",
                            spec.argv.empty() ? std::string() : spec.argv[0],
                            output.exit_code,
                            words));
}

namespace {

struct ProcStat {
    char state;
    uint64_t start_ticks;
};

Result<ProcStat> read_stat(pid_t pid) {
    PILEUS_ASSIGN(const std::string text, read_file(fmt::format("/proc/{}/stat", pid)));
    // "PID (name) S …": the name may hold anything, also ") (", so the last bracket counts.
    const size_t bracket = text.rfind(')');
    if (bracket == std::string::npos)
        return fail(errors::internal, fmt::format("/proc/{}/stat cannot be read", pid));
    const auto fields = split(trim(std::string_view(text).substr(bracket + 1)), ' ');
    constexpr size_t start_index = 22 - 3; // fields are counted from 1, and two stand before state
    const auto start = fields.size() > start_index ? parse_int(fields[start_index]) : std::nullopt;
    if (!start || fields[0].empty())
        return fail(errors::internal, fmt::format("/proc/{}/stat cannot be read", pid));
    return ProcStat{fields[0][0], static_cast<uint64_t>(*start)};
}

Result<std::string> read_boot_id() {
    PILEUS_ASSIGN(const std::string text, read_file("/proc/sys/kernel/random/boot_id"));
    return std::string(trim(text));
}

} // namespace

Result<ProcessIdentity> identify_process(pid_t pid) {
    PILEUS_ASSIGN(const ProcStat stat, read_stat(pid));
    PILEUS_ASSIGN(std::string boot_id, read_boot_id());
    return ProcessIdentity{pid, stat.start_ticks, std::move(boot_id)};
}

bool is_alive(const ProcessIdentity& identity) {
    const auto boot_id = read_boot_id();
    const auto stat = read_stat(identity.pid);
    const bool same = boot_id && stat && *boot_id == identity.boot_id &&
                      stat->start_ticks == identity.start_ticks;
    return same && stat->state != 'Z' && stat->state != 'X';
}

} // namespace pileus
