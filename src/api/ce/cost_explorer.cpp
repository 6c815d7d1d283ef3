// SPDX-License-Identifier: Apache-2.0
#include "api/ce/cost_explorer.h"

#include "api/json_service.h"
#include "domain/error_codes.h"
#include "store/charged_tags.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <set>

namespace pileus::api::ce {

namespace json = boost::json;
using meter::Granularity;

namespace {

constexpr int amount_decimals = 9;
constexpr size_t groups_per_page = 5000;
constexpr size_t groupings_max = 2;
constexpr int64_t day_seconds = 86'400;
// https://docs.aws.amazon.com/cost-management/latest/userguide/ce-granular-data.html
constexpr int64_t fine_days_max = 14;
constexpr int64_t periods_max = 20 * 366; // of days

int64_t second_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string day_text(int64_t second, Granularity granularity) {
    const auto text = format_iso8601(Time{std::chrono::seconds{second}});
    return granularity == Granularity::hourly ? text.substr(0, 19) + "Z" : text.substr(0, 10);
}

Result<int64_t> moment_of(const json::object& period, std::string_view name) {
    const auto text = optional_text(period, name);
    const auto time = text.size() == 10 ? parse_iso8601(text + "T00:00:00Z") : parse_iso8601(text);
    if (!time)
        return fail(invalid,
                    fmt::format("'TimePeriod.{}' must be a date such as 2026-01-31, or "
                                "2026-01-31T09:00:00Z.",
                                name));
    return second_of(*time);
}

struct TimePeriod {
    int64_t from = 0;
    int64_t to = 0;
};
Result<TimePeriod> period_of(const json::object& in) {
    const auto* value = in.if_contains("TimePeriod");
    if (value == nullptr || !value->is_object())
        return fail(invalid, "'TimePeriod' must have a 'Start' and an 'End'.");
    PILEUS_ASSIGN(const auto from, moment_of(value->as_object(), "Start"));
    PILEUS_ASSIGN(const auto to, moment_of(value->as_object(), "End"));
    if (from >= to)
        return fail(invalid, "'TimePeriod.Start' must be before 'TimePeriod.End'.");
    if (from < 0 || (to - from) / day_seconds > periods_max)
        return fail(invalid, "'TimePeriod' is longer than twenty years.");
    return TimePeriod{from, to};
}

Result<Granularity> granularity_of(const json::object& in) {
    const auto text = optional_text(in, "Granularity");
    if (text == "HOURLY")
        return Granularity::hourly;
    if (text == "DAILY")
        return Granularity::daily;
    if (text == "MONTHLY")
        return Granularity::monthly;
    return fail(invalid, "'Granularity' must be HOURLY, DAILY or MONTHLY.");
}

// All costs are the same here: nothing is amortised, blended or discounted.
constexpr std::array<std::string_view, 7> metrics{"UnblendedCost",
                                                  "BlendedCost",
                                                  "AmortizedCost",
                                                  "NetUnblendedCost",
                                                  "NetAmortizedCost",
                                                  "UsageQuantity",
                                                  "NormalizedUsageAmount"};

Result<std::vector<std::string>> metrics_of(const json::object& in) {
    std::vector<std::string> wanted;
    const auto* value = in.if_contains("Metrics");
    if (value != nullptr && value->is_array())
        for (const auto& metric : value->as_array())
            if (metric.is_string())
                wanted.emplace_back(metric.as_string());
    for (const auto& metric : wanted)
        if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end())
            return fail(invalid,
                        fmt::format("There is no metric '{}'. There are: {}.",
                                    metric,
                                    fmt::join(metrics, ", ")));
    if (wanted.empty())
        return fail(invalid,
                    fmt::format("'Metrics' must name some of {}.", fmt::join(metrics, ", ")));
    return wanted;
}

struct Grouping {
    std::string type;
    std::string key;
    Aspect aspect;
};
Result<std::vector<Grouping>> groupings_of(const json::object& in, const TagReader& tags) {
    std::vector<Grouping> all;
    const auto* value = in.if_contains("GroupBy");
    if (value == nullptr)
        return all;
    if (!value->is_array() || value->as_array().size() > groupings_max)
        return fail(invalid, "'GroupBy' must be a list of at most two groups.");
    for (const auto& group : value->as_array()) {
        const auto& object = group.is_object() ? group.as_object() : json::object{};
        Grouping grouping{optional_text(object, "Type"), optional_text(object, "Key"), {}};
        if (grouping.type == "TAG") {
            const auto inner = tag_aspect(grouping.key, tags);
            grouping.aspect = {true, [inner, key = grouping.key](const meter::Facts& facts) {
                                   return key + "$" + inner.value(facts);
                               }};
        } else if (grouping.type == "DIMENSION") {
            PILEUS_ASSIGN(grouping.aspect, dimension(grouping.key));
        } else {
            return fail(invalid, "'GroupBy.Type' must be DIMENSION or TAG.");
        }
        all.push_back(std::move(grouping));
    }
    return all;
}

using Kinds = std::map<meter::ChargeKind, meter::Sums>;

json::object write_metrics(const Kinds& kinds,
                           const std::vector<std::string>& wanted,
                           const std::string& currency) {
    meter::Money cost, usage;
    std::set<std::string> units;
    for (const auto& [kind, sums] : kinds) {
        cost += sums.cost;
        usage += sums.usage;
        units.emplace(unit_name(kind));
    }
    json::object out;
    for (const auto& metric : wanted) {
        const bool is_cost = metric.ends_with("Cost");
        const bool is_usage = metric == "UsageQuantity";
        const auto amount = is_cost ? cost : is_usage ? usage : meter::Money();
        out[metric] = {{"Amount", amount.str(amount_decimals)},
                       {"Unit",
                        is_cost                         ? currency
                        : is_usage && units.size() == 1 ? *units.begin()
                                                        : "N/A"}};
    }
    return out;
}

Kinds sum_of_groups(const meter::Period& period) {
    Kinds total;
    for (const auto& [key, kinds] : period.groups)
        for (const auto& [kind, sums] : kinds)
            total[kind] += sums;
    return total;
}

json::object write_time(int64_t from, int64_t to, Granularity granularity) {
    return {{"Start", day_text(from, granularity)}, {"End", day_text(to, granularity)}};
}

bool contains_ignoring_case(const std::string& text, const std::string& part) {
    const auto lower = [](std::string value) {
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) {
            return static_cast<char>(std::tolower(c));
        });
        return value;
    };
    return lower(text).find(lower(part)) != std::string::npos;
}

} // namespace

