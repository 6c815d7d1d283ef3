// SPDX-License-Identifier: Apache-2.0
#include "meter/money.h"

#include <fmt/core.h>
#include <stdexcept>

namespace pileus::meter {

namespace {
constexpr int64_t seconds_per_hour = 3600;
constexpr int64_t seconds_per_day = 86'400;
constexpr int most_decimals = 9;

int64_t seconds_of_month(int days) {
    if (days < 28 || days > 31)
        throw std::invalid_argument("a month has 28 to 31 days");
    return days * seconds_per_day;
}
} // namespace

Money Money::of_hours(int64_t nano_dollars_per_hour, int64_t seconds) {
    return product(nano_dollars_per_hour, seconds, parts_per_nano_dollar / seconds_per_hour);
}

Money Money::of_month(int64_t nano_dollars_per_month, int64_t seconds, int days) {
    return product(nano_dollars_per_month, seconds, parts_per_nano_dollar / seconds_of_month(days));
}

Money Money::of_bytes(int64_t nano_dollars_per_gib, int64_t bytes) {
    return product(nano_dollars_per_gib, bytes, parts_per_nano_dollar / bytes_of_gib);
}

Money Money::of_bytes_month(int64_t nano_dollars_per_gib_month,
                            int64_t bytes,
                            int64_t seconds,
                            int days) {
    return product(nano_dollars_per_gib_month,
                   Wide{bytes} * seconds, // fits: 63 and 63 bits
                   seconds_parts / seconds_of_month(days));
}

Money Money::product(int64_t price, Wide amount, Wide parts) {
    if (__builtin_mul_overflow(amount, Wide{price}, &amount) ||
        __builtin_mul_overflow(amount, parts, &amount))
        throw std::overflow_error("an amount of money is too large");
    return Money(amount);
}

Money& Money::operator+=(const Money& other) {
    if (__builtin_add_overflow(parts_, other.parts_, &parts_))
        throw std::overflow_error("a sum of money is too large");
    return *this;
}

Money& Money::operator-=(const Money& other) {
    if (other.parts_ > parts_)
        throw std::overflow_error("an amount of money would be less than nothing");
    parts_ -= other.parts_;
    return *this;
}

Money::Wide Money::divide_half_up(Wide amount, Wide divisor) {
    const Wide whole = amount / divisor;
    const Wide rest = amount % divisor;
    return rest * 2 >= divisor ? whole + 1 : whole; // amounts are never negative
}

int64_t Money::nano_dollars() const {
    return static_cast<int64_t>(divide_half_up(parts_, parts_per_nano_dollar));
}

std::string Money::str(int decimals) const {
    if (decimals < 0 || decimals > most_decimals)
        throw std::invalid_argument("dollars are shown with 0 to 9 decimals");
    int64_t units_per_dollar = 1;
    for (int i = 0; i < decimals; ++i)
        units_per_dollar *= 10;
    const Wide parts_per_unit =
        Wide{parts_per_nano_dollar} * (nano_dollars_per_dollar / units_per_dollar);
    const auto units = static_cast<int64_t>(divide_half_up(parts_, parts_per_unit));
    if (decimals == 0)
        return fmt::format("{}", units);
    return fmt::format("{}.{:0{}}", units / units_per_dollar, units % units_per_dollar, decimals);
}

} // namespace pileus::meter
