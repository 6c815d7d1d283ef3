// SPDX-License-Identifier: Apache-2.0
#pragma once

// The monitor of the process that copies, from the side of the one who waits: a command, then its
// answer. What it says is read with suspicion. One thread.

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/qmp/qmp_message.h"

#include <boost/json/value.hpp>
#include <chrono>

namespace pileus::drivers {

class CopyMonitor {
  public:
    explicit CopyMonitor(UniqueFd socket) : socket_(std::move(socket)) {}

    // Waits for the greeting.
    Result<void> begin();
    // The code of an error that the process reported is errors::invalid; that of one of the
    // connection, errors::unavailable.
    Result<boost::json::value> execute(std::string_view command, boost::json::object arguments);

  private:
    using Deadline = std::chrono::steady_clock::time_point;
    Result<QmpMessage> next(Deadline deadline);
    Result<void> send(std::string_view line);

    UniqueFd socket_;
    QmpLineReader reader_;
    int64_t last_id_ = 0;
};

} // namespace pileus::drivers
