// SPDX-License-Identifier: Apache-2.0
#include "meter/timeline.h"

#include <algorithm>
#include <chrono>

namespace pileus::meter {

namespace {

constexpr const char* address_item = "public IPv4 address";
constexpr const char* nat_gateway_item = "NAT gateway";
constexpr const char* snapshot_item = "snapshot";
constexpr const char* data_out_item = "data out";
constexpr int64_t microseconds_per_second = 1'000'000;

int64_t second_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

} // namespace

int64_t Line::charged_until(const Span& span, int64_t now) const {
    if (span.end)
        return *span.end;
    return meter::charged_until(kind, span.start, span.minimum_start, std::max(now, span.start));
}

void Timeline::add(const domain::LedgerEvent& event) {
    using domain::LedgerKind;
    switch (event.kind) {
    case LedgerKind::instance_started:
        return start(event, ChargeKind::instance, event.detail, 1);
    case LedgerKind::instance_ended:
        return end(event, ChargeKind::instance);
    case LedgerKind::volume_created:
        return start(event, ChargeKind::volume, event.detail, event.quantity);
    case LedgerKind::volume_resized:
        return resize(event, ChargeKind::volume);
    case LedgerKind::volume_retyped:
        return retype(event);
    case LedgerKind::volume_iops_set:
        return set_performance(event, ChargeKind::volume_iops);
    case LedgerKind::volume_throughput_set:
        return set_performance(event, ChargeKind::volume_throughput);
    case LedgerKind::volume_deleted:
        end(event, ChargeKind::volume);
        end(event, ChargeKind::volume_iops);
        return end(event, ChargeKind::volume_throughput);
    case LedgerKind::snapshot_stored:
        if (find_open(ChargeKind::snapshot, event.resource_id))
            return resize(event, ChargeKind::snapshot);
        return start(event, ChargeKind::snapshot, snapshot_item, event.quantity);
    case LedgerKind::snapshot_deleted:
        return end(event, ChargeKind::snapshot);
    case LedgerKind::address_taken:
        return start(event, ChargeKind::address, address_item, 1);
    case LedgerKind::address_released:
        return end(event, ChargeKind::address);
    case LedgerKind::nat_gateway_started:
        return start(event, ChargeKind::nat_gateway, nat_gateway_item, 1);
    case LedgerKind::nat_gateway_ended:
        return end(event, ChargeKind::nat_gateway);
    case LedgerKind::nat_gateway_processed:
        return happen(event, ChargeKind::nat_gateway_bytes, nat_gateway_item);
    case LedgerKind::data_sent_out:
        return happen(event, ChargeKind::data_out, data_out_item);
    case LedgerKind::credits_charged:
        return happen(event, ChargeKind::cpu_credits, event.detail);
    case LedgerKind::clock_stepped:
        return step_clock(second_of(event.at), event.quantity / microseconds_per_second);
    case LedgerKind::snapshot_completed:
    case LedgerKind::prices_set:
        break;
    }
}

void Timeline::start(const domain::LedgerEvent& event,
                     ChargeKind kind,
                     const std::string& item,
                     int64_t quantity) {
    if (find_open(kind, event.resource_id))
        return; // it runs already: the same fact told twice
    const auto line = line_of(event, kind, item, event.instance_id);
    const int64_t second = second_of(event.at);
    lines_[line].spans.push_back({second, std::nullopt, quantity, second});
    open_.emplace(open_key(kind, event.resource_id), line);
}

void Timeline::happen(const domain::LedgerEvent& event, ChargeKind kind, const std::string& item) {
    const auto line = line_of(event, kind, item, event.instance_id);
    const int64_t second = second_of(event.at);
    lines_[line].spans.push_back({second, std::nullopt, event.quantity, second});
    close(line, second + 1);
}

void Timeline::resize(const domain::LedgerEvent& event, ChargeKind kind) {
    const auto line = find_open(kind, event.resource_id);
    if (!line)
        return;
    // A clock that was set back must not make time run backwards.
    const auto last = lines_[*line].spans.back();
    const int64_t second = std::max(second_of(event.at), last.start);
    close(*line, second);
    lines_[*line].spans.push_back({second, std::nullopt, event.quantity, last.minimum_start});
}

// The same volume goes on under another name, on the same bill.
void Timeline::retype(const domain::LedgerEvent& event) {
    const auto line = find_open(ChargeKind::volume, event.resource_id);
    if (!line)
        return;
    const auto last = lines_[*line].spans.back();
    const int64_t second = std::max(second_of(event.at), last.start);
    close(*line, second);
    const auto next =
        line_of(event, ChargeKind::volume, event.detail, std::string(lines_[*line].instance_id));
    lines_[next].spans.push_back({second, std::nullopt, event.quantity, last.minimum_start});
    open_[open_key(ChargeKind::volume, event.resource_id)] = next;
}

void Timeline::set_performance(const domain::LedgerEvent& event, ChargeKind kind) {
    const auto volume = find_open(ChargeKind::volume, event.resource_id);
    if (!volume)
        return;
    int64_t second = second_of(event.at);
    int64_t minimum_start = second;
    if (const auto line = find_open(kind, event.resource_id)) {
        const auto last = lines_[*line].spans.back();
        second = std::max(second, last.start);
        minimum_start = last.minimum_start;
        close(*line,
              event.quantity == 0
                  ? meter::charged_until(kind, last.start, last.minimum_start, second)
                  : second);
        open_.erase(open_key(kind, event.resource_id));
    }
    if (event.quantity == 0)
        return;
    const auto line = line_of(event, kind, event.detail, std::string(lines_[*volume].instance_id));
    lines_[line].spans.push_back({second, std::nullopt, event.quantity, minimum_start});
    open_.emplace(open_key(kind, event.resource_id), line);
}

void Timeline::end(const domain::LedgerEvent& event, ChargeKind kind) {
    const auto line = find_open(kind, event.resource_id);
    if (!line)
        return;
    const auto last = lines_[*line].spans.back();
    close(*line,
          meter::charged_until(
              kind, last.start, last.minimum_start, std::max(second_of(event.at), last.start)));
    open_.erase(open_key(kind, event.resource_id));
}

// What lasts has lasted until the time that the clock showed before, and goes on from the time that
// it shows now.
void Timeline::step_clock(int64_t at, int64_t seconds) {
    for (const auto& [name, line] : open_) {
        const auto last = lines_[line].spans.back();
        const int64_t before = std::max(at - seconds, last.start);
        // Between the two readings no second is lost: `at` is shown where `before` would be.
        close(line, before);
        lines_[line].spans.push_back(
            {at, std::nullopt, last.quantity, last.minimum_start + (at - before)});
    }
}

size_t Timeline::line_of(const domain::LedgerEvent& event,
                         ChargeKind kind,
                         const std::string& item,
                         const std::string& instance_id) {
    const auto name = open_key(kind, event.resource_id) + '\0' + item + '\0' + instance_id;
    const auto [entry, is_new] = line_by_name_.try_emplace(name, lines_.size());
    if (is_new)
        lines_.push_back(
            {kind, event.resource_id, item, instance_id, event.account_id, event.region, {}});
    return entry->second;
}

void Timeline::close(size_t line, int64_t end) {
    auto& span = lines_[line].spans.back();
    span.end = end;
    if (on_closed_)
        on_closed_(line, span);
}

std::optional<size_t> Timeline::find_open(ChargeKind kind, const std::string& resource_id) const {
    const auto found = open_.find(open_key(kind, resource_id));
    return found == open_.end() ? std::nullopt : std::optional(found->second);
}

std::string Timeline::open_key(ChargeKind kind, const std::string& resource_id) {
    return static_cast<char>('a' + static_cast<int>(kind)) + resource_id;
}

std::vector<size_t> Timeline::open_lines() const {
    std::vector<size_t> all;
    all.reserve(open_.size());
    for (const auto& [name, line] : open_)
        all.push_back(line);
    return all;
}

} // namespace pileus::meter
