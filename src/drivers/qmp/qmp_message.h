// SPDX-License-Identifier: Apache-2.0
#pragma once

// What QEMU says on its monitor (QMP), read with suspicion: the guest may have taken its QEMU over.
// Pure; one reader for each connection.

#include "base/result.h"

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::drivers {

namespace qmp_limits {
inline constexpr size_t line_bytes = 4 * 1024 * 1024; // all layers of all disks
inline constexpr size_t depth = 96; // a disk is told with its layers inside one another
} // namespace qmp_limits

// Cuts a stream into lines, in any pieces that it arrives in.
class QmpLineReader {
  public:
    // False when a line is longer than the limit: the connection is of no more use.
    bool append(std::string_view bytes);
    // The next whole line, if there is one; empty lines are skipped.
    std::optional<std::string> next();

  private:
    std::string buffer_;
    size_t searched_ = 0; // no line ends before this
};

struct QmpMessage {
    enum class Kind { greeting, reply, error, event };
    Kind kind = Kind::event;
    std::optional<int64_t> id; // of the command that is answered
    std::string name;          // of the event, or the error's class
    std::string description;   // of the error
    boost::json::value data;   // what is returned, or what comes with the event
};

Result<QmpMessage> parse_qmp_message(std::string_view line);
// One line, its end included.
std::string
format_qmp_command(int64_t id, std::string_view command, const boost::json::value& arguments);

} // namespace pileus::drivers
