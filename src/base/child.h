// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a child process comes to be; used by SystemProcessRunner only. The daemon is large and has
// many threads, so nothing is copied: the child borrows the caller's memory until exec (as vfork
// does), on a stack of its own, and does nothing but system calls on what was prepared for it. Any
// thread may call it.

#include "base/process.h"

#include <array>

namespace pileus {

struct Child {
    pid_t pid = 0;
    UniqueFd pidfd;
};

enum class ChildKind {
    ends_with_caller, // leads a process group of its own, and is killed when the calling thread
                      // dies
    own_session,      // setsid(): lives on after the daemon
    same_session,
};

// `standard` are the descriptors that become 0, 1 and 2. The child has default signal handlers, an
// empty signal mask, and no descriptor besides these and spec.fds. An exec that failed is an error.
Result<Child>
start_child(const ProcessSpec& spec, const std::array<int, 3>& standard, ChildKind kind);

} // namespace pileus
