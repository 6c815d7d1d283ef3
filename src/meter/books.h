// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bill of the installation, as it is at this moment: follows the ledger of the store, and
// answers questions. What it holds is derived from the ledger and is read again after a restart, by
// the first question. Owned by the composition root; any thread.

#include "base/clock.h"
#include "meter/report.h"
#include "meter/usage.h"
#include "store/store.h"

#include <functional>
#include <mutex>

namespace pileus::meter {

class Books {
  public:
    Books(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    // Writes the prices that are to be in force into the ledger, where they differ from what is
    // there. What was in force until now stays so.
    Result<void> set_prices(const PriceSchedule& schedule);

    std::vector<Period> ask(const Question& question);
    // Under the lock, on what the ledger says now.
    void read(const std::function<void(const Timeline&, const PriceBook&)>& body);
    std::string currency();
    Time now() const { return clock_.now(); }

  private:
    void refresh();
    void add_prices(const domain::LedgerEvent& event);

    store::Store& store_;
    const Clock& clock_;

    std::mutex mutex_;
    PriceBook prices_;
    Rollup rollup_;
    Timeline timeline_{[this](size_t line, const Span& span) {
        rollup_.closed(timeline_.lines()[line], line, span, prices_);
    }};
    int64_t last_sequence_ = 0;
};

} // namespace pileus::meter
