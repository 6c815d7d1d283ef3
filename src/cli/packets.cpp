// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>

namespace pileus::cli {

namespace json = boost::json;

namespace {

constexpr int stopped = 2;

std::string text(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

bool flag(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->as_bool();
}

// "security-group-egress" → "security group, egress"
std::string words_of(const std::string& kind) {
    for (const auto* direction : {"-egress", "-ingress"})
        if (kind.ends_with(direction)) {
            auto name = kind.substr(0, kind.size() - std::string_view(direction).size());
            std::replace(name.begin(), name.end(), '-', ' ');
            return name + (direction[1] == 'e' ? ", out" : ", in");
        }
    if (kind == "source-dest-check")
        return "source/dest. check";
    auto name = kind;
    std::replace(name.begin(), name.end(), '-', ' ');
    return name;
}

std::string mark(bool passes, const Terminal& terminal) {
    if (passes)
        return terminal.green(terminal.unicode ? "✓" : "ok");
    return terminal.red(terminal.unicode ? "✗" : "NO");
}

std::string verdict(const json::object& answer, const Terminal& terminal) {
    if (flag(answer, "answered"))
        return terminal.green("It passes, and so does what comes back.");
    return terminal.red(flag(answer, "arrives") ? "It arrives, but the answer does not come back."
                                                : "It does not arrive.");
}

// Terminals of other people's making are not ours to write arrows to.
std::string plain(std::string line, const Terminal& terminal) {
    if (terminal.unicode)
        return line;
    for (const auto& [from, to] : {std::pair{"→", "->"}, std::pair{"…", "..."}})
        for (auto at = line.find(from); at != std::string::npos; at = line.find(from, at + 1))
            line.replace(at, std::string_view(from).size(), to);
    return line;
}

} // namespace

std::string render_explanation(const json::object& answer, const Terminal& terminal) {
    std::string out;
    std::string command;
    bool is_back = false;
    for (const auto& entry : answer.at("hops").as_array()) {
        const auto& hop = entry.as_object();
        if (!is_back && text(hop, "direction") == "back") {
            out += "  and the answer:\n";
            is_back = true;
        }
        const auto id = text(hop, "id");
        const auto said = text(hop, "text");
        out += fmt::format("  {} {:<20} {}{}\n",
                           mark(flag(hop, "passes"), terminal),
                           words_of(text(hop, "kind")),
                           id.empty() || said.starts_with(id) ? "" : id + ": ",
                           said);
        command = text(hop, "command");
    }
    out += verdict(answer, terminal) + "\n";
    if (!command.empty())
        out += fmt::format("This would change it:\n  pileus {}\n", command);
    return plain(std::move(out), terminal);
}

Outcome explain_packet(const Context& context, const PacketQuestion& question) {
    json::object request{
        {"from", question.from}, {"to", question.to}, {"protocol", question.protocol}};
    if (question.port)
        request["port"] = *question.port;
    if (question.type)
        request["type"] = *question.type;
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto answer, api.pileus("ExplainPacket", request));
    if (question.as_json)
        fmt::print("{}\n", json::serialize(answer));
    else
        fmt::print("{}", render_explanation(answer, context.terminal));
    return flag(answer, "answered") ? 0 : stopped;
}

} // namespace pileus::cli
