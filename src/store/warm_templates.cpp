// SPDX-License-Identifier: Apache-2.0
#include "store/warm_templates.h"

#include "store/table.h"
#include "store/wire_enums.h"

namespace pileus::store {

namespace {

struct TemplateColumns {
    static constexpr std::string_view table = "warm_templates";

    template <class Template, class Visitor> static void visit(Template& t, Visitor column) {
        column("id", t.id);
        column("host_id", t.host_id);
        column("image_id", t.image_id);
        column("instance_type", t.instance_type);
        column("account_id", t.account_id);
        column("state", t.state);
        column("state_since", t.state_since);
        column("message", t.message);
        column("image_snapshot_id", t.image_snapshot_id);
        column("fingerprint", t.fingerprint);
        column("volume_id", t.volume_id);
        column("snapshot_id", t.snapshot_id);
        column("memory_bytes", t.memory_bytes);
        column("disk_bytes", t.disk_bytes);
        column("boot_milliseconds", t.boot_milliseconds);
        column("attempts", t.attempts);
        column("hits", t.hits);
        column("fallbacks", t.fallbacks);
        column("saved_milliseconds", t.saved_milliseconds);
        column("created_at", t.created_at);
        column("ready_at", t.ready_at);
        column("last_wanted_at", t.last_wanted_at);
    }
};
using Templates = Table<domain::WarmTemplate, TemplateColumns>;

struct LaunchColumns {
    static constexpr std::string_view table = "warm_launches";

    template <class Launch, class Visitor> static void visit(Launch& l, Visitor column) {
        column("instance_id", l.instance_id);
        column("template_id", l.template_id);
        column("begun_at", l.begun_at);
    }
};
using Launches = Table<domain::WarmLaunch, LaunchColumns>;

} // namespace

namespace warm_templates {

void insert(Transaction& tx, const domain::WarmTemplate& warm_template) {
    Templates::insert(tx, warm_template);
}

void update(Transaction& tx, const domain::WarmTemplate& warm_template) {
    Templates::update(tx, warm_template);
}

void erase(Transaction& tx, const std::string& id) {
    Templates::erase(tx, id);
}

std::optional<domain::WarmTemplate> find(Transaction& tx, const std::string& id) {
    return Templates::find_by_key(tx, id);
}

std::optional<domain::WarmTemplate> find(Transaction& tx, const Key& key) {
    return Templates::find(
        tx,
        "WHERE host_id = $1 AND image_id = $2 AND instance_type = $3 AND account_id = $4",
        key.host_id,
        key.image_id,
        key.instance_type,
        key.account_id);
}

std::vector<domain::WarmTemplate> list_of_host(Transaction& tx, const std::string& host_id) {
    return Templates::list(
        tx, "WHERE host_id = $1 ORDER BY image_id, instance_type, account_id", host_id);
}

} // namespace warm_templates

namespace warm_launches {

void insert(Transaction& tx, const domain::WarmLaunch& launch) {
    Launches::insert(tx, launch);
}

void erase(Transaction& tx, const std::string& instance_id) {
    Launches::erase(tx, instance_id);
}

std::optional<domain::WarmLaunch> find(Transaction& tx, const std::string& instance_id) {
    return Launches::find_by_key(tx, instance_id);
}

} // namespace warm_launches

} // namespace pileus::store
