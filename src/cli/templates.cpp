// SPDX-License-Identifier: Apache-2.0
//
// pileus templates: the guests that launches are started from, what they take and what they save.

#include "cli/commands.h"
#include "cli/terminal.h"

#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>

namespace pileus::cli {

namespace json = boost::json;

namespace {

std::string text(const json::object& row, std::string_view name) {
    return std::string(row.at(name).as_string());
}
double number(const json::object& row, std::string_view name) {
    return row.at(name).to_number<double>();
}

} // namespace

Outcome print_templates(const Context& context, bool as_json) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto answer, api.pileus("ListWarmTemplates"));
    if (as_json) {
        fmt::print("{}\n", json::serialize(answer));
        return 0;
    }
    std::vector<std::vector<std::string>> rows{
        {"template", "image", "type", "for", "state", "age", "size", "starts", "booted", "saved"}};
    std::string remarks;
    for (const auto& entry : answer.at("templates").as_array()) {
        const auto& row = entry.as_object();
        const auto account = text(row, "account_id");
        const bool is_ready = text(row, "state") == "ready";
        rows.push_back({text(row, "id"),
                        text(row, "image_name"),
                        text(row, "instance_type"),
                        account.empty() ? "everybody" : account,
                        text(row, "state"),
                        is_ready ? format_elapsed(number(row, "age_seconds")) : "",
                        is_ready ? format_bytes(number(row, "disk_bytes")) : "",
                        fmt::format("{:.0f}", number(row, "hits")),
                        fmt::format("{:.0f}", number(row, "fallbacks")),
                        format_elapsed(number(row, "saved_milliseconds") / 1000)});
        if (const auto message = text(row, "message"); !message.empty())
            remarks += fmt::format("{}: {}\n", text(row, "id"), message);
    }
    if (rows.size() == 1)
        fmt::print("none: one is made after the first launch of an image with our agent\n");
    else
        fmt::print(
            "{}{}",
            render_table(rows, {false, false, false, false, false, true, true, true, true, true}),
            remarks);
    return 0;
}

} // namespace pileus::cli
