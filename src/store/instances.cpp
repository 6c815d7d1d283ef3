// SPDX-License-Identifier: Apache-2.0
#include "store/instances.h"

#include "store/table.h"

namespace pileus::store::instances {

namespace {

struct Columns {
    static constexpr std::string_view table = "instances";

    template <class Instance, class Visitor> static void visit(Instance& i, Visitor column) {
        column("id", i.id);
        column("account_id", i.account_id);
        column("region", i.region);
        column("zone", i.zone);
        column("reservation_id", i.reservation_id);
        column("requester_id", i.requester_id);
        column("host_id", i.host_id);
        column("vpc_id", i.vpc_id);
        column("subnet_id", i.subnet_id);
        column("image_id", i.image_id);
        column("type", i.type);
        column("architecture", i.architecture);
        column("key_name", i.key_name);
        column("public_key", i.public_key);
        column("root_device_name", i.root_device_name);
        column("client_token", i.client_token);
        column("launch_index", i.launch_index);
        column("state", i.state);
        column("state_reason_code", i.state_reason_code);
        column("state_reason_message", i.state_reason_message);
        column("transition_reason", i.transition_reason);
        column("launch_time", i.launch_time);
        column("created_at", i.created_at);
        column("terminated_at", i.terminated_at);
        column("start_count", i.start_count);
        column("force_stop", i.force_stop);
        column("restart_when_stopped", i.restart_when_stopped);
        column("stop_deadline", i.stop_deadline);
        column("guest_seen_at", i.guest_seen_at);
        column("impairment", i.impairment);
        column("impaired_since", i.impaired_since);
        column("reboots_requested", i.reboots_requested);
        column("reboots_done", i.reboots_done);
        column("hibernation_configured", i.hibernation_configured);
        column("hibernation", i.hibernation);
        column("hardware", i.hardware);
        column("fork_id", i.fork_id);
        column("shutdown_behavior", i.shutdown_behavior);
        column("disable_api_termination", i.disable_api_termination);
        column("disable_api_stop", i.disable_api_stop);
        column("source_dest_check", i.source_dest_check);
        column("ebs_optimized", i.ebs_optimized);
        column("monitoring", i.monitoring);
        column("unlimited_credits", i.unlimited_credits);
        column("metadata_tokens_required", i.metadata.tokens_required);
        column("metadata_hop_limit", i.metadata.put_response_hop_limit);
        column("metadata_enabled", i.metadata.endpoint_enabled);
        column("metadata_tags_enabled", i.metadata.tags_enabled);
        column("user_data", Bytes{i.user_data});
    }
};
using Rows = Table<domain::Instance, Columns>;

// Spelled out rather than "not terminated": a list of equals can use an index on the state.
constexpr std::string_view live = "('pending', 'running', 'stopping', 'stopped', 'shutting-down')";
// Those that hold vCPUs and memory, or will until they are gone.
constexpr std::string_view active = "('pending', 'running', 'stopping', 'shutting-down')";

std::vector<TypeCount>
count_by_type(Transaction& tx, std::string_view sql, std::span<const Parameter> bound) {
    std::vector<TypeCount> counts;
    tx.connection().run(sql, bound, [&](const Row& row) {
        auto& count = counts.emplace_back();
        read_column(row, 0, count.type);
        read_column(row, 1, count.count);
    });
    return counts;
}

} // namespace

void insert(Transaction& tx, const domain::Instance& instance) {
    Rows::insert(tx, instance);
}

void update(Transaction& tx, const domain::Instance& instance) {
    Rows::update(tx, instance);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::Instance> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::Instance> find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find_in(tx, scope, id);
}

std::vector<domain::Instance>
list(Transaction& tx, const Scope& scope, const Narrowing& narrowing, const Page& page) {
    std::string where = "WHERE account_id = $1 AND region = $2 AND id > $3";
    std::vector<Parameter> bound{to_parameter(scope.account_id),
                                 to_parameter(scope.region),
                                 to_parameter(page.after_id),
                                 to_parameter(page.limit)};
    const auto narrow = [&](std::string_view column, const std::string& wanted) {
        if (wanted.empty())
            return;
        bound.push_back(to_parameter(wanted));
        where += fmt::format(" AND {} = ${}", column, bound.size());
    };
    narrow("state", narrowing.state);
    narrow("subnet_id", narrowing.subnet_id);
    narrow("vpc_id", narrowing.vpc_id);
    narrow("image_id", narrowing.image_id);
    narrow("type", narrowing.type);
    narrow("reservation_id", narrowing.reservation_id);
    narrow("client_token", narrowing.client_token);
    if (!narrowing.client_token.empty())
        where += " AND client_token <> ''"; // what the partial index asks for
    return Rows::list_bound(tx, where + " ORDER BY id LIMIT $4", bound);
}

std::vector<domain::Instance> list_live(Transaction& tx, const std::string& host_id) {
    static const std::string where =
        fmt::format("WHERE host_id = $1 AND state IN {} ORDER BY id", live);
    return Rows::list(tx, where, host_id);
}

std::vector<domain::Instance> list_of_fork(Transaction& tx, const std::string& fork_id) {
    return Rows::list(tx, "WHERE fork_id = $1 AND fork_id <> '' ORDER BY id", fork_id);
}

std::vector<domain::Instance> list_terminated_before(Transaction& tx, Time before, int limit) {
    return Rows::list(
        tx,
        "WHERE terminated_at IS NOT NULL AND terminated_at < $1 AND state = 'terminated' "
        "ORDER BY terminated_at LIMIT $2",
        before,
        limit);
}

std::vector<TypeCount> count_active_by_type(Transaction& tx, const std::string& host_id) {
    static const std::string sql = fmt::format(
        "SELECT type, count(*) FROM instances WHERE host_id = $1 AND state IN {} GROUP BY type",
        active);
    const std::array bound{to_parameter(host_id)};
    return count_by_type(tx, sql, bound);
}

std::vector<StateCount> count_by_state(Transaction& tx, const std::string& host_id) {
    std::vector<StateCount> counts;
    const std::array bound{to_parameter(host_id)};
    tx.connection().run("SELECT state, count(*) FROM instances WHERE host_id = $1 GROUP BY state",
                        bound,
                        [&](const Row& row) {
                            auto& count = counts.emplace_back();
                            read_column(row, 0, count.state);
                            read_column(row, 1, count.count);
                        });
    return counts;
}

std::vector<TypeCount> count_active_by_type(Transaction& tx, const Scope& scope) {
    static const std::string sql =
        fmt::format("SELECT type, count(*) FROM instances "
                    "WHERE account_id = $1 AND region = $2 AND state IN {} GROUP BY type",
                    active);
    const std::array bound{to_parameter(scope.account_id), to_parameter(scope.region)};
    return count_by_type(tx, sql, bound);
}

} // namespace pileus::store::instances
