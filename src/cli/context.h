// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/process.h"
#include "cli/api.h"
#include "cli/environment.h"
#include "cli/installation.h"
#include "cli/terminal.h"

namespace pileus::cli {

// What every command of the program stands on. Made in main(); one thread.
struct Context {
    Installation installation;
    Environment environment;
    Terminal terminal;
    const Clock& clock;
    ProcessRunner& runner;

    // With the credentials of this installation; an error says how to get some.
    Result<Api> connect() const;
};

// A command's exit code, or what went wrong.
using Outcome = Result<int>;

} // namespace pileus::cli
