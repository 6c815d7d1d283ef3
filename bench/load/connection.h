// SPDX-License-Identifier: Apache-2.0
#pragma once

// One keep-alive connection of the load generator: sends the bytes of a request, and knows when the
// answer to it is whole. Non-blocking; belongs to the driver's thread. A server that closes after
// an answer gets a new connection with the next request.

#include "base/unique_fd.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::bench {

class Connection {
  public:
    Connection(std::string address, uint16_t port);

    int fd() const { return socket_.get(); }
    bool busy() const { return busy_; }

    // Opens the connection where there is none (blocking: it is on this machine). The bytes live
    // until the answer is whole. Throws std::system_error.
    void send(std::string_view request);
    // Reads what has come; true when the answer is whole.
    bool receive();

    int status() const { return status_; } // of the last answer
    std::string_view body() const;         // of the last answer, chunk sizes included

  private:
    void open();
    bool is_whole();

    std::string address_;
    uint16_t port_;
    UniqueFd socket_;
    std::string answer_;
    size_t head_bytes_ = 0; // 0: the head is not whole yet
    size_t whole_bytes_ = 0;
    bool chunked_ = false;
    bool ends_with_connection_ = false;
    bool ended_ = false;   // the server closed it
    bool closing_ = false; // the server said that it will
    bool busy_ = false;
    int status_ = 0;
};

} // namespace pileus::bench
