// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/commands.h"

#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>
#include <set>

namespace pileus::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds watch_interval{2};
constexpr const char* clear_screen = "\033[H\033[2J";

std::string text(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

// "$1.25", or "1.25 EUR".
class Amount {
  public:
    explicit Amount(const json::object& cost) : currency_(text(cost, "currency")) {}
    std::string operator()(const json::object& object, std::string_view name) const {
        const auto amount = text(object, name);
        return currency_ == "USD" ? "$" + amount : amount + " " + currency_;
    }

  private:
    std::string currency_;
};

using Rows = std::vector<std::vector<std::string>>;

std::string table_by_instance(const json::object& cost) {
    const Amount amount(cost);
    Rows rows{
        {"instance", "name", "type", "state", "running", "today", "month", "next hour", "total"}};
    for (const auto& entry : cost.at("instances").as_array()) {
        const auto& row = entry.as_object();
        const auto seconds = row.at("running_seconds").to_number<int64_t>();
        rows.push_back({text(row, "instance_id"),
                        text(row, "name"),
                        text(row, "type"),
                        text(row, "state"),
                        format_elapsed(static_cast<double>(seconds)),
                        amount(row, "today"),
                        amount(row, "month"),
                        amount(row, "next_hour"),
                        amount(row, "total")});
    }
    for (const auto& entry : cost.at("other").as_array()) {
        const auto& row = entry.as_object();
        rows.push_back({text(row, "resource_id"),
                        text(row, "kind"),
                        "",
                        "",
                        "",
                        amount(row, "today"),
                        amount(row, "month"),
                        amount(row, "next_hour"),
                        amount(row, "total")});
    }
    if (rows.size() == 1)
        return "";
    return render_table(rows, {false, false, false, false, true, true, true, true, true});
}

std::string table_by_group(const json::object& cost) {
    const Amount amount(cost);
    Rows rows{{text(cost, "by"), "today", "month", "next hour", "month's end", "total"}};
    for (const auto& entry : cost.at("groups").as_array()) {
        const auto& row = entry.as_object();
        rows.push_back({text(row, "key"),
                        amount(row, "today"),
                        amount(row, "month"),
                        amount(row, "next_hour"),
                        amount(row, "month_forecast"),
                        amount(row, "total")});
    }
    if (rows.size() == 1)
        return "";
    return render_table(rows, {false, true, true, true, true, true});
}

// What is charged although no instance runs for it, and what has no price.
std::string notes(const json::object& cost) {
    const Amount amount(cost);
    std::string out;
    std::set<std::string> unpriced;
    for (const auto& entry : cost.at("lines").as_array()) {
        const auto& line = entry.as_object();
        if (const auto reason = text(line, "why"); !reason.empty())
            out += fmt::format("{} {} an hour: {}\n",
                               text(line, "resource_id"),
                               amount(line, "next_hour"),
                               reason);
        if (const auto missing = text(line, "unpriced"); !missing.empty())
            unpriced.insert(missing);
    }
    for (const auto& missing : unpriced)
        out += fmt::format("not in the sum, no price: {}\n", missing);
    return out;
}

std::string render(const json::object& cost) {
    const Amount amount(cost);
    const auto table =
        text(cost, "by") == "instance" ? table_by_instance(cost) : table_by_group(cost);
    if (table.empty())
        return "nothing was charged yet\n";
    return fmt::format("{}\ntoday {}, this month {}, {} at its end if nothing changes; the next "
                       "hour {}\ntotal {} since the beginning, at the prices of {}\n{}",
                       table,
                       amount(cost, "today"),
                       amount(cost, "month"),
                       amount(cost, "month_forecast"),
                       amount(cost, "next_hour"),
                       amount(cost, "total"),
                       text(cost, "prices_valid_from"),
                       notes(cost));
}

std::string csv_cell(const json::value& value) {
    if (!value.is_string())
        return json::serialize(value);
    std::string cell(value.as_string());
    // A spreadsheet runs what looks like a formula: names come from whoever made the resource.
    if (!cell.empty() && std::string_view("=+-@\t\r").find(cell[0]) != std::string_view::npos)
        cell.insert(cell.begin(), '\'');
    if (cell.find_first_of("\",\n\r") == std::string::npos)
        return cell;
    std::string quoted = "\"";
    for (const char c : cell)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string render_csv(const json::object& cost) {
    std::string out;
    const bool by_line = text(cost, "by") == "instance";
    for (const auto& entry : cost.at(by_line ? "lines" : "groups").as_array()) {
        std::string names, cells;
        for (const auto& [name, value] : entry.as_object()) {
            names += (names.empty() ? "" : ",") + std::string(name);
            cells += (cells.empty() ? "" : ",") + csv_cell(value);
        }
        out += (out.empty() ? names + "\n" : "") + cells + "\n";
    }
    return out;
}

} // namespace

Outcome print_cost(const Context& context, const CostOptions& options) {
    PILEUS_ASSIGN(const auto api, context.connect());
    for (;;) {
        PILEUS_ASSIGN(const auto cost, api.pileus("GetCost", {{"by", options.by}}));
        if (options.format == CostFormat::json)
            fmt::print("{}\n", json::serialize(cost));
        else if (options.format == CostFormat::csv)
            fmt::print("{}", render_csv(cost));
        else
            fmt::print("{}{}", options.watch ? clear_screen : "", render(cost));
        if (!options.watch)
            return 0;
        std::fflush(stdout);
        context.clock.sleep(watch_interval);
    }
}

} // namespace pileus::cli
