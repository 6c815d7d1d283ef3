// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/cost.h"

#include "domain/error_codes.h"
#include "domain/instance.h"
#include "meter/aws_names.h"
#include "store/charged_tags.h"
#include "store/instances.h"

#include <fmt/core.h>
#include <set>

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

constexpr int decimals = 6;
constexpr int64_t hour_seconds = 3600;
constexpr int64_t day_seconds = 24 * hour_seconds;

int64_t second_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// The windows that a cost is shown in.
struct Amounts {
    meter::Money today, month, total, next_hour, forecast;

    Amounts& operator+=(const Amounts& other) {
        today += other.today;
        month += other.month;
        total += other.total;
        next_hour += other.next_hour;
        forecast += other.forecast;
        return *this;
    }
    void write(json::object& out) const {
        out["today"] = today.str(decimals);
        out["month"] = month.str(decimals);
        out["total"] = total.str(decimals);
        out["next_hour"] = next_hour.str(decimals);
        out["month_forecast"] = forecast.str(decimals);
    }
};

// One thing that is or was charged.
struct Entry {
    meter::ChargeKind kind;
    std::string resource_id, instance_id, item, region;
    bool active = false;
    int64_t seconds = 0;
    Amounts amounts;
    std::string missing_price;
};

Entry entry_of(const meter::Line& line, const meter::PriceBook& prices, int64_t now) {
    const auto month = meter::month_of(now);
    const int64_t day = now - now % day_seconds;
    const auto until = [&](int64_t at, const meter::Window& window) {
        return charge_of(line, prices, at, window).cost.value_or(meter::Money());
    };
    const auto all = charge_of(line, prices, now, {});
    Entry entry{line.kind,
                line.resource_id,
                line.instance_id,
                line.item,
                line.region,
                all.active,
                all.seconds,
                {},
                all.missing_price};
    entry.amounts.total = all.cost.value_or(meter::Money());
    const auto touches = [&](int64_t from) {
        const auto& last = line.spans.back();
        return !last.end || *last.end > from;
    };
    if (!touches(std::min(month.start, day)))
        return entry;
    entry.amounts.today = until(now, {day, day + day_seconds});
    entry.amounts.month = until(now, {month.start, month.end});
    // What is owed already, as the rest of the first minute, is no cost of the next hour.
    entry.amounts.next_hour = until(now + hour_seconds, {}) - entry.amounts.total;
    entry.amounts.forecast = until(month.end, {month.start, month.end});
    return entry;
}

struct Place {
    std::string name;
    std::string state = "terminated"; // it may be gone from the store, but never from the ledger
    std::string type;
};
using Places = std::map<std::string, Place>;

Places
describe(store::Store& store, const std::string& account_id, const std::vector<Entry>& entries) {
    Places places;
    for (const auto& entry : entries)
        if (const auto& id = entry.instance_id; !id.empty())
            places.try_emplace(id);
    return store.read([&](store::Transaction& tx) {
        const auto names = store::charged_tags::list(tx, account_id, "Name");
        for (auto& [id, place] : places) {
            if (const auto name = names.find(id); name != names.end())
                place.name = name->second;
            const auto instance = store::instances::find(tx, id);
            if (!instance)
                continue;
            place.state = to_string(instance->state);
            place.type = instance->type;
        }
        return places;
    });
}

// Why something is still charged whose instance does not run, and what ends it.
std::string why(const Entry& entry, const std::string& state) {
    using meter::ChargeKind;
    if (!entry.active)
        return "";
    const bool is_idle = state != "running" && state != "pending";
    switch (entry.kind) {
    case ChargeKind::instance:
        return state == "stopping" ? "it saves its memory; it ends when the instance is stopped"
                                   : "";
    case ChargeKind::volume:
    case ChargeKind::volume_iops:
    case ChargeKind::volume_throughput:
        return is_idle ? fmt::format("a volume is charged until it is deleted: aws ec2 "
                                     "delete-volume --volume-id {}",
                                     entry.resource_id)
                       : "";
    case ChargeKind::snapshot:
        return fmt::format("a snapshot is charged until it is deleted: aws ec2 delete-snapshot "
                           "--snapshot-id {}",
                           entry.resource_id);
    case ChargeKind::address:
        return entry.resource_id.starts_with("eipalloc-")
                   ? fmt::format("an Elastic IP is charged until it is released, attached or not: "
                                 "aws ec2 release-address --allocation-id {}",
                                 entry.resource_id)
                   : "";
    case ChargeKind::nat_gateway:
        return fmt::format("a NAT gateway is charged until it is deleted: aws ec2 "
                           "delete-nat-gateway --nat-gateway-id {}",
                           entry.resource_id);
    case ChargeKind::nat_gateway_bytes:
    case ChargeKind::data_out:
    case ChargeKind::cpu_credits:
        break;
    }
    return "";
}