http::Response CostExplorer::handle(const domain::Caller& caller, const http::Request& request) {
    return answer_json(
        request, "AWSInsightsIndexService", [&](std::string_view operation, const Arguments& in) {
            return run(caller, operation, in);
        });
}

CostExplorer::Answer
CostExplorer::run(const domain::Caller& caller, std::string_view operation, const Arguments& in) {
    if (operation == "GetCostAndUsage")
        return cost_and_usage(caller, in, false);
    if (operation == "GetCostAndUsageWithResources")
        return cost_and_usage(caller, in, true);
    if (operation == "GetDimensionValues")
        return dimension_values(caller, in);
    if (operation == "GetTags")
        return tags(caller, in);
    if (operation == "GetCostForecast")
        return forecast(caller, in);
    return fail(domain::codes::unsupported_operation,
                fmt::format("The operation {} of Cost Explorer is not supported by Pileus: it has "
                            "GetCostAndUsage, GetCostAndUsageWithResources, GetDimensionValues, "
                            "GetTags and GetCostForecast.",
                            operation));
}

TagReader CostExplorer::tag_reader(const domain::Caller& caller) const {
    return [this, account = caller.account_id](const std::string& key) {
        return store_.read(
            [&](store::Transaction& tx) { return store::charged_tags::list(tx, account, key); });
    };
}

