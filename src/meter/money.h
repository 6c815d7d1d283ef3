// SPDX-License-Identifier: Apache-2.0
#pragma once

// An amount of dollars, exact for hourly prices by the second, for monthly prices by the second of
// any month, and for prices of a GiB by the byte. A plain value. Sums are checked: an overflow
// throws (it would take four billion dollars).

#include <compare>
#include <cstdint>
#include <string>

namespace pileus::meter {

inline constexpr int64_t nano_dollars_per_dollar = 1'000'000'000;

class Money {
  public:
    Money() = default;

    static Money of_hours(int64_t nano_dollars_per_hour, int64_t seconds);
    // `days` is the length of the month that the seconds are in: 28 to 31.
    static Money of_month(int64_t nano_dollars_per_month, int64_t seconds, int days);
    static Money of_bytes(int64_t nano_dollars_per_gib, int64_t bytes);
    static Money
    of_bytes_month(int64_t nano_dollars_per_gib_month, int64_t bytes, int64_t seconds, int days);

    Money& operator+=(const Money& other);
    Money& operator-=(const Money& other); // never below nothing
    friend Money operator+(Money a, const Money& b) { return a += b; }
    friend Money operator-(Money a, const Money& b) { return a -= b; }
    friend auto operator<=>(const Money&, const Money&) = default;

    // Half up.
    int64_t nano_dollars() const;
    // Dollars with so many decimals (0 to 9), half up: "1.25".
    std::string str(int decimals) const;

  private:
    __extension__ using Wide = __int128;

    // A nano-dollar has this many parts: the bytes of a GiB, times the seconds of an hour and of
    // months of 28, 29, 30 and 31 days, divide it.
    static constexpr Wide bytes_of_gib = Wide{1} << 30;
    static constexpr Wide seconds_parts = Wide{86'400} * 28 * 29 * 15 * 31;
    static constexpr Wide parts_per_nano_dollar = seconds_parts * bytes_of_gib;
    static_assert(seconds_parts % 3600 == 0);
    static_assert(seconds_parts % (Wide{86'400} * 28) == 0);
    static_assert(seconds_parts % (Wide{86'400} * 29) == 0);
    static_assert(seconds_parts % (Wide{86'400} * 30) == 0);
    static_assert(seconds_parts % (Wide{86'400} * 31) == 0);

    explicit Money(Wide parts) : parts_(parts) {}
    // `parts` is what one of `amount` at a price of one nano-dollar makes.
    static Money product(int64_t price, Wide amount, Wide parts);
    static Wide divide_half_up(Wide amount, Wide divisor);

    Wide parts_ = 0;
};

} // namespace pileus::meter
