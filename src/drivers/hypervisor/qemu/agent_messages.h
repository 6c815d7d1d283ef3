// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the host and the agent in a guest say to each other: lines of text (images/agent/README.md).
// The guest's half is read with suspicion, whoever wrote the agent. Pure.

#include "base/result.h"
#include "drivers/hypervisor/guest_identity.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::drivers {

namespace agent_limits {
inline constexpr size_t line_bytes = 4096;
inline constexpr size_t unread_bytes = 65536; // more than this waits with QEMU
} // namespace agent_limits

// Cuts what the agent sends into lines, in any pieces that it arrives in. A line that is too long
// is dropped whole: what follows is read again.
class AgentLineReader {
  public:
    void append(std::string_view bytes);
    std::optional<std::string> next();

  private:
    std::string buffer_;
    bool dropping_ = false; // the rest of a line that was too long
};

struct AgentMessage {
    enum class Kind { hello, ready, applied, failed, unknown };
    Kind kind = Kind::unknown;
    std::string version;    // hello: the agent's
    std::string boot_id;    // ready: the guest's own, as long as it is nobody; "" when it has none
    std::string machine_id; // ready
    std::string why;        // failed: for a person, printable
};
AgentMessage parse_agent_message(std::string_view line);

// `mac` is the primary interface's; `unix_ns` the time at which this is sent. Fails when a value
// could be taken for another line.
Result<std::string>
format_identity(const GuestIdentity& identity, const std::string& mac, int64_t unix_ns);

} // namespace pileus::drivers
