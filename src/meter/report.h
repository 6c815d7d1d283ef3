// SPDX-License-Identifier: Apache-2.0
#pragma once

// A question about the bill, and its answer: sums by period and group. Pure functions of what is
// asked of; one thread at a time.

#include "meter/rollup.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::meter {

enum class Granularity { hourly, daily, monthly };

// What a line is asked by. Of sums that are kept for many resources together the last two are
// empty.
struct Facts {
    ChargeKind kind = ChargeKind::instance;
    std::string_view item;
    std::string_view account_id;
    std::string_view region;
    std::string_view resource_id;
    std::string_view instance_id;
};

using GroupKey = std::vector<std::string>;

struct Question {
    int64_t from = 0; // seconds since 1970, half-open
    int64_t to = 0;
    int64_t now = 0; // later than the present: what will be owed then if nothing changes
    Granularity granularity = Granularity::daily;
    bool by_resource = false; // `accepts` and `group_of` look at the resource
    std::function<bool(const Facts&)> accepts;
    std::function<GroupKey(const Facts&)> group_of;
};

struct Period {
    int64_t start = 0;
    int64_t end = 0;
    std::map<GroupKey, std::map<ChargeKind, Sums>> groups;
};

// The first second of each period in the window, and the window's end.
std::vector<int64_t> boundaries_of(Granularity granularity, int64_t from, int64_t to);

// By every span of every line.
std::vector<Period>
ask_timeline(const Question& question, const Timeline& timeline, const PriceBook& prices);
// By the kept sums, and the spans that last: the same answer. Not by resource, and only of whole
// hours.
std::vector<Period> ask_rollup(const Question& question,
                               const Timeline& timeline,
                               Rollup& rollup,
                               const PriceBook& prices);
bool can_ask_rollup(const Question& question);

} // namespace pileus::meter
