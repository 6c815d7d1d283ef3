// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server that answers everything at once with the same bytes: what the load generator reaches
// against it is the most it could ever report. Owns its thread; any thread may make and end it.

#include "base/unique_fd.h"

#include <cstdint>
#include <thread>

namespace pileus::bench {

class NullServer {
  public:
    NullServer(); // on a free port of 127.0.0.1; throws std::system_error
    ~NullServer();
    NullServer(const NullServer&) = delete;
    NullServer& operator=(const NullServer&) = delete;

    uint16_t port() const { return port_; }

  private:
    void serve();

    UniqueFd listener_;
    UniqueFd stop_;
    uint16_t port_ = 0;
    std::thread thread_;
};

} // namespace pileus::bench
