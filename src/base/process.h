// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs of the machine, described as data: an argument vector, never a shell line. ProcessRunner
// comes in through the constructor, so that tests can check what would be run. Any thread may call
// it.

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace pileus {

// A file descriptor that the child gets under the number `child_fd`.
struct InheritedFd {
    int parent_fd;
    int child_fd;
};

struct ProcessSpec {
    std::vector<std::string> argv;              // argv[0] is looked up in PATH
    std::string stdin_text;                     // run() only
    std::map<std::string, std::string> set_env; // added to the caller's environment
    std::vector<InheritedFd> fds; // everything else but 0, 1, 2 is closed in the child
    Duration timeout = std::chrono::seconds{30}; // run() only: the child is killed when it passes
    // run() only: asked a few times a second when it is set; false kills the child.
    std::function<bool()> keep_going;
    std::string output_path; // spawn() only: stdout and stderr are appended here; "" is /dev/null
    bool new_session = true; // spawn() only: setsid(), so that the child outlives the daemon
};

struct ProcessOutput {
    int exit_code = 0; // 128 + signal when a signal ended it
    std::string out;   // both limited to 16 MiB
    std::string err;
};

class ProcessRunner {
  public:
    virtual ~ProcessRunner() = default;
    // Runs to the end. An exit code other than 0 is not an error here; a missing program and a
    // time-out are.
    virtual Result<ProcessOutput> run(const ProcessSpec& spec) = 0;
    // Starts a process that lives on by itself; the caller must reap it (waitpid or a pidfd) while
    // it is its child.
    virtual Result<pid_t> spawn(const ProcessSpec& spec) = 0;
};

class SystemProcessRunner final : public ProcessRunner {
  public:
    Result<ProcessOutput> run(const ProcessSpec& spec) override;
    Result<pid_t> spawn(const ProcessSpec& spec) override;
};

// run() that also turns an exit code other than 0 into an error carrying the end of stderr; returns
// stdout.
Result<std::string> run_checked(ProcessRunner& runner, const ProcessSpec& spec);

// A process as it can be recognised later: pids are reused, a pid with its start time and the
// machine's boot id is not.
struct ProcessIdentity {
    pid_t pid = 0;
    uint64_t start_ticks = 0; // field 22 of /proc/PID/stat
    std::string boot_id;

    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};
Result<ProcessIdentity> identify_process(pid_t pid);
bool is_alive(const ProcessIdentity& identity);

} // namespace pileus
