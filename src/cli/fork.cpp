// SPDX-License-Identifier: Apache-2.0
//
// pileus fork: asks for running copies of a running instance, and waits until they run.

#include "cli/commands.h"
#include "cli/progress.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>

namespace pileus::cli {

namespace json = boost::json;

namespace {

constexpr Duration look = std::chrono::milliseconds{200};
constexpr Duration patience = std::chrono::minutes{5};

// Until none is pending any more.
Result<std::vector<InstanceSummary>>
wait_for(const Context& context, const Api& api, const Parameters& ids) {
    Progress progress(context.terminal, context.clock);
    progress.begin(fmt::format("starting {} {}", ids.size(), ids.size() == 1 ? "copy" : "copies"));
    const auto deadline = context.clock.monotonic() + patience;
    for (;;) {
        PILEUS_ASSIGN(auto instances, describe_instances(api, ids));
        const auto pending = std::count_if(
            instances.begin(), instances.end(), [](const auto& i) { return i.state == "pending"; });
        if (pending == 0)
            progress.done();
        if (pending == 0 || context.clock.monotonic() > deadline)
            return instances;
        context.clock.sleep(look);
    }
}

} // namespace

Outcome fork_instance(const Context& context, const ForkOptions& options) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto answer,
                  api.pileus("ForkInstance",
                             {{"instance_id", options.instance_id}, {"count", options.count}}));
    Parameters ids;
    for (const auto& entry : answer.at("instances").as_array())
        ids.emplace_back(fmt::format("InstanceId.{}", ids.size() + 1),
                         std::string(entry.as_object().at("instance_id").as_string()));
    PILEUS_ASSIGN(const auto copies, wait_for(context, api, ids));
    std::vector<std::vector<std::string>> rows{{"instance", "state", "private", "public", ""}};
    bool all_run = true;
    for (const auto& copy : copies) {
        all_run = all_run && copy.state == "running";
        rows.push_back({copy.id, copy.state, copy.private_ip, copy.public_ip, copy.reason});
    }
    fmt::print("{}", render_table(rows));
    return all_run ? 0 : 1;
}

} // namespace pileus::cli
