// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/watcher.h"

#include <array>
#include <cerrno>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr Watcher::Token wake_token = 0;
constexpr int events_at_once = 64;

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

} // namespace

Watcher::Watcher(std::chrono::milliseconds tick, std::function<void()> on_tick)
    : tick_(tick), on_tick_(std::move(on_tick)), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{EPOLLIN, {.u64 = wake_token}};
    if (!epoll_ || !wake_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot watch guests");
    thread_ = std::thread([this] { run(); });
    ::pthread_setname_np(thread_.native_handle(), "guests");
}

Watcher::~Watcher() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
}

Result<Watcher::Token> Watcher::add(int fd, std::function<void()> handler) {
    const std::lock_guard lock(mutex_);
    const Token token = ++last_token_;
    epoll_event event{EPOLLIN, {.u64 = token}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return fail(errors::unavailable, "cannot watch a guest: " + errno_text(errno));
    if (handlers_.empty())
        ::eventfd_write(wake_.get(), 1); // the tick starts
    handlers_[token] = std::make_shared<std::function<void()>>(std::move(handler));
    return token;
}

void Watcher::remove(Token token, int fd) {
    const std::lock_guard lock(mutex_);
    if (handlers_.erase(token) != 0)
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

bool Watcher::is_idle() {
    const std::lock_guard lock(mutex_);
    return handlers_.empty();
}

void Watcher::dispatch(Token token) {
    std::shared_ptr<std::function<void()>> handler;
    {
        const std::lock_guard lock(mutex_);
        const auto found = handlers_.find(token);
        if (found == handlers_.end())
            return; // removed after the event was taken
        handler = found->second;
    }
    (*handler)();
}

void Watcher::run() {
    using Clock = std::chrono::steady_clock;
    auto next_tick = Clock::now() + tick_;
    std::array<epoll_event, events_at_once> events;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
        const int timeout = is_idle() ? -1 : static_cast<int>(std::max<int64_t>(left.count(), 0));
        const int ready = ::epoll_wait(epoll_.get(), events.data(), events_at_once, timeout);
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.u64 != wake_token) {
                dispatch(events[i].data.u64);
                continue;
            }
            eventfd_t ignored;
            ::eventfd_read(wake_.get(), &ignored);
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
        }
        if (Clock::now() >= next_tick) {
            on_tick_();
            next_tick = Clock::now() + tick_;
        }
    }
}

} // namespace pileus::drivers
