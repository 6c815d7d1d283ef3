// SPDX-License-Identifier: Apache-2.0
#include "meter/price_book.h"

#include "base/file.h"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <set>
#include <span>

namespace pileus::meter {

namespace {

constexpr std::string_view separator = "\n# ---\n";
constexpr size_t lists_max = 1000;

int64_t second_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// Where a list has the price of a line.
struct Place {
    std::string_view section;
    std::string item;
};

Place place_of_instance(std::string_view item) {
    const auto slash = item.find('/');
    if (slash == std::string_view::npos)
        return {section::instance_hour, std::string(item)};
    const auto market = item.substr(slash + 1);
    const auto type = std::string(item.substr(0, slash));
    if (market == "spot")
        return {section::spot_hour, type};
    return {market == "dedicated" ? section::dedicated_hour : section::reserved_hour, type};
}

Place place_of(ChargeKind kind, std::string_view item) {
    switch (kind) {
    case ChargeKind::instance:
        return place_of_instance(item);
    case ChargeKind::volume:
        return {section::volume_gib_month, std::string(item)};
    case ChargeKind::volume_iops:
        return {section::volume_iops_month, std::string(item)};
    case ChargeKind::volume_throughput:
        return {section::volume_throughput_month, std::string(item)};
    case ChargeKind::snapshot:
        return {section::snapshot_gib_month, "standard"};
    case ChargeKind::address:
        return {section::address_hour, "public_ipv4"};
    case ChargeKind::nat_gateway:
        return {section::nat_gateway_hour, "nat_gateway"};
    case ChargeKind::nat_gateway_bytes:
        return {section::nat_gateway_gib, "nat_gateway"};
    case ChargeKind::data_out:
        return {section::data_out_gib, "internet"};
    case ChargeKind::cpu_credits:
        break;
    }
    return {section::cpu_credit_hour, std::string(item)};
}

// The more IOPS an io2 volume has, the less each further one costs.
struct TierName {
    std::string_view suffix;
    int64_t above = 0;
};
constexpr TierName io2_tiers[]{{"-above-64000", 64000}, {"-above-32000", 32000}, {"", 0}};
constexpr TierName single_tier[]{{"", 0}};

std::span<const TierName> tiers_of(ChargeKind kind, std::string_view item) {
    if (kind == ChargeKind::volume_iops && item == "io2")
        return io2_tiers;
    return single_tier;
}

} // namespace

// ---- tables -------------------------------------------------------------------------------------

Result<PriceTable> PriceTable::of(std::vector<PriceList> lists) {
    if (lists.empty())
        return fail(errors::not_found, "there is no price list that is valid now");
    for (const auto& list : lists)
        if (list.currency() != lists.front().currency())
            return fail(errors::invalid,
                        fmt::format("{} has prices in {}, {} in {}: all must have one currency",
                                    list.source(),
                                    list.currency(),
                                    lists.front().source(),
                                    lists.front().currency()));
    std::sort(lists.begin(), lists.end(), [](const auto& a, const auto& b) {
        return a.region() < b.region();
    });
    return PriceTable(std::move(lists));
}

Result<PriceTable> PriceTable::parse(std::string_view canonical) {
    std::vector<PriceList> lists;
    while (!canonical.empty()) {
        const auto end = canonical.find(separator);
        PILEUS_ASSIGN(auto list, PriceList::parse(canonical.substr(0, end), "the price list"));
        lists.push_back(std::move(list));
        canonical = end == std::string_view::npos ? std::string_view()
                                                  : canonical.substr(end + separator.size());
    }
    return of(std::move(lists));
}

std::string PriceTable::canonical() const {
    std::string text;
    for (const auto& list : lists_)
        text += (text.empty() ? "" : std::string(separator)) + list.canonical();
    return text;
}

Result<const PriceList*> PriceTable::list_of(std::string_view region) const {
    const PriceList* general = nullptr;
    for (const auto& list : lists_) {
        if (list.region() == region)
            return &list;
        if (list.covers(region))
            general = &list;
    }
    if (general != nullptr)
        return general;
    return fail(errors::not_found,
                fmt::format("{} has prices of {}, not of {}",
                            lists_.front().source(),
                            lists_.front().region(),
                            region));
}

// ---- tariffs ------------------------------------------------------------------------------------

Money Tariff::of_step(const Step& step, int64_t quantity, int64_t start, int64_t end) const {
    Money sum;
    int64_t upper = quantity;
    for (const auto& tier : step.tiers) {
        const int64_t units = upper - tier.above;
        if (units <= 0)
            continue;
        upper = tier.above;
        switch (unit_of(kind_)) {
        case Unit::hour:
            sum += Money::of_hours(tier.price, (end - start) * units);
            continue;
        case Unit::vcpu_second:
            sum += Money::of_hours(tier.price, units);
            continue;
        case Unit::byte:
            sum += Money::of_bytes(tier.price, units);
            continue;
        case Unit::unit_month:
        case Unit::byte_month:
            break;
        }
        // A month's price is spread over the seconds of that month: the span is cut where months
        // end.
        for (int64_t second = start; second < end;) {
            const auto month = month_of(second);
            const int64_t until = std::min(end, month.end);
            sum += unit_of(kind_) == Unit::unit_month
                       ? Money::of_month(tier.price, units * (until - second), month.days)
                       : Money::of_bytes_month(tier.price, units, until - second, month.days);
            second = until;
        }
    }
    return sum;
}

Result<Money> Tariff::cost(int64_t quantity, int64_t start, int64_t end) const {
    Money sum;
    for (size_t i = 0; i < steps_.size(); ++i) {
        const int64_t from = std::max(start, steps_[i].from);
        const int64_t until = i + 1 < steps_.size() ? std::min(end, steps_[i + 1].from) : end;
        if (from >= until)
            continue;
        if (steps_[i].tiers.empty())
            return fail(errors::not_found, steps_[i].missing);
        sum += of_step(steps_[i], quantity, from, until);
    }
    return sum;
}

// ---- the book -----------------------------------------------------------------------------------

PriceBook::PriceBook(PriceList list) {
    std::vector<PriceList> lists;
    lists.push_back(std::move(list));
    set(0, std::move(*PriceTable::of(std::move(lists))));
}

void PriceBook::set(int64_t from, PriceTable table) {
    if (entries_.empty())
        from = std::numeric_limits<int64_t>::min();
    while (!entries_.empty() && entries_.back().from >= from)
        entries_.pop_back();
    entries_.push_back({from, std::make_shared<const PriceTable>(std::move(table))});
}

const PriceTable& PriceBook::at(int64_t second) const {
    const auto* found = &entries_.at(0);
    for (const auto& entry : entries_)
        if (entry.from <= second)
            found = &entry;
    return *found->table;
}

Tariff PriceBook::tariff(ChargeKind kind, std::string_view region, std::string_view item) const {
    Tariff tariff;
    tariff.kind_ = kind;
    const auto place = place_of(kind, item);
    for (const auto& entry : entries_) {
        auto& step = tariff.steps_.emplace_back();
        step.from = entry.from;
        const auto list = entry.table->list_of(region);
        if (!list) {
            step.missing = list.error().message;
            continue;
        }
        for (const auto& tier : tiers_of(kind, item)) {
            const auto price = (*list)->price(place.section, place.item + std::string(tier.suffix));
            if (!price) {
                step.tiers.clear();
                step.missing = price.error().message;
                break;
            }
            step.tiers.push_back({tier.above, *price});
        }
    }
    return tariff;
}

// ---- files --------------------------------------------------------------------------------------

namespace {

Result<PriceTable> table_at(const std::vector<PriceList>& lists, Time now) {
    std::map<std::string, const PriceList*> by_region;
    for (const auto& list : lists) {
        if (list.valid_from() > now)
            continue;
        auto& best = by_region[list.region()];
        if (best == nullptr || best->valid_from() < list.valid_from())
            best = &list;
    }
    std::vector<PriceList> chosen;
    for (const auto& [region, list] : by_region)
        chosen.push_back(*list);
    return PriceTable::of(std::move(chosen));
}

} // namespace

Result<PriceSchedule> schedule_of(const std::vector<PriceList>& lists, Time now) {
    std::set<Time> days;
    for (const auto& list : lists)
        if (list.valid_from() > now)
            days.insert(list.valid_from());
    PILEUS_ASSIGN(auto present, table_at(lists, now));
    PriceSchedule schedule{std::move(present), {}};
    for (const auto day : days) {
        PILEUS_ASSIGN(auto table, table_at(lists, day));
        schedule.later.emplace_back(second_of(day), std::move(table));
    }
    return schedule;
}

Result<std::vector<PriceList>> load_price_lists(const std::filesystem::path& folder) {
    std::set<std::filesystem::path> paths;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().extension() == ".toml")
            paths.insert(entry->path());
    if (error)
        return fail(
            errors::not_found,
            fmt::format("the prices in {} cannot be read: {}", folder.string(), error.message()));
    if (paths.size() > lists_max)
        return fail(errors::invalid,
                    fmt::format("{} has more than {} price lists", folder.string(), lists_max));
    std::vector<PriceList> lists;
    for (const auto& path : paths) {
        PILEUS_ASSIGN(auto list, PriceList::load(path));
        lists.push_back(std::move(list));
    }
    return lists;
}

} // namespace pileus::meter
