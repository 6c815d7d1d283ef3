// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sums by the hour of everything of one kind, item, account and region, kept up to date as the
// ledger grows, so that a question about a month looks at hours and not at spans. It holds what is
// settled: spans that have ended, and of those that last all hours before horizon(). What is not
// settled is added by whoever asks. Derived wholly from the timeline: rebuilt after a restart, or
// when an event changes an hour that was settled. One thread at a time.

#include "meter/money.h"
#include "meter/price_book.h"
#include "meter/timeline.h"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace pileus::meter {

// Money, and usage in the unit of the kind (hours, GiB-months, GiB).
struct Sums {
    Money cost;
    Money usage; // one "dollar" is one unit
    std::string missing_price;

    Sums& operator+=(const Sums& other);
};

// What a piece of a span comes to.
Sums sums_of(ChargeKind kind, const Tariff& tariff, int64_t quantity, int64_t start, int64_t end);

class Rollup {
  public:
    struct Group {
        ChargeKind kind;
        std::string item;
        std::string account_id;
        std::string region;
        Tariff tariff;
        std::map<int64_t, Sums> hours; // by the second at which the hour begins
    };

    void closed(const Line& line, size_t line_index, const Span& span, const PriceBook& prices);
    // Settles the hours before the one that `now` is in.
    void advance(const Timeline& timeline, const PriceBook& prices, int64_t now);
    void rebuild(const Timeline& timeline, const PriceBook& prices, int64_t now);
    // Told of each event before the timeline is: one that changes what is settled makes it stale.
    void look_at(const domain::LedgerEvent& event);
    // Rebuild before the next question.
    bool is_stale(int64_t now) const { return is_stale_ || now < horizon_; }

    const std::vector<Group>& groups() const { return groups_; }
    const Group& group_of(const Line& line, size_t line_index, const PriceBook& prices);
    int64_t horizon() const { return horizon_; }

  private:
    size_t place_of(const Line& line, size_t line_index, const PriceBook& prices);
    void settle(Group& group, int64_t quantity, int64_t start, int64_t end);

    std::vector<Group> groups_;
    std::unordered_map<std::string, size_t> by_name_;
    std::vector<size_t> by_line_;
    int64_t horizon_ = 0;
    bool is_stale_ = false;
};

} // namespace pileus::meter
