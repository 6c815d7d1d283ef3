// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::cli {

namespace json = boost::json;

namespace {

constexpr int differs = 2;

} // namespace

Outcome check_disks(const Context& context, bool as_json) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(auto answer, api.pileus("CheckDisks"));
    PILEUS_ASSIGN(const auto ledger, api.pileus("CheckLedger"));
    auto& findings = answer.at("findings").as_array();
    for (const auto& finding : ledger.at("findings").as_array())
        findings.push_back(finding);
    if (as_json)
        fmt::print("{}\n", json::serialize(answer));
    for (const auto& finding : findings)
        if (!as_json)
            fmt::print("{}\n", std::string_view(finding.as_string()));
    if (findings.empty() && !as_json)
        fmt::print(
            "Every disk belongs to something, and everything has its disk; the ledger is what "
            "was written.\n");
    return findings.empty() ? 0 : differs;
}

} // namespace pileus::cli