Result<Filter> CostExplorer::filter_of(const domain::Caller& caller,
                                       const Arguments& in,
                                       std::string_view name) const {
    Filter filter;
    if (const auto* expression = in.if_contains(name)) {
        if (!expression->is_object())
            return fail(invalid, fmt::format("'{}' must be an expression.", name));
        PILEUS_ASSIGN(filter, read_filter(expression->as_object(), tag_reader(caller)));
    }
    const auto accepts = filter.accepts;
    filter.accepts = [accepts, account = caller.account_id](const meter::Facts& facts) {
        return facts.account_id == account && accepts(facts);
    };
    return filter;
}

CostExplorer::Answer CostExplorer::cost_and_usage(const domain::Caller& caller,
                                                  const Arguments& in,
                                                  bool with_resources) {
    PILEUS_ASSIGN(const auto period, period_of(in));
    PILEUS_ASSIGN(const auto granularity, granularity_of(in));
    PILEUS_ASSIGN(const auto wanted, metrics_of(in));
    PILEUS_ASSIGN(const auto groupings, groupings_of(in, tag_reader(caller)));
    PILEUS_ASSIGN(const auto filter, filter_of(caller, in, "Filter"));
    if ((with_resources || granularity == Granularity::hourly) &&
        period.to - period.from > fine_days_max * day_seconds)
        return fail(invalid,
                    fmt::format("By the hour or by resource, 'TimePeriod' must not be longer than "
                                "{} days.",
                                fine_days_max));
    meter::Question question;
    question.from = period.from;
    question.to = period.to;
    question.now = second_of(books_.now());
    question.granularity = granularity;
    question.accepts = filter.accepts;
    question.by_resource = filter.needs_resource;
    for (const auto& grouping : groupings) {
        if (grouping.key == "RESOURCE_ID" && !with_resources)
            return fail(invalid, "By RESOURCE_ID only GetCostAndUsageWithResources groups.");
        question.by_resource = question.by_resource || grouping.aspect.needs_resource;
    }
    question.group_of = [&](const meter::Facts& facts) {
        meter::GroupKey key;
        for (const auto& grouping : groupings)
            key.push_back(grouping.aspect.value(facts));
        return key;
    };
    // A page begins with a period.
    if (const auto token = optional_text(in, "NextPageToken"); !token.empty()) {
        const auto start = parse_iso8601(token);
        const auto all = meter::boundaries_of(granularity, period.from, period.to);
        if (!start || std::find(all.begin(), all.end(), second_of(*start)) == all.end())
            return fail("InvalidNextTokenException", "'NextPageToken' is of another question.");
        question.from = second_of(*start);
    }
    const auto periods = books_.ask(question);
    const auto currency = books_.currency();
    json::array results;
    json::object out;
    size_t groups_written = 0;
    for (const auto& one : periods) {
        if (groups_written > 0 && groups_written + one.groups.size() > groups_per_page) {
            out["NextPageToken"] = format_iso8601(Time{std::chrono::seconds{one.start}});
            break;
        }
        json::array groups;
        if (!groupings.empty())
            for (const auto& [key, kinds] : one.groups)
                groups.emplace_back(
                    json::object{{"Keys", json::array(key.begin(), key.end())},
                                 {"Metrics", write_metrics(kinds, wanted, currency)}});
        groups_written += groups.size();
        results.emplace_back(
            json::object{{"TimePeriod", write_time(one.start, one.end, granularity)},
                         {"Total",
                          groupings.empty() ? write_metrics(sum_of_groups(one), wanted, currency)
                                            : json::object{}},
                         {"Groups", std::move(groups)},
                         {"Estimated", meter::month_of(one.start).end > question.now}});
    }
    json::array definitions;
    for (const auto& grouping : groupings)
        definitions.emplace_back(json::object{{"Type", grouping.type}, {"Key", grouping.key}});
    out["ResultsByTime"] = std::move(results);
    out["DimensionValueAttributes"] = json::array{};
    if (!groupings.empty())
        out["GroupDefinitions"] = std::move(definitions);
    return out;
}

