// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lasted from when to when: ledger events put together to spans, without any price. Fed in the
// order of the events' sequence numbers; belongs to one thread at a time.

#include "domain/ledger.h"
#include "meter/charge.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pileus::meter {

// A stretch of seconds for which something was charged at one size. Half-open: `end` is not
// charged. What happened at an instant takes its second.
struct Span {
    int64_t start = 0;
    std::optional<int64_t> end; // minimum and whole hours included; nothing while it lasts
    int64_t quantity = 1;
    int64_t minimum_start = 0; // where the 60 s, and the hours, are counted from
};

// The spans of one thing under one name: an instance of one type, a volume of one type, an address.
struct Line {
    ChargeKind kind = ChargeKind::instance;
    std::string resource_id;
    std::string item;        // "t3.micro", "gp3", "public IPv4 address", "NAT gateway"
    std::string instance_id; // whom it is shown under; "" when it belongs to no instance
    std::string account_id;
    std::string region;
    std::vector<Span> spans;

    // Until when the span is charged, seen at `now`.
    int64_t charged_until(const Span& span, int64_t now) const;
    const std::string& bill_id() const { return instance_id.empty() ? resource_id : instance_id; }
};

class Timeline {
  public:
    // Called with each span that got its end.
    using OnClosed = std::function<void(size_t line, const Span& span)>;

    explicit Timeline(OnClosed on_closed = {}) : on_closed_(std::move(on_closed)) {}
    void add(const domain::LedgerEvent& event);

    const std::vector<Line>& lines() const { return lines_; }
    // Places in lines() of what lasts.
    std::vector<size_t> open_lines() const;

  private:
    void start(const domain::LedgerEvent& event,
               ChargeKind kind,
               const std::string& item,
               int64_t quantity);
    void happen(const domain::LedgerEvent& event, ChargeKind kind, const std::string& item);
    void resize(const domain::LedgerEvent& event, ChargeKind kind);
    void retype(const domain::LedgerEvent& event);
    void set_performance(const domain::LedgerEvent& event, ChargeKind kind);
    void end(const domain::LedgerEvent& event, ChargeKind kind);
    void step_clock(int64_t at, int64_t seconds);

    size_t line_of(const domain::LedgerEvent& event,
                   ChargeKind kind,
                   const std::string& item,
                   const std::string& instance_id);
    void close(size_t line, int64_t end);
    std::optional<size_t> find_open(ChargeKind kind, const std::string& resource_id) const;
    static std::string open_key(ChargeKind kind, const std::string& resource_id);

    OnClosed on_closed_;
    std::vector<Line> lines_;
    std::unordered_map<std::string, size_t> line_by_name_;
    std::unordered_map<std::string, size_t> open_; // what lasts, by kind and resource
};

} // namespace pileus::meter
