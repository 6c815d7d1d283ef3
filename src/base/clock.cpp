// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/core.h>
#include <thread>

namespace pileus {

using namespace std::chrono;

Time SystemClock::now() const {
    return time_point_cast<microseconds>(system_clock::now());
}
MonotonicTime SystemClock::monotonic() const {
    return time_point_cast<nanoseconds>(steady_clock::now());
}
void SystemClock::sleep(Duration duration) const {
    std::this_thread::sleep_for(duration);
}

ManualClock::ManualClock(Time start) : microseconds_(start.time_since_epoch().count()) {}
Time ManualClock::now() const {
    return Time{microseconds{microseconds_.load()}};
}
MonotonicTime ManualClock::monotonic() const {
    return MonotonicTime{microseconds{microseconds_.load()}};
}
void ManualClock::sleep(Duration duration) const {
    microseconds_ += duration.count();
}
void ManualClock::advance(Duration duration) {
    microseconds_ += duration.count();
}

int64_t to_microseconds(Time time) {
    return time.time_since_epoch().count();
}
Time from_microseconds(int64_t value) {
    return Time{microseconds{value}};
}

namespace {

struct Fields {
    year_month_day date;
    hh_mm_ss<microseconds> time;
};

Fields split(Time time) {
    const auto day = floor<days>(time);
    return {year_month_day{day}, hh_mm_ss<microseconds>{time - day}};
}

// Reads exactly `width` digits from the front of `text`; nullopt when there are not that many.
std::optional<int> take_digits(std::string_view& text, size_t width) {
    if (text.size() < width)
        return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < width; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(width);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected)
        return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Time> assemble(int y, int mo, int d, int h, int mi, int s) {
    const year_month_day date{year{y}, month{unsigned(mo)}, day{unsigned(d)}};
    if (!date.ok() || h > 23 || mi > 59 || s > 59)
        return std::nullopt;
    return Time{sys_days{date}.time_since_epoch() + hours{h} + minutes{mi} + seconds{s}};
}

// ".123456": keeps microseconds, ignores what is finer.
std::optional<microseconds> take_fraction(std::string_view& text) {
    if (!take(text, '.'))
        return microseconds{0};
    int64_t value = 0;
    size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9';
         text.remove_prefix(1), ++digits)
        if (digits < 6)
            value = value * 10 + (text.front() - '0');
    if (digits == 0 || digits > 9)
        return std::nullopt;
    for (size_t i = digits; i < 6; ++i)
        value *= 10;
    return microseconds{value};
}

std::optional<minutes> take_offset(std::string_view& text) {
    if (take(text, 'Z'))
        return minutes{0};
    if (text.empty() || (text.front() != '+' && text.front() != '-'))
        return std::nullopt;
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto h = take_digits(text, 2);
    take(text, ':');
    const auto m = take_digits(text, 2);
    if (!h || !m || *h > 23 || *m > 59)
        return std::nullopt;
    return minutes{sign * (*h * 60 + *m)};
}

} // namespace

std::string format_iso8601(Time time) {
    const auto f = split(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                       int(f.date.year()),
                       unsigned(f.date.month()),
                       unsigned(f.date.day()),
                       f.time.hours().count(),
                       f.time.minutes().count(),
                       f.time.seconds().count(),
                       f.time.subseconds().count() / 1000);
}

std::optional<Time> parse_iso8601(std::string_view text) {
    const auto y = take_digits(text, 4);
    if (!y || !take(text, '-'))
        return std::nullopt;
    const auto mo = take_digits(text, 2);
    if (!mo || !take(text, '-'))
        return std::nullopt;
    const auto d = take_digits(text, 2);
    if (!d || !take(text, 'T'))
        return std::nullopt;
    const auto h = take_digits(text, 2);
    if (!h || !take(text, ':'))
        return std::nullopt;
    const auto mi = take_digits(text, 2);
    if (!mi || !take(text, ':'))
        return std::nullopt;
    const auto s = take_digits(text, 2);
    if (!s)
        return std::nullopt;
    const auto fraction = take_fraction(text);
    const auto offset = take_offset(text);
    const auto whole = assemble(*y, *mo, *d, *h, *mi, *s);
    if (!fraction || !offset || !whole || !text.empty())
        return std::nullopt;
    return *whole + *fraction - *offset;
}

std::string format_basic(Time time) {
    const auto f = split(time);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z",
                       int(f.date.year()),
                       unsigned(f.date.month()),
                       unsigned(f.date.day()),
                       f.time.hours().count(),
                       f.time.minutes().count(),
                       f.time.seconds().count());
}

std::optional<Time> parse_basic(std::string_view text) {
    const auto y = take_digits(text, 4), mo = take_digits(text, 2), d = take_digits(text, 2);
    if (!y || !mo || !d || !take(text, 'T'))
        return std::nullopt;
    const auto h = take_digits(text, 2), mi = take_digits(text, 2), s = take_digits(text, 2);
    if (!h || !mi || !s || text != "Z")
        return std::nullopt;
    return assemble(*y, *mo, *d, *h, *mi, *s);
}

} // namespace pileus