Result<std::vector<std::string>>
CostExplorer::values_of(const Aspect& aspect, const Filter& filter, const Arguments& in) {
    PILEUS_ASSIGN(const auto period, period_of(in));
    meter::Question question;
    question.from = period.from;
    question.to = period.to;
    question.now = second_of(books_.now());
    question.granularity = Granularity::monthly;
    question.by_resource = filter.needs_resource || aspect.needs_resource;
    question.accepts = filter.accepts;
    question.group_of = [&](const meter::Facts& facts) {
        return meter::GroupKey{aspect.value(facts)};
    };
    std::set<std::string> found;
    for (const auto& one : books_.ask(question))
        for (const auto& [key, kinds] : one.groups)
            found.insert(key.front());
    std::vector<std::string> values;
    const auto search = optional_text(in, "SearchString");
    for (const auto& value : found)
        if (search.empty() || contains_ignoring_case(value, search))
            values.push_back(value);
    return values;
}

CostExplorer::Answer CostExplorer::dimension_values(const domain::Caller& caller,
                                                    const Arguments& in) {
    PILEUS_ASSIGN(const auto aspect, dimension(optional_text(in, "Dimension")));
    PILEUS_ASSIGN(const auto filter, filter_of(caller, in, "Filter"));
    PILEUS_ASSIGN(const auto values, values_of(aspect, filter, in));
    json::array out;
    for (const auto& value : values)
        if (!value.empty())
            out.emplace_back(json::object{{"Value", value}, {"Attributes", json::object{}}});
    const auto size = out.size();
    return json::object{
        {"DimensionValues", std::move(out)}, {"ReturnSize", size}, {"TotalSize", size}};
}

CostExplorer::Answer CostExplorer::tags(const domain::Caller& caller, const Arguments& in) {
    PILEUS_ASSIGN(const auto filter, filter_of(caller, in, "Filter"));
    const auto key = optional_text(in, "TagKey");
    std::vector<std::string> values;
    if (key.empty()) {
        PILEUS_TRY(period_of(in).map([](const TimePeriod&) {}));
        values = store_.read([&](store::Transaction& tx) {
            return store::charged_tags::keys(tx, caller.account_id);
        });
    } else {
        PILEUS_ASSIGN(values, values_of(tag_aspect(key, tag_reader(caller)), filter, in));
    }
    const auto size = values.size();
    return json::object{{"Tags", json::array(values.begin(), values.end())},
                        {"ReturnSize", size},
                        {"TotalSize", size}};
}

// What will be owed if nothing changes: what lasts goes on, at the prices that are known.
CostExplorer::Answer CostExplorer::forecast(const domain::Caller& caller, const Arguments& in) {
    PILEUS_ASSIGN(const auto period, period_of(in));
    PILEUS_ASSIGN(const auto granularity, granularity_of(in));
    PILEUS_ASSIGN(const auto filter, filter_of(caller, in, "Filter"));
    const auto metric = optional_text(in, "Metric");
    if (metric.find("COST") == std::string::npos)
        return fail(invalid, "'Metric' must be a cost, such as UNBLENDED_COST.");
    if (granularity == Granularity::hourly)
        return fail(invalid, "'Granularity' must be DAILY or MONTHLY.");
    const int64_t now = second_of(books_.now());
    if (period.from < now - now % day_seconds)
        return fail(invalid, "'TimePeriod.Start' must not be before today.");
    meter::Question question;
    question.from = period.from;
    question.to = period.to;
    question.now = period.to;
    question.granularity = granularity;
    question.by_resource = filter.needs_resource;
    question.accepts = filter.accepts;
    question.group_of = [](const meter::Facts&) { return meter::GroupKey{}; };
    json::array results;
    meter::Money total;
    for (const auto& one : books_.ask(question)) {
        meter::Money cost;
        for (const auto& [kind, sums] : sum_of_groups(one))
            cost += sums.cost;
        total += cost;
        const auto amount = cost.str(amount_decimals);
        results.emplace_back(
            json::object{{"TimePeriod", write_time(one.start, one.end, granularity)},
                         {"MeanValue", amount},
                         {"PredictionIntervalLowerBound", amount},
                         {"PredictionIntervalUpperBound", amount}});
    }
    return json::object{
        {"Total", {{"Amount", total.str(amount_decimals)}, {"Unit", books_.currency()}}},
        {"ForecastResultsByTime", std::move(results)}};
}

} // namespace pileus::api::ce
