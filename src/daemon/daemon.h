// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "base/result.h"
#include "daemon/config.h"

#include <memory>

namespace pileus::daemon {

// All roles in one process, wired together. start() returns when the API answers; the guests of an
// earlier daemon are adopted by then. Destroying it stops everything but the guests, which go on.
class Daemon {
  public:
    static Result<std::unique_ptr<Daemon>>
    start(Config config, Clock& clock, Random& random, ProcessRunner& runner);
    ~Daemon();

    int port() const; // that the API listens on

  private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

// Ends every guest of the installation and removes its namespaces, links, tables and its run
// folder. The data folder stays. The daemon must not be running.
Result<void> destroy_installation(const Config& config, Clock& clock, ProcessRunner& runner);

} // namespace pileus::daemon
