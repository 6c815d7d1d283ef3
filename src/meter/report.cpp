// SPDX-License-Identifier: Apache-2.0
#include "meter/report.h"

#include <algorithm>

namespace pileus::meter {

namespace {

constexpr int64_t hour_seconds = 3600;
constexpr int64_t day_seconds = 24 * hour_seconds;

int64_t next_boundary(Granularity granularity, int64_t second) {
    if (granularity == Granularity::monthly)
        return month_of(second).end;
    const int64_t length = granularity == Granularity::daily ? day_seconds : hour_seconds;
    return second - second % length + length;
}

class Answer {
  public:
    explicit Answer(const Question& question)
        : boundaries_(boundaries_of(question.granularity, question.from, question.to)) {
        for (size_t i = 0; i + 1 < boundaries_.size(); ++i)
            periods_.push_back({boundaries_[i], boundaries_[i + 1], {}});
    }

    void add_piece(const GroupKey& group,
                   ChargeKind kind,
                   const Tariff& tariff,
                   int64_t quantity,
                   int64_t start,
                   int64_t end) {
        start = std::max(start, boundaries_.front());
        end = std::min(end, boundaries_.back());
        for (size_t i = period_of(start); start < end; ++i) {
            const int64_t until = std::min(end, boundaries_[i + 1]);
            periods_[i].groups[group][kind] += sums_of(kind, tariff, quantity, start, until);
            start = until;
        }
    }
    void add_hour(const GroupKey& group, ChargeKind kind, int64_t hour, const Sums& sums) {
        periods_[period_of(hour)].groups[group][kind] += sums;
    }
    std::vector<Period> take() { return std::move(periods_); }

  private:
    size_t period_of(int64_t second) const {
        return static_cast<size_t>(
            std::upper_bound(boundaries_.begin(), boundaries_.end(), second) - boundaries_.begin() -
            1);
    }

    std::vector<int64_t> boundaries_;
    std::vector<Period> periods_;
};

Facts facts_of(const Line& line) {
    return {line.kind, line.item, line.account_id, line.region, line.resource_id, line.instance_id};
}
Facts facts_of(const Rollup::Group& group) {
    return {group.kind, group.item, group.account_id, group.region, {}, {}};
}

} // namespace

std::vector<int64_t> boundaries_of(Granularity granularity, int64_t from, int64_t to) {
    std::vector<int64_t> all{from};
    while (all.back() < to)
        all.push_back(std::min(to, next_boundary(granularity, all.back())));
    return all;
}

std::vector<Period>
ask_timeline(const Question& question, const Timeline& timeline, const PriceBook& prices) {
    Answer answer(question);
    for (const auto& line : timeline.lines()) {
        const auto facts = facts_of(line);
        if (!question.accepts(facts))
            continue;
        const auto group = question.group_of(facts);
        const auto tariff = prices.tariff(line.kind, line.region, line.item);
        for (const auto& span : line.spans)
            answer.add_piece(group,
                             line.kind,
                             tariff,
                             span.quantity,
                             span.start,
                             line.charged_until(span, question.now));
    }
    return answer.take();
}

bool can_ask_rollup(const Question& question) {
    return !question.by_resource && question.from % hour_seconds == 0 &&
           question.to % hour_seconds == 0;
}

std::vector<Period> ask_rollup(const Question& question,
                               const Timeline& timeline,
                               Rollup& rollup,
                               const PriceBook& prices) {
    Answer answer(question);
    for (const auto& group : rollup.groups()) {
        const auto facts = facts_of(group);
        if (!question.accepts(facts))
            continue;
        const auto key = question.group_of(facts);
        const auto end = group.hours.lower_bound(question.to);
        for (auto hour = group.hours.lower_bound(question.from); hour != end; ++hour)
            answer.add_hour(key, group.kind, hour->first, hour->second);
    }
    for (const auto index : timeline.open_lines()) {
        const auto& line = timeline.lines()[index];
        const auto& group = rollup.group_of(line, index, prices);
        const auto facts = facts_of(group);
        if (!question.accepts(facts))
            continue;
        const auto& span = line.spans.back();
        answer.add_piece(question.group_of(facts),
                         line.kind,
                         group.tariff,
                         span.quantity,
                         std::max(span.start, rollup.horizon()),
                         line.charged_until(span, question.now));
    }
    return answer.take();
}

} // namespace pileus::meter
