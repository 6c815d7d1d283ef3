// SPDX-License-Identifier: Apache-2.0
#include "meter/books.h"

#include "base/log.h"
#include "store/ledger.h"
#include "store/price_lists.h"

namespace pileus::meter {

namespace {

constexpr int events_at_once = 10000;

int64_t second_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

void append_prices(store::Transaction& tx, const PriceTable& table, Time from, Time now) {
    const auto id = store::price_lists::put(tx, table.canonical());
    store::ledger::append(tx,
                          {.at = now,
                           .resource_id = "prices",
                           .kind = domain::LedgerKind::prices_set,
                           .quantity = to_microseconds(from),
                           .detail = id});
}

bool is_same(const PriceBook& book, const PriceSchedule& schedule, int64_t now) {
    if (book.empty() || book.at(now).canonical() != schedule.now.canonical())
        return false;
    std::vector<std::pair<int64_t, std::string>> noted, wanted;
    for (const auto& entry : book.entries())
        if (entry.from > now)
            noted.emplace_back(entry.from, entry.table->canonical());
    for (const auto& [from, table] : schedule.later)
        wanted.emplace_back(from, table.canonical());
    return noted == wanted;
}

} // namespace

Result<void> Books::set_prices(const PriceSchedule& schedule) {
    const std::lock_guard guard(mutex_);
    refresh();
    const auto now = clock_.now();
    if (is_same(prices_, schedule, second_of(now)))
        return {};
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        append_prices(tx, schedule.now, now, now);
        for (const auto& [from, table] : schedule.later)
            append_prices(tx, table, Time{std::chrono::seconds{from}}, now);
        return {};
    });
}

// What came into the ledger since the last look.
void Books::refresh() {
    for (;;) {
        const auto events = store_.read([&](store::Transaction& tx) {
            return store::ledger::list(tx, last_sequence_, events_at_once);
        });
        for (const auto& event : events) {
            if (event.kind == domain::LedgerKind::prices_set)
                add_prices(event);
            rollup_.look_at(event);
            timeline_.add(event);
            last_sequence_ = event.sequence;
        }
        if (static_cast<int>(events.size()) < events_at_once)
            break;
    }
    const auto now = second_of(clock_.now());
    if (rollup_.is_stale(now))
        rollup_.rebuild(timeline_, prices_, now);
    rollup_.advance(timeline_, prices_, now);
}

void Books::add_prices(const domain::LedgerEvent& event) {
    const auto text = store_.read(
        [&](store::Transaction& tx) { return store::price_lists::find(tx, event.detail); });
    auto table = PriceTable::parse(text.value_or(""));
    if (!table) {
        log_error("a price list of the ledger cannot be read",
                  {{"list", event.detail}, {"why", table.error().message}});
        return;
    }
    prices_.set(second_of(std::max(from_microseconds(event.quantity), event.at)),
                std::move(*table));
}

std::vector<Period> Books::ask(const Question& question) {
    const std::lock_guard guard(mutex_);
    refresh();
    return can_ask_rollup(question) ? ask_rollup(question, timeline_, rollup_, prices_)
                                    : ask_timeline(question, timeline_, prices_);
}

std::string Books::currency() {
    const std::lock_guard guard(mutex_);
    refresh();
    return prices_.empty() ? "USD" : prices_.at(second_of(clock_.now())).currency();
}

void Books::read(const std::function<void(const Timeline&, const PriceBook&)>& body) {
    const std::lock_guard guard(mutex_);
    refresh();
    body(timeline_, prices_);
}

} // namespace pileus::meter
