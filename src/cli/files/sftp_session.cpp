// SPDX-License-Identifier: Apache-2.0
#include "cli/files/sftp_session.h"

#include "base/child.h"
#include "base/text.h"
#include "cli/files/limits.h"
#include "cli/files/places.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>

namespace pileus::cli::files {

namespace {

constexpr int for_ever = -1;
constexpr int ending_polls = 50; // of 20 ms: then the child is ended
constexpr size_t read_bytes = 128 * 1024;

std::string errno_text() {
    return std::generic_category().message(errno);
}

struct Pipe {
    UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
        return fail(errors::unavailable, "cannot make a pipe: " + errno_text());
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void set_nonblocking(const UniqueFd& fd) {
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

} // namespace

Result<std::unique_ptr<SftpSession>> SftpSession::start(const std::vector<std::string>& argv,
                                                        std::string name) {
    std::unique_ptr<SftpSession> session(new SftpSession(std::move(name)));
    PILEUS_ASSIGN(Pipe in, make_pipe());
    PILEUS_ASSIGN(Pipe out, make_pipe());
    PILEUS_ASSIGN(Pipe err, make_pipe());
    ProcessSpec spec;
    spec.argv = argv;
    // The same session: ssh may ask for a passphrase on the terminal, and Ctrl-C reaches it.
    PILEUS_ASSIGN(Child child,
                  start_child(spec,
                              {in.read_end.get(), out.write_end.get(), err.write_end.get()},
                              ChildKind::same_session));
    session->pid_ = child.pid;
    session->pidfd_ = std::move(child.pidfd);
    session->in_ = std::move(in.write_end);
    session->out_ = std::move(out.read_end);
    session->err_ = std::move(err.read_end);
    for (const auto* fd : {&session->in_, &session->out_, &session->err_})
        set_nonblocking(*fd);
    // So the pipes' other ends are the child's alone, and their end is its end.
    in.read_end.reset();
    out.write_end.reset();
    err.write_end.reset();
    PILEUS_TRY(session->greet());
    return session;
}

SftpSession::~SftpSession() {
    if (pid_ == 0)
        return;
    in_.reset(); // the end of its input is its end
    int status = 0;
    for (int i = 0; i < ending_polls; ++i) {
        if (::waitpid(pid_, &status, WNOHANG) != 0)
            return;
        pollfd polled{pidfd_.get(), POLLIN, 0};
        ::poll(&polled, 1, 20);
    }
    ::kill(pid_, SIGTERM);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
}

Result<void> SftpSession::greet() {
    // "init" has the version where others have their number, and so has the answer.
    outgoing_ += sftp::encode(sftp::Type::init, sftp::version, {});
    awaited_.insert(sftp::version);
    last_id_ = sftp::version;
    PILEUS_ASSIGN(const auto packet, receive(sftp::version));
    PILEUS_ASSIGN(extensions_, sftp::read_extensions(packet));
    return {};
}

uint32_t SftpSession::send(sftp::Type type, const sftp::Request& request) {
    const uint32_t id = ++last_id_;
    awaited_.insert(id);
    outgoing_ += sftp::encode(type, id, request);
    write_some();
    return id;
}

Result<sftp::Packet> SftpSession::receive(uint32_t id) {
    for (;;) {
        if (auto node = answers_.extract(id))
            return std::move(node.mapped());
        if (is_broken_)
            return fail(broken());
        pump(for_ever);
    }
}

void SftpSession::forget(uint32_t id) {
    awaited_.erase(id);
    answers_.erase(id);
}

void SftpSession::pump(int timeout_milliseconds) {
    if (is_broken_)
        return;
    const short wants_out = sent_ < outgoing_.size() ? POLLOUT : 0;
    std::array<pollfd, 3> polled{pollfd{out_.get(), POLLIN, 0},
                                 pollfd{err_.get(), POLLIN, 0}, // -1 once it ended: skipped
                                 pollfd{wants_out ? in_.get() : -1, wants_out, 0}};
    if (::poll(polled.data(), polled.size(), timeout_milliseconds) <= 0)
        return;
    if (polled[1].revents != 0)
        read_errors();
    if (polled[0].revents != 0)
        read_answers();
    if (polled[2].revents != 0)
        write_some();
}

void SftpSession::write_some() {
    while (sent_ < outgoing_.size()) {
        const ssize_t n = ::write(in_.get(), outgoing_.data() + sent_, outgoing_.size() - sent_);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; // full, or its reader has gone: reading will tell
        sent_ += static_cast<size_t>(n);
    }
    if (sent_ == outgoing_.size()) {
        outgoing_.clear();
        sent_ = 0;
    }
}

void SftpSession::read_answers() {
    std::string buffer(read_bytes, '\0');
    const ssize_t n = ::read(out_.get(), buffer.data(), buffer.size());
    if (n > 0) {
        reader_.append(std::string_view(buffer).substr(0, static_cast<size_t>(n)));
        take_packets();
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        // Its last words may still be on their way.
        for (int i = 0; i < ending_polls && err_; ++i) {
            pollfd polled{err_.get(), POLLIN, 0};
            ::poll(&polled, 1, 20);
            read_errors();
        }
        is_broken_ = true;
    }
}

void SftpSession::read_errors() {
    std::array<char, 4096> buffer;
    const ssize_t n = ::read(err_.get(), buffer.data(), buffer.size());
    if (n > 0) {
        errors_.append(buffer.data(), static_cast<size_t>(n));
        if (errors_.size() > error_text_bytes_max)
            errors_.erase(0, errors_.size() - error_text_bytes_max);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        err_.reset();
    }
}

void SftpSession::take_packets() {
    for (;;) {
        auto packet = reader_.next();
        if (!packet) {
            protocol_fault_ = packet.error().message;
            is_broken_ = true;
            return;
        }
        if (!*packet)
            return;
        // A greeting has the server's version where others have a number.
        const bool is_greeting = (*packet)->type == sftp::Type::version;
        const uint32_t id = is_greeting ? sftp::version : (*packet)->id;
        if (awaited_.erase(id) != 0)
            answers_[id] = std::move(**packet);
    }
}

Error SftpSession::broken() const {
    if (!protocol_fault_.empty())
        return {connection_broken, fmt::format("{}: {}", name_, protocol_fault_)};
    const auto words = printable(trim(errors_));
    if (words.find("subsystem request failed") != std::string::npos)
        return {connection_broken,
                fmt::format("{} has no SFTP server: install openssh-sftp-server there", name_)};
    if (words.empty())
        return {connection_broken, fmt::format("the connection to {} ended", name_)};
    return {connection_broken, fmt::format("the connection to {} ended: {}", name_, words)};
}

} // namespace pileus::cli::files
