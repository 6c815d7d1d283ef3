// SPDX-License-Identifier: Apache-2.0
#pragma once

// Usage and money: a replay of ledger events, as a pure function of the events, the prices and an
// instant. See README.md for AWS's rules.

#include "meter/money.h"
#include "meter/price_book.h"
#include "meter/timeline.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pileus::meter {

// Half-open, in seconds since 1970.
struct Window {
    int64_t from = std::numeric_limits<int64_t>::min();
    int64_t to = std::numeric_limits<int64_t>::max();
};

// What a line came to within a window.
struct Charge {
    ChargeKind kind = ChargeKind::instance;
    std::string resource_id;
    std::string item;
    bool active = false;       // still running up
    int64_t seconds = 0;       // charged; minimum and whole hours included
    int64_t unit_seconds = 0;  // seconds, each as often as there were GiB, IOPS, MiB/s, bytes
    std::optional<Money> cost; // nothing when a price is missing: never 0
    std::string missing_price; // why
};
Charge charge_of(const Line& line, const PriceBook& prices, int64_t now, const Window& window);

// What is shown under one instance: itself, its volumes, its addresses. What belongs to no instance
// stands under its own id.
struct Bill {
    std::string id;
    std::string account_id;
    std::string region;
    std::vector<Charge> charges;

    Money total() const; // of what has a price
    bool has_missing_price() const;
};

// As they stand at `now`, in the order of their ids. Events after `now` must not be in the
// timeline.
std::vector<Bill> bills_of(const Timeline& timeline, const PriceBook& prices, Time now);

// All of it at once: what happened until `now`.
std::vector<Bill>
replay(const std::vector<domain::LedgerEvent>& events, const PriceBook& prices, Time now);

} // namespace pileus::meter
