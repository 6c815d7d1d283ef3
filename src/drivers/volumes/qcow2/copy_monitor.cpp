// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/copy_monitor.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace pileus::drivers {

namespace {

constexpr std::chrono::seconds patience{120}; // a busy machine; opening a disk takes milliseconds

} // namespace

Result<void> CopyMonitor::begin() {
    PILEUS_ASSIGN(const auto greeting, next(std::chrono::steady_clock::now() + patience));
    if (greeting.kind != QmpMessage::Kind::greeting)
        return fail(errors::unavailable, "the copying process does not greet");
    PILEUS_TRY(execute("qmp_capabilities", {}));
    return {};
}

Result<boost::json::value> CopyMonitor::execute(std::string_view command,
                                                boost::json::object arguments) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const int64_t id = ++last_id_;
    PILEUS_TRY(send(format_qmp_command(id, command, std::move(arguments))));
    while (true) {
        PILEUS_ASSIGN(auto message, next(deadline));
        if (message.id != id)
            continue;
        if (message.kind == QmpMessage::Kind::reply)
            return std::move(message.data);
        if (message.kind == QmpMessage::Kind::error)
            return fail(errors::invalid, message.description);
    }
}

Result<QmpMessage> CopyMonitor::next(Deadline deadline) {
    while (true) {
        if (const auto line = reader_.next())
            return parse_qmp_message(*line);
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd waiting{socket_.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
            return fail(errors::unavailable, "the copying process does not answer");
        std::array<char, 4096> buffer;
        const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0 || !reader_.append({buffer.data(), static_cast<size_t>(n)}))
            return fail(errors::unavailable, "the copying process ended");
    }
}

Result<void> CopyMonitor::send(std::string_view line) {
    while (!line.empty()) {
        const ssize_t n = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return fail(errors::unavailable, "the copying process ended");
        line.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return {};
}

} // namespace pileus::drivers
