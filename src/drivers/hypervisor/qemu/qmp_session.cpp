// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/qmp_session.h"

#include "base/log.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <future>
#include <sys/socket.h>

namespace pileus::drivers {

namespace {

constexpr size_t max_pending = 64; // commands without an answer: more means that QEMU hangs

tl::unexpected<Error> does_not_answer(std::string_view command) {
    return fail(errors::timeout, fmt::format("QEMU's monitor did not answer {} in time", command));
}

} // namespace

QmpSession::QmpSession(UniqueFd socket, std::function<void(const QmpMessage&)> on_event)
    : socket_(std::move(socket)), on_event_(std::move(on_event)) {}

bool QmpSession::on_readable() {
    std::array<char, 16384> buffer;
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        close("QEMU's monitor hung up");
        return false;
    }
    bool usable = reader_.append({buffer.data(), static_cast<size_t>(n)});
    while (usable) {
        const auto line = reader_.next();
        if (!line)
            return true;
        const auto message = parse_qmp_message(*line);
        usable = message.has_value();
        if (usable)
            take(*message);
    }
    close("QEMU's monitor sent something that is not QMP");
    return false;
}

bool QmpSession::is_ready() {
    const std::lock_guard lock(mutex_);
    return phase_ == Phase::ready;
}

void QmpSession::take(const QmpMessage& message) {
    switch (message.kind) {
    case QmpMessage::Kind::greeting: {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::greeting && send(format_qmp_command(0, "qmp_capabilities", {}), no_fd))
            phase_ = Phase::negotiating;
        return;
    }
    case QmpMessage::Kind::event:
        on_event_(message);
        return;
    case QmpMessage::Kind::reply:
    case QmpMessage::Kind::error:
        answer(message);
        return;
    }
}

void QmpSession::answer(const QmpMessage& message) {
    Answer waiting;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::negotiating && message.id == 0) {
            phase_ = Phase::ready;
            changed_.notify_all();
            return;
        }
        const auto found = message.id ? pending_.find(*message.id) : pending_.end();
        if (found == pending_.end())
            return; // nobody waits for it any more
        waiting = std::move(found->second);
        pending_.erase(found);
    }
    if (message.kind == QmpMessage::Kind::reply)
        waiting(message.data);
    else
        waiting(fail(message.name == "DeviceNotFound" ? errors::not_found : errors::unavailable,
                     fmt::format("QEMU refused: {} ({})", message.description, message.name)));
}

void QmpSession::close(const std::string& reason) {
    std::map<int64_t, Answer> pending;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::closed)
            return;
        phase_ = Phase::closed;
        close_reason_ = reason;
        pending.swap(pending_);
        changed_.notify_all();
    }
    ::shutdown(socket_.get(), SHUT_RDWR);
    for (auto& [id, waiting] : pending)
        waiting(fail(errors::unavailable, reason));
}

Result<void> QmpSession::wait_until_ready(Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(
        lock, deadline, [&] { return phase_ == Phase::ready || phase_ == Phase::closed; });
    if (phase_ == Phase::closed)
        return fail(errors::unavailable, close_reason_);
    if (phase_ != Phase::ready)
        return fail(errors::timeout, "QEMU's monitor did not greet in time");
    return {};
}

Result<boost::json::value>
QmpSession::execute(std::string_view command, boost::json::value arguments, Deadline deadline) {
    return execute_with_fd(command, std::move(arguments), no_fd, deadline);
}

Result<boost::json::value> QmpSession::execute_with_fd(std::string_view command,
                                                       boost::json::value arguments,
                                                       int fd,
                                                       Deadline deadline) {
    PILEUS_TRY(wait_until_ready(deadline));
    // Shared, because the answer may come long after the caller has gone.
    const auto promise = std::make_shared<std::promise<Result<boost::json::value>>>();
    auto future = promise->get_future();
    post(command, std::move(arguments), fd, [promise](Result<boost::json::value> result) {
        promise->set_value(std::move(result));
    });
    if (future.wait_until(deadline) != std::future_status::ready)
        return does_not_answer(command);
    return future.get();
}

void QmpSession::post(std::string_view command, boost::json::value arguments, Answer answer) {
    post(command, std::move(arguments), no_fd, std::move(answer));
}

void QmpSession::post(std::string_view command,
                      boost::json::value arguments,
                      int fd,
                      Answer answer) {
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::ready && pending_.size() < max_pending) {
            const int64_t id = ++last_id_;
            if (send(format_qmp_command(id, command, arguments), fd)) {
                pending_[id] = std::move(answer);
                return;
            }
        }
    }
    answer(does_not_answer(command));
}

bool QmpSession::send(const std::string& line, int fd) {
    iovec text{const_cast<char*>(line.data()), line.size()};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
    if (fd != no_fd) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    // Far less than a socket's buffer: that it does not fit means that QEMU has not read for long.
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(line.size()))
        return true;
    if (n > 0)
        ::shutdown(socket_.get(), SHUT_RDWR); // half a command: the watcher sees the end
    return false;
}

} // namespace pileus::drivers
