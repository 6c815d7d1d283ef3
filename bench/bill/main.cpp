// SPDX-License-Identifier: Apache-2.0

// pileus-bill-bench FOLDER INSTANCES ROWS QUESTIONS
//
// Fills the ledger of a store with a month of instances that start and stop, and times what is
// asked of the books: the first question (which reads the ledger), then questions by day and
// service, by day and resource of one day, and the time until a new row is on the bill. Prints
// milliseconds as JSON.

#include "base/log.h"
#include "meter/aws_names.h"
#include "meter/books.h"
#include "store/ledger.h"
#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>

namespace {

using namespace pileus;

constexpr int64_t month_start = 1'709'251'200; // 1 March 2024
constexpr int64_t month_seconds = 31 * 86'400;
constexpr int64_t rows_per_write = 10'000;

template <class Function> double milliseconds(Function function) {
    const auto begin = std::chrono::steady_clock::now();
    function();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    return took.count();
}

domain::LedgerEvent row_of(int64_t number, int64_t instances, int64_t rows) {
    const auto instance = number % instances;
    const bool starts = number / instances % 2 == 0;
    return {.at = Time{std::chrono::seconds{month_start + number * month_seconds / rows}},
            .account_id = "111122223333",
            .region = "us-east-1",
            .resource_id = fmt::format("i-{:017x}", instance),
            .instance_id = fmt::format("i-{:017x}", instance),
            .kind =
                starts ? domain::LedgerKind::instance_started : domain::LedgerKind::instance_ended,
            .quantity = 1,
            .detail = instance % 2 == 0 ? "t3.micro" : "m5.large"};
}

void fill(store::Store& store, int64_t instances, int64_t rows) {
    for (int64_t first = 0; first < rows; first += rows_per_write)
        (void)store.write([&](store::Transaction& tx) -> Result<void> {
            for (int64_t i = first; i < std::min(rows, first + rows_per_write); ++i)
                store::ledger::append(tx, row_of(i, instances, rows));
            return {};
        });
}

meter::Question by_day_and_service() {
    meter::Question question;
    question.from = month_start;
    question.to = question.now = month_start + month_seconds;
    question.accepts = [](const meter::Facts&) { return true; };
    question.group_of = [](const meter::Facts& f) {
        return meter::GroupKey{std::string(service_name(f.kind))};
    };
    return question;
}

meter::Question by_resource() {
    auto question = by_day_and_service();
    question.from = month_start + 10 * 86'400;
    question.to = question.from + 86'400;
    question.by_resource = true;
    question.group_of = [](const meter::Facts& f) {
        return meter::GroupKey{std::string(f.resource_id)};
    };
    return question;
}

std::string times(int count, const std::function<void()>& body) {
    std::string list;
    for (int i = 0; i < count; ++i)
        list += fmt::format("{}{:.3f}", list.empty() ? "" : ",", milliseconds(body));
    return "[" + list + "]";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: pileus-bill-bench FOLDER INSTANCES ROWS QUESTIONS\n");
        return 2;
    }
    configure_log("warning", "");
    const auto instances = std::atoll(argv[2]);
    const auto rows = std::atoll(argv[3]);
    const auto count = std::atoi(argv[4]);
    ManualClock clock(Time{std::chrono::seconds{month_start}});
    store::SqliteOptions options;
    options.path = std::string(argv[1]) + "/bill.db";
    auto store = store::SqliteStore::open(options, clock);
    auto lists = meter::load_price_lists(PILEUS_PRICES);
    auto table = lists ? meter::PriceTable::of(*lists) : fail(lists.error());
    if (!store || !table) {
        std::fprintf(stderr, "pileus-bill-bench: no store or no prices\n");
        return 1;
    }
    meter::Books books(**store, clock);
    (void)books.set_prices({*table, {}});
    const auto filled = milliseconds([&] { fill(**store, instances, rows); });
    clock.advance(std::chrono::seconds{month_seconds});
    const auto first = milliseconds([&] { (void)books.ask(by_day_and_service()); });
    const auto days = times(count, [&] { (void)books.ask(by_day_and_service()); });
    const auto resources = times(std::min(count, 20), [&] { (void)books.ask(by_resource()); });
    int64_t next = rows;
    const auto visible = times(std::min(count, 50), [&] {
        (void)(*store)->write([&](store::Transaction& tx) -> Result<void> {
            auto row = row_of(next++, instances, rows);
            row.at = clock.now();
            store::ledger::append(tx, row);
            return {};
        });
        (void)books.ask(by_day_and_service());
    });
    std::vector<std::string> findings;
    const auto checked = milliseconds([&] {
        findings = (*store)->read([](store::Transaction& tx) { return store::ledger::check(tx); });
    });
    fmt::print("{{\"fill\":{:.1f},\"first_question\":{:.1f},\"by_day_and_service\":{},"
               "\"by_resource\":{},\"until_visible\":{},\"check\":{:.1f},\"findings\":{}}}\n",
               filled,
               first,
               days,
               resources,
               visible,
               checked,
               findings.size());
    return 0;
}
