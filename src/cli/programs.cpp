// SPDX-License-Identifier: Apache-2.0
#include "cli/programs.h"

#include "base/process.h"
#include "base/text.h"
#include "base/unique_fd.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace pileus::cli {

namespace {

constexpr int progress_fd = 3;
constexpr int wait_milliseconds = 100;
constexpr size_t line_limit_bytes = 4096;

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

std::vector<std::string> environment_lines(const Environment& environment) {
    std::vector<std::string> lines;
    for (const auto& [name, value] : environment.variables())
        lines.push_back(name + "=" + value);
    return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (auto& text : texts)
        list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Cuts whole lines off the front of `pending`.
void take_lines(std::string& pending, const std::function<void(std::string_view)>& on_line) {
    size_t end = 0;
    while ((end = pending.find('\n')) != std::string::npos) {
        on_line(trim(std::string_view(pending).substr(0, end)));
        pending.erase(0, end + 1);
    }
    if (pending.size() > line_limit_bytes)
        pending.clear();
}

} // namespace

std::optional<std::string> find_program(const std::string& name, const Environment& environment) {
    const std::string path = environment.get("PATH").value_or("/usr/local/bin:/usr/bin:/bin") +
                             ":/usr/local/sbin:/usr/sbin:/sbin";
    for (std::string_view folder : split(path, ':')) {
        const std::string candidate = std::string(folder) + "/" + name;
        if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return std::nullopt;
}

Error exec_program(const std::vector<std::string>& argv, const Environment& environment) {
    auto words = argv;
    auto lines = environment_lines(environment);
    ::execve(words[0].c_str(), pointers(words).data(), pointers(lines).data());
    return {errors::unavailable, fmt::format("cannot run {}: {}", argv[0], errno_text(errno))};
}

Result<int> run_in_front(const std::vector<std::string>& argv, const Environment& environment) {
    auto words = argv;
    auto lines = environment_lines(environment);
    const auto argument_pointers = pointers(words);
    const auto environment_pointers = pointers(lines);
    const pid_t pid = ::fork();
    if (pid < 0)
        return fail(errors::unavailable, "cannot start a process: " + errno_text(errno));
    if (pid == 0) {
        ::execve(words[0].c_str(), argument_pointers.data(), environment_pointers.data());
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return fail(errors::internal, "cannot wait for a program: " + errno_text(errno));
    return exit_code_of(status);
}

Result<int> run_followed(const FollowedProgram& program,
                         const Environment& environment,
                         const std::function<void(std::string_view)>& on_line,
                         const std::function<void()>& on_wait) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail(errors::unavailable, "cannot make a pipe: " + errno_text(errno));
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);

    ProcessSpec spec;
    spec.argv = program.argv;
    for (auto& word : spec.argv)
        if (word == "{progress-fd}")
            word = std::to_string(progress_fd);
    spec.set_env = environment.variables();
    spec.fds = {{writer.get(), progress_fd}};
    spec.output_path = program.log_path;
    spec.new_session = false; // Ctrl-C reaches it too
    SystemProcessRunner runner;
    PILEUS_ASSIGN(const pid_t pid, runner.spawn(spec));
    writer.reset();

    std::string pending;
    std::array<char, 4096> buffer;
    bool open = true;
    int status = 0;
    while (true) {
        pollfd polled{open ? reader.get() : -1, POLLIN, 0};
        if (::poll(&polled, 1, wait_milliseconds) > 0) {
            const ssize_t n = ::read(reader.get(), buffer.data(), buffer.size());
            open = n > 0 || (n < 0 && errno == EINTR);
            if (n > 0)
                pending.append(buffer.data(), static_cast<size_t>(n));
            take_lines(pending, on_line);
        }
        const pid_t ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            return exit_code_of(status);
        if (ended < 0 && errno != EINTR)
            return fail(errors::internal, "cannot wait for a program: " + errno_text(errno));
        on_wait();
    }
}

} // namespace pileus::cli
