// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/warm_templates.h"

#include "base/clock.h"
#include "store/images.h"
#include "store/warm_templates.h"

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

std::vector<domain::WarmTemplate>
templates_of(store::Transaction& tx, const std::string& host_id, const std::string& account_id) {
    auto rows = store::warm_templates::list_of_host(tx, host_id);
    std::erase_if(rows, [&](const auto& row) {
        return !row.account_id.empty() && row.account_id != account_id;
    });
    return rows;
}

int64_t seconds_since(Time since, Time now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
}

json::object describe(store::Transaction& tx, const domain::WarmTemplate& row, Time now) {
    const auto image = store::images::find(tx, row.image_id);
    return json::object{
        {"id", row.id},
        {"image_id", row.image_id},
        {"image_name", image ? image->name : ""},
        {"instance_type", row.instance_type},
        {"account_id", row.account_id},
        {"state", to_string(row.state)},
        {"message", row.message},
        {"memory_bytes", row.memory_bytes},
        {"disk_bytes", row.disk_bytes},
        {"boot_milliseconds", row.boot_milliseconds},
        {"age_seconds", row.ready_at ? seconds_since(*row.ready_at, now) : 0},
        {"idle_seconds", seconds_since(row.last_wanted_at, now)},
        {"hits", row.hits},
        {"fallbacks", row.fallbacks},
        {"saved_milliseconds", row.saved_milliseconds},
    };
}

} // namespace

json::object list_warm_templates(store::Store& store,
                                 const std::string& host_id,
                                 const std::string& account_id,
                                 Time now) {
    return store.read([&](store::Transaction& tx) {
        json::array templates;
        for (const auto& row : templates_of(tx, host_id, account_id))
            templates.push_back(describe(tx, row, now));
        return json::object{{"templates", std::move(templates)}};
    });
}

json::object count_warm_templates(store::Store& store,
                                  const std::string& host_id,
                                  const std::string& account_id) {
    return store.read([&](store::Transaction& tx) {
        int64_t ready = 0, bytes = 0, hits = 0, saved_milliseconds = 0;
        for (const auto& row : templates_of(tx, host_id, account_id)) {
            ready += row.state == domain::WarmTemplateState::ready ? 1 : 0;
            bytes += row.disk_bytes;
            hits += row.hits;
            saved_milliseconds += row.saved_milliseconds;
        }
        return json::object{{"ready", ready},
                            {"disk_bytes", bytes},
                            {"hits", hits},
                            {"saved_milliseconds", saved_milliseconds}};
    });
}

} // namespace pileus::api::pileus_service
