// SPDX-License-Identifier: Apache-2.0
#pragma once

// An amount of US dollars, exact for hourly prices by the second and for monthly prices by the
// second of any month. A plain value. Sums are checked: an overflow throws (it would take 10^18
// dollars).

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

    Money& operator+=(const Money& other);
    friend Money operator+(Money a, const Money& b) { return a += b; }
    friend auto operator<=>(const Money&, const Money&) = default;

    // Half up.
    int64_t nano_dollars() const;
    // Dollars with so many decimals (0 to 9), half up: "1.25".
    std::string str(int decimals) const;

  private:
    __extension__ using Wide = __int128;

    // A nano-dollar has this many parts: seconds of an hour, and of months of 28, 29, 30 and 31
    // days, divide it.
    static constexpr int64_t parts_per_nano_dollar = int64_t{86'400} * 28 * 29 * 15 * 31;
    static_assert(parts_per_nano_dollar % 3600 == 0);
    static_assert(parts_per_nano_dollar % (int64_t{86'400} * 28) == 0);
    static_assert(parts_per_nano_dollar % (int64_t{86'400} * 29) == 0);
    static_assert(parts_per_nano_dollar % (int64_t{86'400} * 30) == 0);
    static_assert(parts_per_nano_dollar % (int64_t{86'400} * 31) == 0);

    explicit Money(Wide parts) : parts_(parts) {}
    static Money product(int64_t price, int64_t seconds, int64_t seconds_of_the_price);
    static Wide divide_half_up(Wide amount, Wide divisor);

    Wide parts_ = 0;
};

} // namespace pileus::meter
