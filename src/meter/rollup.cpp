// SPDX-License-Identifier: Apache-2.0
#include "meter/rollup.h"

#include <algorithm>
#include <limits>

namespace pileus::meter {

namespace {

constexpr int64_t hour_seconds = 3600;
constexpr size_t no_group = std::numeric_limits<size_t>::max();

int64_t hour_of(int64_t second) {
    return second - ((second % hour_seconds) + hour_seconds) % hour_seconds;
}

} // namespace

Sums& Sums::operator+=(const Sums& other) {
    cost += other.cost;
    usage += other.usage;
    if (!other.missing_price.empty())
        missing_price = other.missing_price;
    return *this;
}

Sums sums_of(ChargeKind kind, const Tariff& tariff, int64_t quantity, int64_t start, int64_t end) {
    Sums sums;
    if (auto cost = tariff.cost(quantity, start, end))
        sums.cost = *cost;
    else
        sums.missing_price = cost.error().message;
    static constexpr int64_t one = nano_dollars_per_dollar;
    switch (unit_of(kind)) {
    case Unit::hour:
        sums.usage = Money::of_hours(one, (end - start) * quantity);
        return sums;
    case Unit::vcpu_second:
        sums.usage = Money::of_hours(one, quantity);
        return sums;
    case Unit::byte:
        sums.usage = Money::of_bytes(one, quantity);
        return sums;
    case Unit::unit_month:
    case Unit::byte_month:
        break;
    }
    for (int64_t second = start; second < end;) {
        const auto month = month_of(second);
        const int64_t until = std::min(end, month.end);
        sums.usage += unit_of(kind) == Unit::unit_month
                          ? Money::of_month(one, quantity * (until - second), month.days)
                          : Money::of_bytes_month(one, quantity, until - second, month.days);
        second = until;
    }
    return sums;
}

size_t Rollup::place_of(const Line& line, size_t line_index, const PriceBook& prices) {
    if (by_line_.size() <= line_index)
        by_line_.resize(line_index + 1, no_group);
    auto& place = by_line_[line_index];
    if (place != no_group)
        return place;
    const auto name = std::to_string(static_cast<int>(line.kind)) + '\0' + line.item + '\0' +
                      line.account_id + '\0' + line.region;
    const auto [entry, is_new] = by_name_.try_emplace(name, groups_.size());
    if (is_new)
        groups_.push_back({line.kind,
                           line.item,
                           line.account_id,
                           line.region,
                           prices.tariff(line.kind, line.region, line.item),
                           {}});
    return place = entry->second;
}

const Rollup::Group&
Rollup::group_of(const Line& line, size_t line_index, const PriceBook& prices) {
    return groups_[place_of(line, line_index, prices)];
}

void Rollup::settle(Group& group, int64_t quantity, int64_t start, int64_t end) {
    for (int64_t second = start; second < end;) {
        const int64_t hour = hour_of(second);
        const int64_t until = std::min(end, hour + hour_seconds);
        group.hours[hour] += sums_of(group.kind, group.tariff, quantity, second, until);
        second = until;
    }
}

void Rollup::closed(const Line& line,
                    size_t line_index,
                    const Span& span,
                    const PriceBook& prices) {
    // What lasted was settled up to the horizon.
    settle(groups_[place_of(line, line_index, prices)],
           span.quantity,
           std::max(span.start, horizon_),
           *span.end);
}

void Rollup::look_at(const domain::LedgerEvent& event) {
    const int64_t second =
        std::chrono::floor<std::chrono::seconds>(event.at).time_since_epoch().count();
    is_stale_ = is_stale_ || second < horizon_ || event.kind == domain::LedgerKind::clock_stepped ||
                event.kind == domain::LedgerKind::prices_set;
}

void Rollup::advance(const Timeline& timeline, const PriceBook& prices, int64_t now) {
    const int64_t next = hour_of(now);
    if (next <= horizon_)
        return;
    for (const auto index : timeline.open_lines()) {
        const auto& line = timeline.lines()[index];
        const auto& span = line.spans.back();
        settle(groups_[place_of(line, index, prices)],
               span.quantity,
               std::max(span.start, horizon_),
               std::min(next, line.charged_until(span, now)));
    }
    horizon_ = next;
}

void Rollup::rebuild(const Timeline& timeline, const PriceBook& prices, int64_t now) {
    *this = Rollup();
    for (size_t i = 0; i < timeline.lines().size(); ++i)
        for (const auto& span : timeline.lines()[i].spans)
            if (span.end)
                closed(timeline.lines()[i], i, span, prices);
    advance(timeline, prices, now);
}

} // namespace pileus::meter
