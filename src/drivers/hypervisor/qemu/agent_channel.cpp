// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/agent_channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace pileus::drivers {

namespace {

tl::unexpected<Error> hung_up() {
    return fail(errors::unavailable, "QEMU closed the line to the guest's agent");
}

} // namespace

Result<AgentChannel> AgentChannel::connect(const MachineFolder& folder) {
    PILEUS_ASSIGN(UniqueFd socket, folder.connect(MachineFolder::agent_socket));
    return AgentChannel(std::move(socket));
}

bool AgentChannel::take_in() {
    std::array<char, 4096> buffer;
    for (size_t taken = 0; taken < agent_limits::unread_bytes;) {
        const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (n < 0)
            return true;
        reader_.append({buffer.data(), static_cast<size_t>(n)});
        taken += static_cast<size_t>(n);
    }
    return true;
}

std::optional<AgentMessage> AgentChannel::ready() {
    (void)take_in(); // a line that was cut has said what it had to say
    while (const auto line = reader_.next()) {
        auto message = parse_agent_message(*line);
        if (message.kind == AgentMessage::Kind::ready)
            ready_ = std::move(message);
    }
    return ready_;
}

Result<void> AgentChannel::wait(short events, Deadline deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd polled{socket_.get(), events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready == 0)
        return fail(errors::timeout, "the agent in the guest does not answer");
    if (ready < 0 && errno != EINTR)
        return hung_up();
    return {};
}

Result<void> AgentChannel::tell(std::string_view text, Deadline deadline) {
    while (!text.empty()) {
        const ssize_t n =
            ::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return hung_up();
        if (n < 0)
            PILEUS_TRY(wait(POLLOUT, deadline));
        text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    return {};
}

Result<void> AgentChannel::wait_until_applied(Deadline deadline) {
    while (true) {
        const bool is_open = take_in();
        while (const auto line = reader_.next()) {
            const auto message = parse_agent_message(*line);
            if (message.kind == AgentMessage::Kind::applied)
                return {};
            if (message.kind == AgentMessage::Kind::failed)
                return fail(errors::unavailable, "the agent in the guest says: " + message.why);
        }
        if (!is_open)
            return hung_up();
        PILEUS_TRY(wait(POLLIN, deadline));
    }
}

} // namespace pileus::drivers