// What entries are put together by.
Result<std::function<std::string(const Entry&)>>
grouping(store::Store& store, const std::string& account_id, const std::string& by) {
    using Group = std::function<std::string(const Entry&)>;
    const auto bill_of = [](const Entry& e) {
        return e.instance_id.empty() ? e.resource_id : e.instance_id;
    };
    if (by.empty() || by == "instance")
        return Group(bill_of);
    if (by == "type")
        return Group([](const Entry& e) { return e.item; });
    if (by == "service")
        return Group([](const Entry& e) { return std::string(service_name(e.kind)); });
    if (by == "usage-type")
        return Group([](const Entry& e) { return usage_type(e.kind, e.item, e.region); });
    if (by == "region")
        return Group([](const Entry& e) { return e.region; });
    if (by == "account")
        return Group([account_id](const Entry&) { return account_id; });
    if (!by.starts_with("tag:") || by.size() == 4)
        return fail(domain::codes::invalid_parameter_value,
                    fmt::format("'{}' is nothing to group by: instance, type, service, "
                                "usage-type, region, account or tag:KEY",
                                by));
    // What has no tag of its own is shown with its instance.
    const auto values = store.read([&](store::Transaction& tx) {
        return store::charged_tags::list(tx, account_id, by.substr(4));
    });
    return Group([values, bill_of](const Entry& e) {
        for (const auto& id : {e.resource_id, bill_of(e)})
            if (const auto found = values.find(id); found != values.end())
                return found->second;
        return std::string("(none)");
    });
}

struct Statement {
    std::vector<Entry> entries;
    std::string currency = "USD";
    std::string prices_valid_from;
    Time at{};
};

Statement read_books(meter::Books& books, const std::string& account_id) {
    Statement statement;
    books.read([&](const meter::Timeline& timeline, const meter::PriceBook& prices) {
        statement.at = books.now();
        const int64_t now = second_of(statement.at);
        if (!prices.empty()) {
            const auto& table = prices.at(now);
            statement.currency = table.currency();
            statement.prices_valid_from = table.lists().front().valid_from_day();
        }
        for (const auto& line : timeline.lines())
            if (line.account_id == account_id)
                statement.entries.push_back(entry_of(line, prices, now));
    });
    return statement;
}

// An instance with its volumes and addresses, as one row.
struct InstanceRow {
    meter::Money compute, volumes, addresses;
    int64_t running_seconds = 0;
    std::string type;
    Amounts amounts;
    std::set<std::string> unpriced;

    void add(const Entry& entry) {
        amounts += entry.amounts;
        if (!entry.missing_price.empty())
            unpriced.insert(entry.missing_price);
        if (entry.kind == meter::ChargeKind::instance) {
            running_seconds += entry.seconds;
            type = entry.item;
            compute += entry.amounts.total;
        } else if (entry.kind == meter::ChargeKind::address) {
            addresses += entry.amounts.total;
        } else if (entry.resource_id.starts_with("vol-")) {
            volumes += entry.amounts.total;
        } else {
            compute += entry.amounts.total;
        }
    }
    json::object write(const std::string& id, const Place& place) const {
        json::object out{{"instance_id", id},
                         {"name", place.name},
                         {"state", place.state},
                         {"type", place.type.empty() ? type : place.type},
                         {"running_seconds", running_seconds},
                         {"compute", compute.str(decimals)},
                         {"volumes", volumes.str(decimals)},
                         {"addresses", addresses.str(decimals)},
                         {"unpriced", json::array(unpriced.begin(), unpriced.end())}};
        amounts.write(out);
        return out;
    }
};

json::object write_line(const Entry& entry, const std::string& state) {
    json::object out{{"resource_id", entry.resource_id},
                     {"instance_id", entry.instance_id},
                     {"kind", to_string(entry.kind)},
                     {"item", entry.item},
                     {"active", entry.active},
                     {"seconds", entry.seconds},
                     {"why", why(entry, state)},
                     {"unpriced", entry.missing_price}};
    entry.amounts.write(out);
    return out;
}

} // namespace

Result<json::object> running_cost(store::Store& store,
                                  meter::Books& books,
                                  const std::string& account_id,
                                  const std::string& by) {
    PILEUS_ASSIGN(const auto group_of, grouping(store, account_id, by));
    const auto statement = read_books(books, account_id);
    const auto places = describe(store, account_id, statement.entries);
    std::map<std::string, InstanceRow> instances;
    std::map<std::string, Amounts> others, groups;
    std::map<std::string, std::string> other_items;
    Amounts all;
    json::array lines;
    for (const auto& entry : statement.entries) {
        all += entry.amounts;
        groups[group_of(entry)] += entry.amounts;
        const auto place = places.find(entry.instance_id);
        lines.emplace_back(write_line(entry, place == places.end() ? "" : place->second.state));
        if (place != places.end()) {
            instances[entry.instance_id].add(entry);
        } else {
            others[entry.resource_id] += entry.amounts;
            other_items.try_emplace(entry.resource_id, entry.item);
        }
    }
    json::array instance_rows, other_rows, group_rows;
    for (const auto& [id, row] : instances)
        instance_rows.emplace_back(row.write(id, places.at(id)));
    for (const auto& [id, amounts] : others) {
        json::object row{{"resource_id", id}, {"kind", other_items.at(id)}};
        amounts.write(row);
        other_rows.emplace_back(std::move(row));
    }
    for (const auto& [key, amounts] : groups) {
        json::object row{{"key", key}};
        amounts.write(row);
        group_rows.emplace_back(std::move(row));
    }
    json::object out{{"currency", statement.currency},
                     {"at", format_iso8601(statement.at)},
                     {"prices_valid_from", statement.prices_valid_from},
                     {"by", by.empty() ? "instance" : by},
                     {"instances", std::move(instance_rows)},
                     {"other", std::move(other_rows)},
                     {"groups", std::move(group_rows)},
                     {"lines", std::move(lines)}};
    all.write(out);
    return out;
}

} // namespace pileus::api::pileus_service
