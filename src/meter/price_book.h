// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which prices were in force when. A price that was once in force for a second stays the price of
// that second: the book only grows at its end. A value; whoever shares it between threads guards
// it.

#include "meter/charge.h"
#include "meter/money.h"
#include "meter/price_list.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::meter {

// The lists of all regions that are in force together. Never empty, of one currency.
class PriceTable {
  public:
    static Result<PriceTable> of(std::vector<PriceList> lists);
    // The text that canonical() gave.
    static Result<PriceTable> parse(std::string_view canonical);

    // The region's own list, else the one of all regions, else an error.
    Result<const PriceList*> list_of(std::string_view region) const;
    const std::vector<PriceList>& lists() const { return lists_; }
    const std::string& currency() const { return lists_.front().currency(); }
    std::string canonical() const;

  private:
    explicit PriceTable(std::vector<PriceList> lists) : lists_(std::move(lists)) {}
    std::vector<PriceList> lists_;
};

// What one line costs over time: steps of prices, each of tiers by quantity.
class Tariff {
  public:
    // An error names the price that is missing.
    Result<Money> cost(int64_t quantity, int64_t start, int64_t end) const;

  private:
    friend class PriceBook;
    struct Tier {
        int64_t above = 0; // units beyond these cost
        int64_t price = 0;
    };
    struct Step {
        int64_t from = 0;        // second
        std::vector<Tier> tiers; // the highest first
        std::string missing;     // why there are none
    };
    Money of_step(const Step& step, int64_t quantity, int64_t start, int64_t end) const;

    ChargeKind kind_ = ChargeKind::instance;
    std::vector<Step> steps_;
};

class PriceBook {
  public:
    struct Entry {
        int64_t from = 0; // second since 1970; the first entry holds from ever
        std::shared_ptr<const PriceTable> table;
    };

    PriceBook() = default;
    // One list for ever.
    explicit PriceBook(PriceList list);

    // From `from` on; what was to come after that no longer comes.
    void set(int64_t from, PriceTable table);

    bool empty() const { return entries_.empty(); }
    const std::vector<Entry>& entries() const { return entries_; }
    // In force at the second. Not of an empty book.
    const PriceTable& at(int64_t second) const;

    // `item` is an instance type ("t3.micro", "t3.micro/spot"), a volume type, a family …
    Tariff tariff(ChargeKind kind, std::string_view region, std::string_view item) const;

  private:
    std::vector<Entry> entries_;
};

// What of the files of an installation is in force at `now`, and what will be. Of the lists of one
// region the one that became valid last counts.
struct PriceSchedule {
    PriceTable now;
    std::vector<std::pair<int64_t, PriceTable>> later; // second, table
};
Result<PriceSchedule> schedule_of(const std::vector<PriceList>& lists, Time now);

// Every *.toml of the folder.
Result<std::vector<PriceList>> load_price_lists(const std::filesystem::path& folder);

} // namespace pileus::meter
