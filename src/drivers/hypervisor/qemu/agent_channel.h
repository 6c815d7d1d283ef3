// SPDX-License-Identifier: Apache-2.0
#pragma once

// The host's end of the line to the agent in a guest. Made when a guest is to be frozen or to
// become somebody; an ordinary guest's agent speaks to nobody. One thread at a time; nothing is
// read but when somebody asks, so that a guest that floods fills its own socket only.

#include "base/unique_fd.h"
#include "drivers/hypervisor/qemu/agent_messages.h"
#include "drivers/hypervisor/qemu/machine_folder.h"

#include <chrono>

namespace pileus::drivers {

class AgentChannel {
  public:
    using Deadline = std::chrono::steady_clock::time_point;

    static Result<AgentChannel> connect(const MachineFolder& folder);

    // The latest `ready`, if the agent has said it by now; does not wait.
    std::optional<AgentMessage> ready();
    Result<void> tell(std::string_view text, Deadline deadline);
    // Until the agent has applied what it was told, or says why it cannot.
    Result<void> wait_until_applied(Deadline deadline);

  private:
    explicit AgentChannel(UniqueFd socket) : socket_(std::move(socket)) {}
    // False when the other end has hung up.
    bool take_in();
    Result<void> wait(short events, Deadline deadline);

    UniqueFd socket_;
    AgentLineReader reader_;
    std::optional<AgentMessage> ready_;
};

} // namespace pileus::drivers
