// SPDX-License-Identifier: Apache-2.0
#include "meter/usage.h"

#include <algorithm>
#include <chrono>

namespace pileus::meter {

namespace {

constexpr int64_t minimum_seconds = 60;
constexpr int64_t hour_seconds = 3600;
constexpr const char* address_item = "public IPv4 address";
constexpr const char* nat_gateway_item = "NAT gateway";

int64_t whole_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// The second at which the next month begins, and the days of the month that `second` is in.
struct Month {
    int64_t end = 0;
    int days = 0;
};
Month month_of(int64_t second) {
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_seconds{seconds{second}})};
    const sys_days first{date.year() / date.month() / 1};
    const sys_days next{(date.year() / date.month() + months{1}) / 1};
    return {sys_seconds{next}.time_since_epoch().count(), static_cast<int>((next - first).count())};
}

// A month's price is spread over the seconds of that month: the span is cut where months end.
// `units` are GiB, IOPS or MiB/s.
Money of_unit_months(int64_t price, int64_t units, int64_t start, int64_t end) {
    Money sum;
    while (start < end) {
        const auto month = month_of(start);
        const int64_t until = std::min(end, month.end);
        sum += Money::of_month(price, units * (until - start), month.days);
        start = until;
    }
    return sum;
}

bool is_by_month(ChargeKind kind) {
    return kind == ChargeKind::volume || kind == ChargeKind::volume_iops ||
           kind == ChargeKind::volume_throughput;
}

bool has_minimum(ChargeKind kind) {
    return kind == ChargeKind::instance || is_by_month(kind);
}

// The more IOPS an io2 volume has, the less each further one costs.
struct Tier {
    std::string_view item; // as the price file has it
    int64_t from = 0;
};
constexpr Tier io2_tiers[]{{"io2", 0}, {"io2-above-32000", 32000}, {"io2-above-64000", 64000}};

// Until when a span is charged that began at `start` and has lasted until `end`.
int64_t charged_until(ChargeKind kind, int64_t start, int64_t minimum_start, int64_t end) {
    if (has_minimum(kind))
        return std::max(end, minimum_start + minimum_seconds);
    if (kind != ChargeKind::nat_gateway)
        return end;
    const int64_t hours_begun =
        (std::max<int64_t>(end - start, 1) + hour_seconds - 1) / hour_seconds;
    return start + hours_begun * hour_seconds;
}

Result<int64_t> price_of(ChargeKind kind,
                         const std::string& item,
                         const std::string& region,
                         const PriceList& prices) {
    switch (kind) {
    case ChargeKind::instance:
        return prices.instance_hour(region, item);
    case ChargeKind::volume:
        return prices.volume_gib_month(region, item);
    case ChargeKind::volume_iops:
        return prices.volume_iops_month(region, item);
    case ChargeKind::volume_throughput:
        return prices.volume_throughput_month(region, item);
    case ChargeKind::nat_gateway:
        return prices.nat_gateway_hour(region);
    case ChargeKind::address:
        break;
    }
    return prices.public_ipv4_hour(region);
}

// What a span costs; an error names the price that is missing.
struct SpanCost {
    ChargeKind kind;
    const std::string& item;
    const std::string& region;
    const PriceList& prices;

    Result<Money> of(int64_t quantity, int64_t start, int64_t end) const {
        if (kind == ChargeKind::volume_iops && item == "io2")
            return of_io2_iops(quantity, start, end);
        PILEUS_ASSIGN(const auto price, price_of(kind, item, region, prices));
        return is_by_month(kind) ? of_unit_months(price, quantity, start, end)
                                 : Money::of_hours(price, end - start);
    }

  private:
    Result<Money> of_io2_iops(int64_t quantity, int64_t start, int64_t end) const {
        Money sum;
        int64_t upper = quantity;
        for (size_t i = std::size(io2_tiers); i-- > 0;) {
            const auto& tier = io2_tiers[i];
            if (upper <= tier.from)
                continue;
            PILEUS_ASSIGN(const auto price, prices.volume_iops_month(region, tier.item));
            sum += of_unit_months(price, upper - tier.from, start, end);
            upper = tier.from;
        }
        return sum;
    }
};

} // namespace

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

void Replay::add(const domain::LedgerEvent& event) {
    using domain::LedgerKind;
    switch (event.kind) {
    case LedgerKind::instance_started:
        return start(event, ChargeKind::instance, event.detail);
    case LedgerKind::instance_ended:
        return end(event, ChargeKind::instance);
    case LedgerKind::volume_created:
        return start(event, ChargeKind::volume, event.detail);
    case LedgerKind::volume_resized:
        return resize(event);
    case LedgerKind::volume_retyped:
        return retype(event);
    case LedgerKind::volume_iops_set:
        return set_performance(event, ChargeKind::volume_iops);
    case LedgerKind::volume_throughput_set:
        return set_performance(event, ChargeKind::volume_throughput);
    case LedgerKind::volume_deleted:
        return end_volume(event);
    case LedgerKind::snapshot_completed:
    case LedgerKind::snapshot_deleted:
        return; // not charged yet
    case LedgerKind::address_taken:
        return start(event, ChargeKind::address, address_item);
    case LedgerKind::address_released:
        return end(event, ChargeKind::address);
    case LedgerKind::nat_gateway_started:
        return start(event, ChargeKind::nat_gateway, nat_gateway_item);
    case LedgerKind::nat_gateway_ended:
        return end(event, ChargeKind::nat_gateway);
    }
}

