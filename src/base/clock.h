// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time comes in through the constructor. Clock is shared by all threads and outlives everything
// that holds it.

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pileus {

// Wall-clock time, UTC. Stored and compared in microseconds; shown on the wire in milliseconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;
// Time that only goes forward: for deadlines and measurements, never stored.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
    virtual MonotonicTime monotonic() const = 0;
    virtual void sleep(Duration duration) const = 0;
};

class SystemClock final : public Clock {
  public:
    Time now() const override;
    MonotonicTime monotonic() const override;
    void sleep(Duration duration) const override;
};

// A clock that stands still until it is advanced. For tests and the simulator; sleeping advances
// it.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Time start = Time{std::chrono::seconds{1'700'000'000}});
    Time now() const override;
    MonotonicTime monotonic() const override;
    void sleep(Duration duration) const override;
    void advance(Duration duration);

  private:
    mutable std::atomic<int64_t> microseconds_;
};

// "2011-12-20T08:29:31.000Z", as EC2 writes timestamps (UTC, milliseconds).
std::string format_iso8601(Time time);
// Accepts "2011-12-20T08:29:31Z", fractions of a second, and offsets such as "+01:00"; nothing
// else.
std::optional<Time> parse_iso8601(std::string_view text);
// "20111220T082931Z", as SigV4 writes it (x-amz-date).
std::string format_basic(Time time);
std::optional<Time> parse_basic(std::string_view text);

int64_t to_microseconds(Time time);
Time from_microseconds(int64_t microseconds);

} // namespace pileus
