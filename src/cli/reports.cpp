// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>

namespace pileus::cli {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}
int64_t number(const json::object& object, std::string_view name) {
    return object.at(name).to_number<int64_t>();
}

std::string accelerated(const json::object& status) {
    const auto& acceleration = status.at("acceleration").as_object();
    if (status.at("emulated").as_bool())
        return "emulation mode: no guest runs";
    if (text(acceleration, "name") == "kvm")
        return "KVM";
    return fmt::format("no KVM, guests run slower ({})", text(acceleration, "reason"));
}

std::string warm_templates_of(const json::object& status) {
    const auto& warm = status.at("warm_templates").as_object();
    return fmt::format("{} ready, {} on disk; {} starts, {} saved",
                       number(warm, "ready"),
                       format_bytes(static_cast<double>(number(warm, "disk_bytes"))),
                       number(warm, "hits"),
                       format_elapsed(static_cast<double>(number(warm, "saved_milliseconds")) / 1000));
}

} // namespace

Outcome print_status(const Context& context) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto status, api.pileus("GetStatus"));
    const auto& host = status.at("host").as_object();
    std::string instances;
    for (const auto& [state, count] : status.at("instances").as_object())
        if (count.to_number<int64_t>() > 0)
            instances += fmt::format("{}{} {}",
                                     instances.empty() ? "" : ", ",
                                     count.to_number<int64_t>(),
                                     std::string_view(state));
    const std::vector<std::vector<std::string>> rows{
        {"Pileus", fmt::format("{} at {}", text(status, "version"), api.credentials().endpoint)},
        {"up since", text(status, "started_at")},
        {"account", fmt::format("{} in {}", text(status, "account_id"), text(status, "region"))},
        {"guests", accelerated(status)},
        {"instances", instances.empty() ? "none" : instances},
        {"images", std::to_string(number(status, "images"))},
        {"warm templates", warm_templates_of(status)},
        {"vCPUs",
         fmt::format("{} promised on {} CPUs", number(host, "vcpus_used"), number(host, "cpus"))},
        {"memory",
         fmt::format(
             "{} of {} MiB promised", number(host, "memory_used_mib"), number(host, "memory_mib"))},
        {"public pool", text(status, "public_pool")},
        {"way out",
         status.at("egress").as_bool() ? "guests reach the world through this machine" : "closed"},
        {"data", text(status, "data_dir")},
    };
    fmt::print("{}", render_table(rows));
    return 0;
}

} // namespace pileus::cli