void Replay::start(const domain::LedgerEvent& event, ChargeKind kind, const std::string& item) {
    const std::pair open_key{kind, event.resource_id};
    if (open_.count(open_key) != 0)
        return; // it runs already: the same fact told twice
    const auto& bill_id = event.instance_id.empty() ? event.resource_id : event.instance_id;
    const Key key{bill_id, kind, event.resource_id, item};
    const int64_t second = whole_seconds(event.at);
    const int64_t quantity = kind == ChargeKind::volume ? event.quantity : 1;
    spans_[key].push_back({second, std::nullopt, quantity, second});
    open_.emplace(open_key, key);
    owners_.try_emplace(bill_id, Owner{event.account_id, event.region});
}

void Replay::resize(const domain::LedgerEvent& event) {
    const auto open = open_.find({ChargeKind::volume, event.resource_id});
    if (open == open_.end())
        return;
    auto& spans = spans_[open->second];
    // A clock that was set back must not make time run backwards.
    const int64_t second = std::max(whole_seconds(event.at), spans.back().start);
    spans.back().end = second;
    spans.push_back({second, std::nullopt, event.quantity, spans.back().minimum_start});
}

// The same volume goes on under another name, on the same bill.
void Replay::retype(const domain::LedgerEvent& event) {
    const auto open = open_.find({ChargeKind::volume, event.resource_id});
    if (open == open_.end())
        return;
    auto& last = spans_[open->second].back();
    const int64_t second = std::max(whole_seconds(event.at), last.start);
    const int64_t minimum_start = last.minimum_start;
    last.end = second;
    open->second.item = event.detail;
    spans_[open->second].push_back({second, std::nullopt, event.quantity, minimum_start});
}

void Replay::set_performance(const domain::LedgerEvent& event, ChargeKind kind) {
    const auto volume = open_.find({ChargeKind::volume, event.resource_id});
    if (volume == open_.end())
        return;
    const std::pair open_key{kind, event.resource_id};
    int64_t second = whole_seconds(event.at);
    int64_t minimum_start = second;
    if (const auto open = open_.find(open_key); open != open_.end()) {
        auto& last = spans_[open->second].back();
        second = std::max(second, last.start);
        minimum_start = last.minimum_start;
        last.end = event.quantity == 0 ? charged_until(kind, last.start, last.minimum_start, second)
                                       : second;
        open_.erase(open);
    }
    if (event.quantity == 0)
        return;
    const Key key{volume->second.bill_id, kind, event.resource_id, event.detail};
    spans_[key].push_back({second, std::nullopt, event.quantity, minimum_start});
    open_.emplace(open_key, key);
}

void Replay::end_volume(const domain::LedgerEvent& event) {
    for (const auto kind :
         {ChargeKind::volume, ChargeKind::volume_iops, ChargeKind::volume_throughput})
        end(event, kind);
}

void Replay::end(const domain::LedgerEvent& event, ChargeKind kind) {
    const auto open = open_.find({kind, event.resource_id});
    if (open == open_.end())
        return;
    auto& span = spans_[open->second].back();
    span.end = charged_until(
        kind, span.start, span.minimum_start, std::max(whole_seconds(event.at), span.start));
    open_.erase(open);
}

Charge Replay::charge_of(const Key& key,
                         const std::vector<Span>& spans,
                         const std::string& region,
                         const PriceList& prices,
                         int64_t now) const {
    Charge charge;
    charge.kind = key.kind;
    charge.resource_id = key.resource_id;
    charge.item = key.item;
    const SpanCost cost_of{key.kind, key.item, region, prices};
    Money cost;
    for (const auto& span : spans) {
        const int64_t end = span.end.value_or(
            charged_until(key.kind, span.start, span.minimum_start, std::max(now, span.start)));
        charge.active = charge.active || !span.end;
        charge.seconds += end - span.start;
        if (key.kind == ChargeKind::volume)
            charge.gib_seconds += span.quantity * (end - span.start);
        else if (is_by_month(key.kind))
            charge.unit_seconds += span.quantity * (end - span.start);
        if (const auto of_span = cost_of.of(span.quantity, span.start, end))
            cost += *of_span;
        else
            charge.missing_price = of_span.error().message;
    }
    if (charge.missing_price.empty())
        charge.cost = cost;
    return charge;
}

std::vector<Bill> Replay::bills(const PriceList& prices, Time now) const {
    std::vector<Bill> all;
    for (const auto& [key, spans] : spans_) {
        const auto& owner = owners_.at(key.bill_id);
        if (all.empty() || all.back().id != key.bill_id)
            all.push_back({key.bill_id, owner.account_id, owner.region, {}});
        all.back().charges.push_back(
            charge_of(key, spans, owner.region, prices, whole_seconds(now)));
    }
    return all;
}

std::vector<Bill>
replay(const std::vector<domain::LedgerEvent>& events, const PriceList& prices, Time now) {
    Replay replayed;
    for (const auto& event : events)
        if (event.at <= now)
            replayed.add(event);
    return replayed.bills(prices, now);
}

} // namespace pileus::meter
