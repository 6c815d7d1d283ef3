// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/administrator.h"

#include "api/json_service.h"
#include "api/pileus/built_image.h"
#include "api/pileus/cost.h"
#include "api/pileus/fork.h"
#include "api/pileus/import_image.h"
#include "api/pileus/packets.h"
#include "api/pileus/warm_templates.h"
#include "base/text.h"
#include "domain/error_codes.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/ledger.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <map>

namespace pileus::api::pileus_service {

namespace json = boost::json;
namespace codes = domain::codes;

Administrator::Administrator(store::Store& store,
                             const Clock& clock,
                             const catalog::Catalog& catalog,
                             meter::Books& books,
                             cloud::Cloud& cloud,
                             const cloud::Settings& settings,
                             Installation installation,
                             Machine machine)
    : store_(store), clock_(clock), catalog_(catalog), books_(books), cloud_(cloud),
      settings_(settings), installation_(std::move(installation)), machine_(std::move(machine)) {}

http::Response Administrator::handle(const domain::Caller& caller, const http::Request& request) {
    return answer_json(
        request, "Pileus", [&](std::string_view operation, const Arguments& arguments) {
            return run(caller, operation, arguments);
        });
}

Result<json::object> Administrator::run(const domain::Caller& caller,
                                        std::string_view operation,
                                        const Arguments& arguments) {
    if (operation == "GetStatus")
        return get_status(caller);
    if (operation == "GetCost")
        return get_cost(caller, arguments);
    if (operation == "GetLogin")
        return get_login(caller, arguments);
    if (operation == "ExplainPacket")
        return explain_packet(caller, arguments, cloud_, machine_.network_view(caller));
    if (operation == "ForkInstance")
        return fork_instance(caller, arguments, cloud_);
    if (operation == "ListWarmTemplates")
        return list_warm_templates(
            store_, settings_.host.host_id, caller.account_id, clock_.now());
    if (operation == "CheckDisks")
        return check_disks();
    if (operation == "CheckLedger")
        return check_ledger();
    if (operation == "ImportImage")
        return import_image(caller, arguments, cloud_);
    if (operation == "RegisterImage")
        return register_image(arguments);
    return fail("UnknownOperationException",
                fmt::format("There is no operation Pileus.{}.", operation));
}

Result<json::object> Administrator::get_status(const domain::Caller& caller) {
    const auto& host = settings_.host;
    const auto acceleration = machine_.acceleration();
    int vcpus_used = 0;
    int64_t memory_used_mib = 0;
    std::map<std::string, int64_t> by_state;
    int64_t images = 0;
    const bool found = store_.read([&](store::Transaction& tx) {
        for (const auto& [type_name, count] :
             store::instances::count_active_by_type(tx, host.host_id))
            if (const auto* type = catalog_.find(type_name)) {
                vcpus_used += type->vcpus * count;
                memory_used_mib += type->memory_mib * count;
            }
        for (const auto& [state, count] : store::instances::count_by_state(tx, host.host_id))
            by_state[state] = count;
        images = static_cast<int64_t>(
            store::images::list_visible(tx, {caller.account_id, caller.region}, {.limit = 1000})
                .size());
        return true;
    });
    (void)found;
    json::object instances;
    for (const auto* state :
         {"pending", "running", "stopping", "stopped", "shutting-down", "terminated"})
        instances[state] = by_state[state];
    json::array regions;
    for (const auto& region : settings_.regions)
        regions.emplace_back(region.name);
    return json::object{
        {"version", installation_.version},
        {"started_at", format_iso8601(installation_.started_at)},
        {"emulated", installation_.emulated},
        {"acceleration",
         {{"name", acceleration.name},
          {"proven", acceleration.proven},
          {"reason", acceleration.reason}}},
        {"host",
         {{"id", host.host_id},
          {"cpus", host.cpus},
          {"memory_mib", host.memory_mib},
          {"vcpus_used", vcpus_used},
          {"memory_used_mib", memory_used_mib}}},
        {"instances", std::move(instances)},
        {"images", images},
        {"warm_templates",
         count_warm_templates(store_, settings_.host.host_id, caller.account_id)},
        {"account_id", caller.account_id},
        {"region", caller.region},
        {"regions", std::move(regions)},
        {"data_dir", installation_.data_dir.string()},
        {"egress", installation_.egress},
        {"public_pool", settings_.public_pool.str()},
    };
}

Result<json::object> Administrator::get_cost(const domain::Caller& caller,
                                             const Arguments& arguments) {
    return running_cost(store_, books_, caller.account_id, optional_text(arguments, "by"));
}

Result<json::object> Administrator::get_login(const domain::Caller& caller,
                                              const Arguments& arguments) {
    PILEUS_ASSIGN(const auto instance_id, text_argument(arguments, "instance_id"));
    PILEUS_ASSIGN(const auto view, cloud_.instances.describe_one(caller, instance_id));
    const auto image = store_.read(
        [&](store::Transaction& tx) { return store::images::find(tx, view.instance.image_id); });
    json::object answer{{"instance_id", view.instance.id},
                        {"state", to_string(view.instance.state)},
                        {"key_name", view.instance.key_name},
                        {"user", image ? image->default_user : ""},
                        {"public_ip", ""},
                        {"private_ip", ""}};
    if (!view.interfaces.empty()) {
        answer["public_ip"] = view.interfaces.front().public_ip;
        answer["private_ip"] = view.interfaces.front().private_ip;
    }
    return answer;
}

Result<json::object> Administrator::check_disks() {
    PILEUS_ASSIGN(const auto findings, machine_.check_disks());
    json::array lines;
    for (const auto& finding : findings)
        lines.emplace_back(finding);
    return json::object{{"findings", std::move(lines)}};
}

Result<json::object> Administrator::check_ledger() {
    const auto findings =
        store_.read([](store::Transaction& tx) { return store::ledger::check(tx); });
    return json::object{{"findings", json::array(findings.begin(), findings.end())}};
}

Result<json::object> Administrator::register_image(const Arguments& arguments) {
    PILEUS_ASSIGN(const auto folder, text_argument(arguments, "folder"));
    // A name, not a path: what is imported lies where the operator's own tool put it.
    const bool is_name = !folder.empty() && folder.size() <= 64 &&
                         std::all_of(folder.begin(), folder.end(), [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                         });
    if (!is_name)
        return fail(codes::invalid_parameter_value,
                    "'folder' must be the name of a folder in the images folder: small letters, "
                    "digits, '-'.");
    const auto path = installation_.data_dir / "images" / folder;
    PILEUS_ASSIGN(const auto build, read_built_image(path / "image.json"));
    PILEUS_ASSIGN(const auto images, cloud_.images.register_built(build));
    std::vector<std::string> made;
    json::object image_ids;
    for (const auto& image : images) {
        if (image.state == "pending") {
            PILEUS_TRY(machine_.import_snapshot(image.snapshot_id, (path / "disk.qcow2").string()));
            made.push_back(image.id);
        }
        image_ids[image.region] = image.id;
    }
    PILEUS_TRY(cloud_.images.publish(made));
    return json::object{{"image_ids", std::move(image_ids)}};
}

} // namespace pileus::api::pileus_service
