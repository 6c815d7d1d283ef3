// SPDX-License-Identifier: Apache-2.0
#include "meter/usage.h"

#include <algorithm>
#include <tuple>

namespace pileus::meter {

Money Bill::total() const {
    Money sum;
    for (const auto& charge : charges)
        if (charge.cost)
            sum += *charge.cost;
    return sum;
}

bool Bill::has_missing_price() const {
    return std::any_of(
        charges.begin(), charges.end(), [](const auto& charge) { return !charge.cost; });
}

Charge charge_of(const Line& line, const PriceBook& prices, int64_t now, const Window& window) {
    Charge charge;
    charge.kind = line.kind;
    charge.resource_id = line.resource_id;
    charge.item = line.item;
    const auto tariff = prices.tariff(line.kind, line.region, line.item);
    Money cost;
    for (const auto& span : line.spans) {
        charge.active = charge.active || !span.end;
        const int64_t start = std::max(span.start, window.from);
        const int64_t end = std::min(line.charged_until(span, now), window.to);
        if (start >= end)
            continue;
        charge.seconds += end - start;
        charge.unit_seconds += span.quantity * (end - start);
        if (const auto of_span = tariff.cost(span.quantity, start, end))
            cost += *of_span;
        else
            charge.missing_price = of_span.error().message;
    }
    if (charge.missing_price.empty())
        charge.cost = cost;
    return charge;
}

std::vector<Bill> bills_of(const Timeline& timeline, const PriceBook& prices, Time now) {
    const int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    std::vector<const Line*> lines;
    for (const auto& line : timeline.lines())
        lines.push_back(&line);
    const auto order = [](const Line& line) {
        return std::tie(line.bill_id(), line.kind, line.resource_id, line.item);
    };
    std::sort(lines.begin(), lines.end(), [&](const Line* a, const Line* b) {
        return order(*a) < order(*b);
    });
    std::vector<Bill> all;
    for (const auto* line : lines) {
        if (all.empty() || all.back().id != line->bill_id())
            all.push_back({line->bill_id(), line->account_id, line->region, {}});
        all.back().charges.push_back(charge_of(*line, prices, second, {}));
    }
    return all;
}

std::vector<Bill>
replay(const std::vector<domain::LedgerEvent>& events, const PriceBook& prices, Time now) {
    Timeline timeline;
    for (const auto& event : events)
        if (event.at <= now)
            timeline.add(event);
    return bills_of(timeline, prices, now);
}

} // namespace pileus::meter
