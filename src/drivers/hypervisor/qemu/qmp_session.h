// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to QEMU's monitor. Commands come from any thread and answers are matched by id, in
// any order; every wait has a deadline, so that a hung QEMU costs its own caller some seconds and
// nobody else anything. Owned by Machine; on_readable() is called by the watcher's thread only, and
// all callbacks are called from there (or, when the connection breaks while a command is being
// sent, from the sender's).

#include "base/unique_fd.h"
#include "drivers/qmp/qmp_message.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace pileus::drivers {

class QmpSession {
  public:
    using Answer = std::function<void(Result<boost::json::value>)>;
    using Deadline = std::chrono::steady_clock::time_point;

    QmpSession(UniqueFd socket, std::function<void(const QmpMessage&)> on_event);

    int fd() const { return socket_.get(); }
    // Takes in what has arrived. False when the connection is of no more use.
    bool on_readable();
    bool is_ready();
    // All waiters get an error, and so does every later command.
    void close(const std::string& reason);

    // Waits until QEMU has greeted us and takes commands.
    Result<void> wait_until_ready(Deadline deadline);
    Result<boost::json::value>
    execute(std::string_view command, boost::json::value arguments, Deadline deadline);
    // As execute(), with a descriptor beside the command: QEMU gets a copy.
    Result<boost::json::value> execute_with_fd(std::string_view command,
                                               boost::json::value arguments,
                                               int fd,
                                               Deadline deadline);
    // Sends without waiting; `answer` is called exactly once. Only on a ready session.
    void post(std::string_view command, boost::json::value arguments, Answer answer);

  private:
    static constexpr int no_fd = -1;
    enum class Phase { greeting, negotiating, ready, closed };

    void take(const QmpMessage& message);
    void answer(const QmpMessage& message);
    void post(std::string_view command, boost::json::value arguments, int fd, Answer answer);
    bool send(const std::string& line, int fd);

    const UniqueFd socket_;
    const std::function<void(const QmpMessage&)> on_event_;
    QmpLineReader reader_; // the watcher's thread only
    std::mutex mutex_;
    std::condition_variable changed_;
    Phase phase_ = Phase::greeting;
    std::string close_reason_;
    int64_t last_id_ = 0;
    std::map<int64_t, Answer> pending_;
};

} // namespace pileus::drivers
