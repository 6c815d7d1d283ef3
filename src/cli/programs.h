// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other programs, run in front of the user: they get our terminal. Argument vectors, never a shell.

#include "base/result.h"
#include "cli/environment.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cli {

// The whole path of a program in PATH (and in /usr/sbin and /sbin, which users' PATHs lack).
std::optional<std::string> find_program(const std::string& name, const Environment& environment);

// Becomes that program. Returns only when that failed.
Error exec_program(const std::vector<std::string>& argv, const Environment& environment);

// Runs it to its end with our stdin, stdout and stderr; its exit code, 128 + signal.
Result<int> run_in_front(const std::vector<std::string>& argv, const Environment& environment);

struct FollowedProgram {
    std::vector<std::string> argv; // "{progress-fd}" becomes the number of the descriptor
    std::string log_path;          // its stdout and stderr; appended
};

// Runs it to its end; whole lines that it writes to its progress descriptor reach `on_line`, and
// `on_wait` is called ten times a second. Its exit code.
Result<int> run_followed(const FollowedProgram& program,
                         const Environment& environment,
                         const std::function<void(std::string_view)>& on_line,
                         const std::function<void()>& on_wait);

} // namespace pileus::cli
