// SPDX-License-Identifier: Apache-2.0
#include "load/driver.h"

#include "load/connection.h"

#include <algorithm>
#include <optional>
#include <poll.h>

namespace pileus::bench {

namespace {

class Run {
  public:
    Run(const Load& load, const Clock& clock) : load_(load), clock_(clock) {
        for (int i = 0; i < load.connections; ++i)
            lanes_.push_back({Connection(load.address, load.port), {}});
    }

    Measured measure() {
        began_ = clock_.monotonic();
        while (send_what_is_due() || any_busy())
            wait_and_receive();
        measured_.seconds = std::chrono::duration<double>(clock_.monotonic() - began_).count();
        return std::move(measured_);
    }

  private:
    struct Lane {
        Connection connection;
        MonotonicTime due; // of the request that is under way
    };

    // False when the run is over and nothing more will be sent.
    bool send_what_is_due() {
        for (auto& lane : lanes_) {
            if (lane.connection.busy())
                continue;
            const auto due = next_due();
            if (!due)
                return false;
            if (*due > clock_.monotonic())
                return true;
            lane.due = *due;
            lane.connection.send(load_.requests[sent_++ % load_.requests.size()]);
        }
        return next_due().has_value();
    }

    std::optional<MonotonicTime> next_due() const {
        const auto now = clock_.monotonic();
        auto due = now;
        if (load_.rate_per_second > 0)
            due = began_ + std::chrono::nanoseconds(static_cast<int64_t>(
                               1e9 * static_cast<double>(sent_) / load_.rate_per_second));
        if (sent_ >= load_.most_requests || due - began_ >= load_.duration)
            return std::nullopt;
        return due;
    }

    bool any_busy() const {
        return std::any_of(
            lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.connection.busy(); });
    }

    void wait_and_receive() {
        polled_.clear();
        for (const auto& lane : lanes_)
            polled_.push_back({lane.connection.busy() ? lane.connection.fd() : -1, POLLIN, 0});
        const auto patience = time_to_wait();
        const timespec wait{patience.count() / 1'000'000'000, patience.count() % 1'000'000'000};
        if (::ppoll(polled_.data(), polled_.size(), &wait, nullptr) <= 0)
            return;
        for (size_t i = 0; i < lanes_.size(); ++i)
            if (polled_[i].revents != 0 && lanes_[i].connection.receive())
                note(lanes_[i]);
    }

    // Until the next request is due, where a connection is free to carry it.
    std::chrono::nanoseconds time_to_wait() const {
        static constexpr std::chrono::nanoseconds longest = std::chrono::seconds{1};
        const auto is_free = [](const Lane& lane) { return !lane.connection.busy(); };
        const auto due = next_due();
        if (!due || std::none_of(lanes_.begin(), lanes_.end(), is_free))
            return longest;
        return std::clamp<std::chrono::nanoseconds>(
            *due - clock_.monotonic(), std::chrono::nanoseconds{0}, longest);
    }

    void note(const Lane& lane) {
        using std::chrono::microseconds;
        const auto took =
            std::chrono::duration_cast<microseconds>(clock_.monotonic() - lane.due).count();
        measured_.latencies_us.push_back(static_cast<uint32_t>(took));
        if (lane.connection.status() == 200)
            return;
        if (measured_.failures++ == 0)
            measured_.first_failure = lane.connection.body();
    }

    const Load& load_;
    const Clock& clock_;
    std::vector<Lane> lanes_;
    std::vector<pollfd> polled_;
    MonotonicTime began_;
    uint64_t sent_ = 0;
    Measured measured_;
};

} // namespace

Measured run(const Load& load, const Clock& clock) {
    return Run(load, clock).measure();
}

} // namespace pileus::bench
