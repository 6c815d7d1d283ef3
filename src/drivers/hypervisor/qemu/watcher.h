// SPDX-License-Identifier: Apache-2.0
#pragma once

// One thread that waits for many descriptors: the monitors and the ends of all guests. A handler
// runs on that thread and must not block; the one of a hung guest is simply never called. add() and
// remove() may be called from any thread, also from a handler. The destructor stops the thread.

#include "base/result.h"
#include "base/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace pileus::drivers {

class Watcher {
  public:
    using Token = uint64_t;

    // `on_tick` is called every `tick` while there is something to watch.
    Watcher(std::chrono::milliseconds tick, std::function<void()> on_tick);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    // Calls `handler` whenever `fd` can be read or has ended, until remove(). The descriptor stays
    // the caller's, who removes it before closing it.
    Result<Token> add(int fd, std::function<void()> handler);
    // The handler may still be running when this returns, and will not be started again.
    void remove(Token token, int fd);

  private:
    void run();
    void dispatch(Token token);
    bool is_idle();

    const std::chrono::milliseconds tick_;
    const std::function<void()> on_tick_;
    UniqueFd epoll_;
    UniqueFd wake_;
    std::mutex mutex_;
    bool stopping_ = false;
    Token last_token_ = 0;
    std::map<Token, std::shared_ptr<std::function<void()>>> handlers_;
    std::thread thread_;
};

} // namespace pileus::drivers
